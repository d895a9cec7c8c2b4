#include "actors/gateway/in_flight.hpp"

#include <boost/test/unit_test.hpp>

#include "actors/gateway/tracked_sink.hpp"

using namespace troupe;
using namespace troupe::gateway;
using namespace std::chrono_literals;

namespace {

class StoppedClock final : public Clock {
 public:
  Time now() const noexcept override { return time; }
  WallTime wall() const noexcept override { return {}; }
  Time time{100s};
};

struct RecordingSink final : balancer::ResponseSink {
  void on_part(std::shared_ptr<const protocol::ResultPart>, bool last) override { told += last ? "last " : "part "; }
  void on_error(const Error& error) override { told += to_string(error) + ' '; }
  std::string told;
};

/// One request inside, with all that watches it.
struct OneRequest {
  StoppedClock clock;
  observe::Metrics registry{{.has_process_metrics = false}};
  GatewayMetrics metrics{registry};
  std::shared_ptr<InFlight> in_flight = std::make_shared<InFlight>(AdmissionOptions{});
  std::shared_ptr<RecordingSink> client = std::make_shared<RecordingSink>();
  balancer::DispatchId id{1};
  std::shared_ptr<TrackedSink> sink;

  OneRequest() {
    BOOST_TEST_REQUIRE(in_flight->enter(id, "clerk", {}).has_value());
    sink = std::make_shared<TrackedSink>(id, client, in_flight, metrics.of("clerk", "2"), clock);
  }
  std::shared_ptr<const protocol::ResultPart> text(bool cached = false) const {
    auto part = std::make_shared<protocol::ResultPart>();
    part->content = protocol::TextPart{"hello", protocol::FinishReason::stop, {3, 4}};
    part->cached = cached;
    return part;
  }
  bool shows(std::string_view line) const { return registry.expose().find(line) != std::string::npos; }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(in_flight)

BOOST_AUTO_TEST_CASE(a_request_leaves_with_its_last_part) {
  OneRequest request;

  request.sink->on_part(request.text(), false);
  BOOST_TEST(request.in_flight->size() == 1u);
  request.sink->on_part(request.text(), true);

  BOOST_TEST(request.in_flight->size() == 0u);
  BOOST_TEST(request.client->told == "part last ");
}

BOOST_AUTO_TEST_CASE(a_request_leaves_once_however_often_it_is_ended) {
  OneRequest request;

  request.sink->on_error({Errc::unavailable, "gone", {}, {}});
  request.sink->on_error({Errc::internal, "again", {}, {}});
  request.sink->on_part(request.text(), true);
  request.sink.reset();

  BOOST_TEST(request.in_flight->size() == 0u);
  BOOST_TEST(request.client->told == "unavailable: gone ");
}

BOOST_AUTO_TEST_CASE(a_client_hears_that_its_request_was_lost) {
  OneRequest request;

  request.sink.reset();

  BOOST_TEST(request.client->told == "unavailable: the request was lost inside the gateway ");
  BOOST_TEST(request.in_flight->size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_withdrawn_request_ends_in_silence_and_counts_as_cancelled) {
  OneRequest request;

  request.in_flight->withdraw(request.id);
  BOOST_TEST(request.in_flight->size() == 1u);
  request.sink.reset();

  BOOST_TEST(request.client->told == "");
  BOOST_TEST(request.in_flight->size() == 0u);
  BOOST_TEST(request.shows(R"(troupe_requests_total{code="cancelled",model="clerk",version="2"} 1)"));
}

BOOST_AUTO_TEST_CASE(an_answer_is_counted_timed_and_its_tokens_summed) {
  OneRequest request;

  request.clock.time += 2s;
  request.sink->on_part(request.text(), true);

  BOOST_TEST(request.shows(R"(troupe_requests_total{code="ok",model="clerk",version="2"} 1)"));
  BOOST_TEST(request.shows(R"(troupe_request_duration_seconds_sum{model="clerk",version="2"} 2)"));
  BOOST_TEST(request.shows(R"(troupe_time_to_first_token_seconds_sum{model="clerk",version="2"} 2)"));
  BOOST_TEST(request.shows(R"(troupe_tokens_total{kind="prompt",model="clerk",version="2"} 3)"));
  BOOST_TEST(request.shows(R"(troupe_tokens_total{kind="generated",model="clerk",version="2"} 4)"));
  BOOST_TEST(request.shows(R"(troupe_requests_running{model="clerk",version="2"} 0)"));
}

BOOST_AUTO_TEST_CASE(tokens_out_of_the_cache_were_not_generated) {
  OneRequest request;

  request.sink->on_part(request.text(true), true);

  BOOST_TEST(request.shows(R"(troupe_tokens_total{kind="generated",model="clerk",version="2"} 0)"));
  BOOST_TEST(request.shows(R"(troupe_tokens_total{kind="cached",model="clerk",version="2"} 7)"));
}

BOOST_AUTO_TEST_CASE(the_same_id_cannot_be_inside_twice) {
  OneRequest request;

  const auto again = request.in_flight->enter(request.id, "clerk", {});

  BOOST_TEST_REQUIRE(!again);
  BOOST_TEST((again.error().code == Errc::already_exists));
  BOOST_TEST(request.in_flight->size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
