#include "actors/gateway/zmq/zmq_front_end.hpp"

#include <boost/test/unit_test.hpp>
#include <thread>
#include <zmq.hpp>

#include "runtime/protocol/idempotency.hpp"
#include "runtime/protocol/outcomes.hpp"
#include "runtime/protocol/registry.hpp"
#include "runtime/protocol/stream_credit.hpp"
#include "test/integration/gateway/inbox.hpp"
#include "test/integration/gateway/raw_client.hpp"

using namespace troupe;
using namespace troupe::gateway;
using namespace std::chrono_literals;
using troupe::testing::Inbox;

namespace {

/// The ZeroMQ door with a test behind it instead of the gateway actor.
struct Gateway {
  explicit Gateway(ZmqFrontEndOptions options = {}) {
    Door door{[this](Submit submit) -> Status {
                submitted.put(std::move(submit));
                return {};
              },
              [this](Withdraw withdraw) { withdrawn.put(withdraw.id); }};
    auto listening = ZmqFrontEnd::listen(options, clock, std::move(door), std::make_shared<DispatchIds>(), 1);
    BOOST_TEST_REQUIRE(listening.has_value());
    front_end = std::move(*listening);
  }

  SystemClock clock;
  Inbox<Submit> submitted;
  Inbox<balancer::DispatchId> withdrawn;
  std::unique_ptr<ZmqFrontEnd> front_end;
};

/// Keeps what it is told until the test says what became of it.
class Recorder final : public experiment::EventRecorder {
 public:
  struct Told {
    std::vector<protocol::Event> events;
    std::function<void(Status)> done;
  };

  void record(const protocol::Event&) override {}
  void expose(protocol::Event) override {}
  void record_outcomes(const std::vector<protocol::Event>& outcomes, std::function<void(Status)> done) override {
    told.put({outcomes, std::move(done)});
  }
  Inbox<Told> told;
};

struct Received {
  wire::Envelope envelope;
  wire::Body body;
};

class Client {
 public:
  /// `server_key`: the door's; empty = in the clear.
  explicit Client(const Gateway& gateway, const std::string& server_key = {})
      : socket_(context_, zmq::socket_type::dealer) {
    if (!server_key.empty()) {
      const bus::CurveKeys own = bus::make_curve_keys();
      socket_.set(zmq::sockopt::curve_publickey, own.public_key);
      socket_.set(zmq::sockopt::curve_secretkey, own.secret_key);
      socket_.set(zmq::sockopt::curve_serverkey, server_key);
    }
    socket_.set(zmq::sockopt::rcvtimeo, 10000);
    socket_.set(zmq::sockopt::rcvhwm, 16);
    socket_.set(zmq::sockopt::linger, 0);
    socket_.connect(gateway.front_end->endpoint());
  }
  void send_frames(std::vector<std::string> frames) {
    for (size_t i = 0; i < frames.size(); ++i) {
      const auto flags = i + 1 < frames.size() ? zmq::send_flags::sndmore : zmq::send_flags::none;
      BOOST_TEST_REQUIRE(socket_.send(zmq::buffer(frames[i]), flags).has_value());
    }
  }
  void send(wire::Envelope envelope, const wire::Body& body = {}) {
    std::string header;
    wire::encode(envelope, header);
    send_frames({header, std::string(body.data.view())});
  }
  void ask(uint64_t correlation, std::string model = "clerk", std::string target = "gateway", bool stream = false) {
    protocol::ServeRequest request;
    request.model = std::move(model);
    request.work = protocol::Generate{{}, {}, stream};
    send(envelope(wire::Kind::request, correlation, std::move(target)),
         protocol::encode(protocol::AnyMessage::of(std::move(request))));
  }
  void record(uint64_t correlation, std::vector<protocol::ReportedOutcome> events, std::string target = "gateway") {
    wire::Envelope asked = envelope(wire::Kind::request, correlation, std::move(target));
    asked.message_type = static_cast<uint16_t>(protocol::MessageType::record_outcomes);
    send(asked, protocol::encode(protocol::AnyMessage::of(protocol::RecordOutcomes{std::move(events)})));
  }
  static wire::Envelope envelope(wire::Kind kind, uint64_t correlation, std::string target = "gateway") {
    wire::Envelope made;
    made.kind = kind;
    made.message_type = static_cast<uint16_t>(protocol::MessageType::serve_request);
    made.correlation_id = CorrelationId{correlation};
    made.target_path = std::move(target);
    return made;
  }
  Received receive() {
    zmq::message_t header, body;
    BOOST_TEST_REQUIRE(socket_.recv(header).has_value());
    BOOST_TEST_REQUIRE(header.more());
    BOOST_TEST_REQUIRE(socket_.recv(body).has_value());
    auto envelope = wire::decode_envelope({header.data<std::byte>(), header.size()}, {});
    BOOST_TEST_REQUIRE(envelope.has_value());
    return {*envelope, {Bytes::copy(body.to_string_view()), {}}};
  }
  Error receive_error() {
    const Received received = receive();
    BOOST_TEST_REQUIRE((received.envelope.kind == wire::Kind::error));
    const auto error = protocol::decode_error(received.body, {});
    BOOST_TEST_REQUIRE(error.has_value());
    return *error;
  }
  void close() { socket_.close(); }

