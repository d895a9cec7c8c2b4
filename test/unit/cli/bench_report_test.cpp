#include "cluster/cli/bench_report.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::cli {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(bench_report)

BOOST_AUTO_TEST_CASE(rates_are_of_what_was_answered_and_cpu_of_all_requests) {
  LoadResult result;
  for (int i = 0; i < 100; ++i) result.latency.record(1ms);
  result.answered = 100;
  result.add_error({Errc::overloaded, "full", {}, {}});
  for (int i = 0; i < 99; ++i) result.add_error({Errc::unavailable, "gone", {}, {}});
  result.tokens = 400;
  result.elapsed = 2s;

  const auto json = json_report({"clerk", "zmq", 8, 2, 20ms, 10ms}, result);

  BOOST_TEST(json["requests_per_second"] == 50.0);
  BOOST_TEST(json["tokens_per_second"] == 200.0);
  BOOST_TEST(json["node_cpu_us_per_request"] == 100.0);
  BOOST_TEST(json["bench_cpu_us_per_request"] == 50.0);
  BOOST_TEST(json["errors"]["unavailable"] == 99);
  BOOST_TEST(json["first_token"].is_null());
}

BOOST_AUTO_TEST_CASE(text_shows_errors_by_code_and_the_first_ones_words) {
  LoadResult result;
  result.add_error({Errc::not_found, "no model named clark", {}, {}});

  const std::string text = format_report({"clark", "http", 1, 0, 0s, 0s}, result);

  BOOST_TEST(text.find("1 not_found (the first: no model named clark)") != std::string::npos);
  BOOST_TEST(text.find("unknown: no node of this machine") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_pace_ends_at_its_count_or_at_its_time) {
  const Time t0{};
  LoadPace counted({.requests = 2}, t0);
  LoadPace timed({.duration = 5s}, t0);

  BOOST_TEST(counted.may_begin(t0));
  BOOST_TEST(counted.may_begin(t0 + 1h));
  BOOST_TEST(!counted.may_begin(t0));
  BOOST_TEST(timed.may_begin(t0 + 4999ms));
  BOOST_TEST(!timed.may_begin(t0 + 5s));
}

BOOST_AUTO_TEST_CASE(an_open_loop_begins_requests_by_its_schedule_whatever_time_it_is) {
  const Time t0{};
  LoadPace pace({.duration = 1s, .rate = 4}, t0);

  std::vector<Time> begun;
  while (begun.size() < 10) {
    const Time at = pace.next_begin();
    if (!pace.may_begin(at)) break;
    begun.push_back(at);
  }

  BOOST_TEST(pace.is_open());
  BOOST_TEST((begun == std::vector<Time>{t0, t0 + 250ms, t0 + 500ms, t0 + 750ms}));
}

BOOST_AUTO_TEST_CASE(refusals_are_timed_and_those_that_do_not_say_when_to_come_back_counted) {
  LoadResult result;
  result.add_error({Errc::overloaded, "full", {}, 1000ms}, 2ms);
  result.add_error({Errc::unavailable, "nobody", {}, {}}, 4ms);
  result.add_error({Errc::internal, "defect", {}, {}}, 50ms);
  result.answered = 1;

  const auto json = json_report({"clerk", "http", 8, 0, 0s, 0s, 100}, result);

  BOOST_TEST(json["rate"] == 100.0);
  BOOST_TEST(json["rejected"] == 2);
  BOOST_TEST(json["rejected_without_time"] == 1);
  BOOST_TEST((json["rejection"]["p99_ms"] < 5.0));
  BOOST_TEST(json["errors"]["internal"] == 1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::cli