 private:
  zmq::context_t context_;
  zmq::socket_t socket_;
};

std::shared_ptr<const protocol::ResultPart> text(std::string words) {
  auto part = std::make_shared<protocol::ResultPart>();
  part->content = protocol::TextPart{std::move(words), protocol::FinishReason::none, {}};
  return part;
}

std::string words(const Received& received) {
  const auto any = protocol::decode(protocol::MessageType::result_part, received.body, {});
  BOOST_TEST_REQUIRE(any.has_value());
  return std::get<protocol::TextPart>(any->get<protocol::ResultPart>()->content).text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(zmq_front_end)

BOOST_AUTO_TEST_CASE(a_request_is_answered_in_parts_under_its_correlation_id) {
  Gateway gateway;
  Client client(gateway);

  client.ask(7, "clerk@2");
  const Submit submit = gateway.submitted.take();
  submit.sink->on_part(text("Hel"), false);
  submit.sink->on_part(text("lo"), true);
  const Received first = client.receive();
  const Received second = client.receive();

  BOOST_TEST(submit.request->model == "clerk");
  BOOST_TEST(submit.request->version == "2");
  BOOST_TEST(submit.request->request_id.starts_with("req_"));
  BOOST_TEST(first.envelope.correlation_id.value == 7u);
  BOOST_TEST((first.envelope.part == wire::PartPosition{0, false}));
  BOOST_TEST((second.envelope.part == wire::PartPosition{1, true}));
  BOOST_TEST(words(first) + words(second) == "Hello");
}

BOOST_AUTO_TEST_CASE(a_failure_is_an_error_under_the_correlation_id) {
  Gateway gateway;
  Client client(gateway);

  client.ask(7);
  gateway.submitted.take().sink->on_error({Errc::unavailable, "no replica", {}, 2s});
  const Error error = client.receive_error();

  BOOST_TEST((error.code == Errc::unavailable));
  BOOST_TEST(error.message == "no replica");
  BOOST_TEST(error.retry_after.count() == 2000);
}

BOOST_AUTO_TEST_CASE(a_cancel_withdraws_and_later_parts_are_not_sent) {
  Gateway gateway;
  Client client(gateway);
  client.ask(7);
  const Submit submit = gateway.submitted.take();

  client.send(Client::envelope(wire::Kind::cancel, 7));
  BOOST_TEST((gateway.withdrawn.take() == submit.id));
  submit.sink->on_part(text("too late"), true);
  client.ask(8);
  gateway.submitted.take().sink->on_part(text("in time"), true);

  BOOST_TEST(words(client.receive()) == "in time");
}

BOOST_AUTO_TEST_CASE(a_key_stands_in_the_target_and_goes_no_further) {
  protocol::ApiKey key;
  key.hash = "d90f435d4774abc06118d7de7078ab02ca41c23b25fa3d4dc648824879a6482b";  // SHA-256 of "tk_door".
  const auto ring = std::make_shared<KeyRing>();
  ring->update({Epoch{1}, 1, true, {key}});
  Gateway gateway({.keys = ring});
  Client client(gateway);

  client.ask(1);
  BOOST_TEST((client.receive_error().code == Errc::unauthenticated));
  client.ask(2, "clerk", "gateway#tk_wrong");
  const Error wrong = client.receive_error();
  client.ask(3, "clerk", "head#tk_door");
  const Error elsewhere = client.receive_error();
  client.ask(4, "clerk", "gateway#tk_door");
  const Submit submit = gateway.submitted.take();
  submit.sink->on_part(text("in"), true);

  BOOST_TEST((wrong.code == Errc::unauthenticated));
  BOOST_TEST(elsewhere.message == R"(this door leads to "gateway" only, found "head")");
  BOOST_TEST(words(client.receive()) == "in");
}

BOOST_AUTO_TEST_CASE(a_request_with_an_idempotency_key_is_a_message_of_its_own) {
  Gateway gateway;
  Client client(gateway);
  const auto ask = [&](uint64_t correlation, std::string key) {
    protocol::KeyedRequest keyed;
    keyed.request.model = "clerk@2";
    keyed.request.work = protocol::Generate{};
    keyed.idempotency_key = std::move(key);
    wire::Envelope envelope = Client::envelope(wire::Kind::request, correlation);
    envelope.message_type = static_cast<uint16_t>(protocol::MessageType::keyed_request);
    client.send(envelope, protocol::encode(protocol::AnyMessage::of(std::move(keyed))));
  };

  ask(1, "order-17");
  const Submit submit = gateway.submitted.take();
  submit.sink->on_part(text("once"), true);
  const Received answer = client.receive();
  ask(2, "a b");
  const Error refused = client.receive_error();

  BOOST_REQUIRE(submit.key != nullptr);
  BOOST_TEST(submit.key->key == "order-17");
  BOOST_TEST(submit.key->scope == "");
  BOOST_TEST(submit.request->version == "2");
  BOOST_TEST(submit.key->fingerprint == fingerprint_of(*submit.request));
  BOOST_TEST(words(answer) == "once");
  BOOST_TEST((refused.code == Errc::invalid_argument));
  BOOST_TEST(refused.field == "idempotency-key");
}

BOOST_AUTO_TEST_CASE(outcomes_are_answered_once_they_are_safe) {
  const auto recorder = std::make_shared<Recorder>();
  Gateway gateway({.events = recorder});
  Client client(gateway);

  client.record(7, {{.unit = "anna", .name = "conversion", .id = "order-17"},
                    {.unit = "s1", .name = "revenue", .value = 2.5, .kind = protocol::UnitKind::session}});
  const Recorder::Told told = recorder->told.take();
  client.record(8, {{.unit = "anna", .name = "conversion"}});
  recorder->told.take().done({});
  const Received second = client.receive();  // The first waits for its own disk.
  told.done({});
  const Received first = client.receive();

  BOOST_TEST(told.events.size() == 2u);
  BOOST_TEST(told.events[0].unit == "anna");
  BOOST_TEST(std::get<protocol::Outcome>(told.events[0].what).measure == "conversion");
  BOOST_TEST((told.events[1].kind == protocol::UnitKind::session));
  BOOST_TEST(second.envelope.correlation_id.value == 8u);
  BOOST_TEST(first.envelope.correlation_id.value == 7u);
  BOOST_TEST((first.envelope.part == wire::PartPosition{0, true}));
  const auto answer = protocol::decode(protocol::MessageType::outcomes_recorded, first.body, {});
  BOOST_TEST_REQUIRE(answer.has_value());
  BOOST_TEST(answer->get<protocol::OutcomesRecorded>()->recorded == 2u);
}

BOOST_AUTO_TEST_CASE(outcomes_that_are_wrong_or_not_kept_are_answered_by_the_reason) {
  const auto recorder = std::make_shared<Recorder>();
  Gateway gateway({.events = recorder});
  Gateway without;
  Client client(gateway);
  Client elsewhere(without);

  client.record(1, {{.unit = "anna", .name = "x"}, {.unit = "", .name = "x"}});
  const Error wrong = client.receive_error();
  client.record(2, {{.unit = "anna", .name = "x"}});
  recorder->told.take().done(fail(Errc::io_error, "the disk is full"));
  const Error lost = client.receive_error();
  elsewhere.record(3, {{.unit = "anna", .name = "x"}});
  const Error not_kept = elsewhere.receive_error();

  BOOST_TEST(wrong.message == "events[1].unit must have 1 to 256 bytes, found 0");
  BOOST_TEST(wrong.field == "events[1].unit");
  BOOST_TEST(lost.message == "the disk is full");
  BOOST_TEST((not_kept.code == Errc::unimplemented));
}

BOOST_AUTO_TEST_CASE(outcomes_need_a_key_where_requests_do) {
  protocol::ApiKey key;
  key.hash = "d90f435d4774abc06118d7de7078ab02ca41c23b25fa3d4dc648824879a6482b";  // SHA-256 of "tk_door".
  const auto ring = std::make_shared<KeyRing>();
  ring->update({Epoch{1}, 1, true, {key}});
  const auto recorder = std::make_shared<Recorder>();
  Gateway gateway({.keys = ring, .events = recorder});
  Client client(gateway);

  client.record(1, {{.unit = "anna", .name = "x"}});
  const Error without = client.receive_error();
  client.record(2, {{.unit = "anna", .name = "x"}}, "gateway#tk_door");

  BOOST_TEST((without.code == Errc::unauthenticated));
  BOOST_TEST(recorder->told.take().events.size() == 1u);
}

BOOST_AUTO_TEST_CASE(outcomes_of_a_client_that_gave_up_are_not_answered) {
  const auto recorder = std::make_shared<Recorder>();
  Gateway gateway({.events = recorder});
  Client client(gateway);

  client.record(1, {{.unit = "anna", .name = "x"}});
  const Recorder::Told told = recorder->told.take();
  client.send(Client::envelope(wire::Kind::cancel, 1));
  gateway.withdrawn.take();
  told.done({});
  client.record(1, {{.unit = "ben", .name = "x"}});  // The number is free again.
  recorder->told.take().done({});

  BOOST_TEST(client.receive().envelope.correlation_id.value == 1u);
  client.record(2, {});
  BOOST_TEST(client.receive_error().message == "events must have 1 to 10000 entries, found 0");
}

BOOST_AUTO_TEST_CASE(readable_but_wrong_requests_are_answered_by_what_is_wrong) {
  Gateway gateway;
  Client client(gateway);

  client.ask(1, "clerk", "head");
  BOOST_TEST(client.receive_error().message == R"(this door leads to "gateway" only, found "head")");
  auto heartbeat = Client::envelope(wire::Kind::request, 2);
  heartbeat.message_type = static_cast<uint16_t>(protocol::MessageType::heartbeat);
  client.send(heartbeat);
  BOOST_TEST(client.receive_error().message ==
             "message_type must be 10 (serve_request), 95 (keyed_request) or 140 (record_outcomes), found 33");
  client.send(Client::envelope(wire::Kind::request, 3), {Bytes::copy("\xc1"), {}});
  BOOST_TEST((client.receive_error().code == Errc::corrupt_data));
  std::string header;
  wire::encode(Client::envelope(wire::Kind::request, 4), header);
  client.send_frames({header});
  BOOST_TEST((client.receive_error().code == Errc::too_large));
  client.ask(5, "clerk@");
  BOOST_TEST(client.receive_error().field == "model");
}

BOOST_AUTO_TEST_CASE(garbage_is_counted_and_harms_nobody) {
  Gateway gateway;
  Client client(gateway);

  client.send_frames({"\xc1garbage"});
  client.send_frames({"", "", ""});
  client.send_frames({std::string(10'000, 'x'), "body"});
  client.send(Client::envelope(wire::Kind::part, 1));
  client.ask(7);
  gateway.submitted.take().sink->on_part(text("fine"), true);

  BOOST_TEST(words(client.receive()) == "fine");
  BOOST_TEST(gateway.front_end->stats().malformed == 4u);
}

BOOST_AUTO_TEST_CASE(one_client_cannot_have_more_open_than_its_share) {
  Gateway gateway({.in_flight_per_client_max = 1});
  Client greedy(gateway);
  Client modest(gateway);
  greedy.ask(1);
  const Submit first = gateway.submitted.take();

  greedy.ask(2);
  BOOST_TEST((greedy.receive_error().code == Errc::overloaded));
  modest.ask(1);
  gateway.submitted.take().sink->on_part(text("served"), true);

  BOOST_TEST(words(modest.receive()) == "served");
}

BOOST_AUTO_TEST_CASE(the_work_of_a_client_that_has_gone_is_withdrawn) {
  Gateway gateway;
  Client client(gateway);
  client.ask(1);
  client.ask(2);
  const Submit first = gateway.submitted.take();
  const Submit second = gateway.submitted.take();

  client.close();
  const auto is_noticed = [&] {  // As gone; or, where the parts are faster than the news, as deaf.
    const ZmqFrontEndStats stats = gateway.front_end->stats();
    return stats.unreachable + stats.cut_off > 0;
  };
  while (!is_noticed()) first.sink->on_part(text("anybody?"), false);

  BOOST_TEST((std::min(gateway.withdrawn.take(), gateway.withdrawn.take()) == std::min(first.id, second.id)));
}

BOOST_AUTO_TEST_CASE(a_client_that_does_not_read_is_cut_off_and_others_are_served) {
  std::atomic<int> cuts{0};
  Gateway gateway(
      {.client_unread_max = 4_MiB, .on_cut = [&](std::string_view reason) { cuts += reason == "reader_behind"; }});
  Client deaf(gateway);
  Client other(gateway);
  deaf.ask(1);
  deaf.ask(2);
  const Submit stream = gateway.submitted.take();
  const Submit second = gateway.submitted.take();

  const std::string megabyte(1 << 20, 'x');
  int pieces = 0;
  while (gateway.front_end->stats().cut_off == 0 && pieces < 1000) {
    stream.sink->on_part(text(megabyte), false);
    ++pieces;
    other.ask(static_cast<uint64_t>(pieces));  // Waits until the piece before has been sent.
    gateway.submitted.take().sink->on_part(text("served"), true);
    BOOST_TEST(words(other.receive()) == "served");
  }

  BOOST_TEST(pieces < 200);  // The bound, and what both ends' kernels and the client's ZeroMQ take.
  BOOST_TEST(cuts == 1);
  BOOST_TEST((std::min(gateway.withdrawn.take(), gateway.withdrawn.take()) == std::min(stream.id, second.id)));
}

BOOST_AUTO_TEST_CASE(more_of_a_stream_is_asked_for_as_its_client_reads) {
  Gateway gateway;
  Client client(gateway);
  client.ask(1, "clerk", "gateway", true);
  const Submit stream = gateway.submitted.take();
  BOOST_TEST_REQUIRE((stream.sink->window() == protocol::stream_window));
  std::atomic<uint64_t> asked{0};
  stream.sink->on_begin([&](uint64_t bytes) { asked += bytes; });

  // More than both ends' kernels and the client's ZeroMQ take.
  const auto piece = text(std::string(64 << 10, 'x'));
  const uint64_t cost = protocol::stream_cost(*piece);
  constexpr int pieces = 500;
  for (int i = 0; i < pieces; ++i) stream.sink->on_part(piece, false);
  Client other(gateway);
  other.ask(1);  // Answered behind the pieces.
  gateway.submitted.take().sink->on_part(text("served"), true);
  BOOST_TEST(words(other.receive()) == "served");
  BOOST_TEST(asked.load() < pieces * cost * 3 / 4);

  for (int i = 0; i < pieces; ++i) BOOST_TEST_REQUIRE(words(client.receive()).size() == 64u << 10);
  const Time patience = gateway.clock.now() + 10s;
  while (asked.load() + protocol::stream_credit_step <= pieces * cost && gateway.clock.now() < patience)
    std::this_thread::yield();  // ZeroMQ's thread lets the last frame go a moment after it is read.
  BOOST_TEST(asked.load() + protocol::stream_credit_step > pieces * cost);
}

BOOST_AUTO_TEST_CASE(small_pieces_count_as_they_are_written_and_whole_answers_have_no_window) {
  Gateway gateway;
  Client client(gateway);
  client.ask(1, "clerk", "gateway", true);
  client.ask(2);
  const Submit stream = gateway.submitted.take();
  const Submit whole = gateway.submitted.take();
  std::atomic<uint64_t> asked{0};
  stream.sink->on_begin([&](uint64_t bytes) { asked += bytes; });

  BOOST_TEST(!whole.sink->window().has_value());
  const auto word = text("word");
  const uint64_t count = protocol::stream_credit_step / protocol::stream_cost(*word) + 1;
  for (uint64_t i = 0; i < count; ++i) {
    stream.sink->on_part(word, false);
    BOOST_TEST_REQUIRE(words(client.receive()) == "word");
  }
  const Time patience = gateway.clock.now() + 10s;
  while (asked.load() == 0 && gateway.clock.now() < patience) std::this_thread::yield();

  BOOST_TEST(asked.load() == count * protocol::stream_cost(*word));
}

/// A door that encrypts, and what it refused, by reason.
struct EncryptedGateway : Gateway {
  explicit EncryptedGateway(const bus::CurveKeys& pair = bus::make_curve_keys())
      : EncryptedGateway(pair, std::make_shared<Inbox<std::string>>()) {}
  EncryptedGateway(const bus::CurveKeys& pair, std::shared_ptr<Inbox<std::string>> reasons)
      : Gateway({.curve = pair, .on_cut = [reasons](std::string_view reason) { reasons->put(std::string(reason)); }}),
        key(pair.public_key),
        refused(std::move(reasons)) {}

  std::string key;
  std::shared_ptr<Inbox<std::string>> refused;
};

BOOST_AUTO_TEST_CASE(an_encrypted_door_serves_whoever_pins_its_key) {
  EncryptedGateway gateway;
  Client first(gateway, gateway.key);
  Client second(gateway, gateway.key);

  first.ask(1);
  gateway.submitted.take().sink->on_part(text("one"), true);
  second.ask(1);
  gateway.submitted.take().sink->on_part(text(std::string(3 << 20, 'x')), true);

  BOOST_TEST(words(first.receive()) == "one");
  BOOST_TEST(words(second.receive()).size() == 3u << 20);
  BOOST_TEST(gateway.front_end->stats().refused == 0);
}

BOOST_AUTO_TEST_CASE(an_encrypted_door_refuses_and_counts_who_does_not_encrypt_or_pins_another_key) {
  EncryptedGateway gateway;
  {
    Client plain(gateway);
    plain.ask(1);
    // Or "handshake", where the client gives up before the door says why.
    BOOST_TEST(!gateway.refused->take().empty());
  }
  {
    Client deceived(gateway, bus::make_curve_keys().public_key);
    deceived.ask(1);
    BOOST_TEST(gateway.refused->take() == "handshake");
  }

  Client known(gateway, gateway.key);
  known.ask(7);
  const Submit submit = gateway.submitted.take();  // The only request that came through.
  submit.sink->on_part(text("served"), true);
  BOOST_TEST((known.receive().envelope.correlation_id == CorrelationId{7}));
  BOOST_TEST(gateway.front_end->stats().requests == 1);
}

BOOST_AUTO_TEST_CASE(an_encrypted_door_outlives_bytes_that_are_no_handshake) {
  EncryptedGateway gateway;
  // Nothing like ZMTP; a greeting of ZMTP 3.1 that goes on with rubbish; one that stops half-way.
  std::string greeting = "\xff" + std::string(8, '\0') + "\x7f\x03\x01" + "CURVE";
  greeting.resize(64, '\0');
  for (const std::string& bytes :
       {std::string("GET / HTTP/1.1\r\n\r\n"), greeting + std::string(4096, '\xee'), greeting.substr(0, 20)}) {
    testing::RawClient stranger(gateway.front_end->port());
    stranger.send(bytes);
    stranger.close();
  }

  Client client(gateway, gateway.key);
  client.ask(1);
  gateway.submitted.take().sink->on_part(text("still here"), true);
  BOOST_TEST(words(client.receive()) == "still here");
}

BOOST_AUTO_TEST_CASE(connections_over_the_bound_are_cut_off_and_room_is_given_again) {
  Inbox<std::string> reasons;
  Gateway gateway(
      {.connections_per_address_max = 3, .on_cut = [&](std::string_view reason) { reasons.put(std::string(reason)); }});
  auto first = std::make_unique<Client>(gateway);
  Client second(gateway);
  for (Client* client : {first.get(), &second}) {
    client->ask(1);
    gateway.submitted.take().sink->on_part(text("served"), true);
    BOOST_TEST(words(client->receive()) == "served");
  }
  // Silent ones count too, until they fail as handshakes.
  testing::RawClient silent(gateway.front_end->port());
  testing::RawClient one_too_many(gateway.front_end->port());
  BOOST_TEST(reasons.take() == "connections_of_address");
  BOOST_TEST(one_too_many.read_until("never").size() < 100);  // At most a greeting, then the end.

  first.reset();
  silent.close();
  BOOST_TEST(reasons.take() == "handshake");
  Client third(gateway);
  third.ask(1);
  gateway.submitted.take().sink->on_part(text("served"), true);
  BOOST_TEST(words(third.receive()) == "served");
}

BOOST_AUTO_TEST_CASE(stopping_withdraws_what_is_open_and_late_answers_are_harmless) {
  Gateway gateway;
  Client client(gateway);
  client.ask(1);
  const Submit submit = gateway.submitted.take();

  gateway.front_end->stop();
  BOOST_TEST((gateway.withdrawn.take() == submit.id));
  gateway.front_end.reset();

  submit.sink->on_part(text("late"), true);
}

BOOST_AUTO_TEST_CASE(a_port_in_use_is_named_with_the_option_that_sets_it) {
  Gateway gateway;
  SystemClock clock;

  const auto second = ZmqFrontEnd::listen({.port = gateway.front_end->port()}, clock, {}, nullptr, 1);

  BOOST_TEST_REQUIRE(!second);
  BOOST_TEST(second.error().message.find("--zmq-port") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
