#include "actors/gateway/grpc/rpc_methods.hpp"

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <deque>

#include "actors/gateway/grpc/infer_calls.hpp"
#include "runtime/protocol/stream_credit.hpp"
#include "test/unit/gateway/fixtures.hpp"
#include "test/unit/gateway/proto_message.hpp"

using namespace troupe;
using namespace troupe::gateway;
using namespace troupe::gateway::testing;
using namespace std::chrono_literals;

namespace {

/// A call whose client is the test.
struct FakeCall final : RpcCall {
  const http::Headers& metadata() const override { return fields; }
  std::optional<Time> deadline() const override { return until; }
  size_t unsent() const override { return unsent_bytes; }
  void read() override { ++reads; }
  void add_metadata(const http::HeaderList& more) override { told.insert(told.end(), more.begin(), more.end()); }
  void send(ProtoPieces message, std::function<void()> on_written) override {
    sent.push_back(message.joined());
    if (on_written) written.push_back(std::move(on_written));
  }
  void send_last(ProtoPieces message) override {
    sent.push_back(message.joined());
    finish({});
  }
  void finish(GrpcStatus status) override {
    if (!end) end = std::move(status);
  }

  std::string told_as(std::string_view name) const {
    for (const auto& [known, value] : told) {
      if (known == name) return value;
    }
    return {};
  }
  /// The client takes all that was sent.
  void take_all() {
    for (auto callbacks = std::exchange(written, {}); const auto& callback : callbacks) callback();
  }

  http::Headers fields;
  std::optional<Time> until;
  size_t unsent_bytes = 0;
  int reads = 0;
  http::HeaderList told;
  std::vector<std::string> sent;
  std::vector<std::function<void()>> written;
  std::optional<GrpcStatus> end;
};

/// The methods with a test behind them instead of the gateway actor.
struct Gateway {
  explicit Gateway(std::shared_ptr<KeyRing> keys = nullptr) {
    FrontEnd front_end;
    front_end.door = {[this](Submit submit) -> Status {
                        if (refusal) return fail(*refusal);
                        submitted.push_back(std::move(submit));
                        return {};
                      },
                      [this](Withdraw withdraw) { withdrawn.push_back(withdraw.id); }};
    front_end.ask_to_load = [this](protocol::ChangeLoad wish, Time, const std::function<void(Status)>& done) {
      loads.push_back(std::move(wish));
      done({});
    };
    front_end.routing = routing;
    front_end.ids = std::make_shared<DispatchIds>();
    front_end.keys = std::move(keys);
    front_end.clock = &clock;
    front_end.software = "0.1";
    methods.emplace(std::move(front_end));
    routing->publish(std::make_shared<const RoutingTable>(snapshot({route("2", 1, 1)})));
  }

  /// `path` without a service is one of the protocol's.
  std::shared_ptr<RpcHandler> open(std::string path, const std::shared_ptr<FakeCall>& call) {
    if (path.front() != '/') path = "/inference.GRPCInferenceService/" + path;
    return methods->open(path, call);
  }
  /// A call of one message, answered at once.
  std::shared_ptr<FakeCall> ask(const std::string& path, std::string_view message = {}, http::Headers fields = {}) {
    const auto call = std::make_shared<FakeCall>();
    call->fields = std::move(fields);
    open(path, call)->on_message(Bytes::copy(message));
    return call;
  }

  SystemClock clock;
  std::optional<Error> refusal;
  std::vector<Submit> submitted;
  std::vector<balancer::DispatchId> withdrawn;
  std::vector<protocol::ChangeLoad> loads;
  std::shared_ptr<RoutingBoard> routing = std::make_shared<RoutingBoard>();
  std::optional<RpcMethods> methods;
};

std::shared_ptr<const protocol::ResultPart> text(std::string words,
                                                 protocol::FinishReason finish = protocol::FinishReason::none) {
  auto part = std::make_shared<protocol::ResultPart>();
  part->content = protocol::TextPart{std::move(words), finish, {}};
  part->version = "2";
  return part;
}

std::shared_ptr<const protocol::ResultPart> tensors(std::string data) {
  auto part = std::make_shared<protocol::ResultPart>();
  const auto count = static_cast<int64_t>(data.size());
  part->content = protocol::InferResult{{{"y", DType::u8, {count}, Bytes::own(std::move(data))}}};
  part->version = "2";
  return part;
}

Request numbers(std::string_view id = "7") {
  Request request("clerk");
  return request.id(id).add(input("x", "UINT8", {2})).raw("ab");
}

Request prompt(std::string_view id = "7") {
  return Request("clerk").id(id).text("text_input", "hi");
}

/// One key, "tk_door", for the model clerk.
std::shared_ptr<KeyRing> one_key(bool may_load = false) {
  protocol::ApiKey key;
  key.id = "id";
  // SHA-256 of "tk_door".
  key.hash = "d90f435d4774abc06118d7de7078ab02ca41c23b25fa3d4dc648824879a6482b";
  key.models = {"clerk"};
  key.may_load = may_load;
  auto ring = std::make_shared<KeyRing>();
  ring->update({Epoch{1}, 1, true, {key}});
  return ring;
}

http::Headers fields(std::string_view name, std::string_view value) {
  http::Headers made;
  made.add(name, value);
  return made;
}

std::string ending(const FakeCall& call) {
  return call.end ? fmt::format("{} {}", static_cast<int>(call.end->code), call.end->message) : "open";
}

/// "hi" of a ModelInferResponse whose only output has that as its element of BYTES.
std::string text_of(std::string_view response) {
  return field_of(response, {6}).substr(4);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rpc_methods)

BOOST_AUTO_TEST_CASE(an_inference_goes_in_as_a_request_and_comes_out_as_its_answer) {
  Gateway gateway;
  const auto call = std::make_shared<FakeCall>();
  call->fields.add("x-request-id", "mine");
  call->fields.add("x-unit-id", "anna");
  call->until = gateway.clock.now() + 5s;
  const auto handler = gateway.open("ModelInfer", call);
  BOOST_TEST(call->reads == 1);

  handler->on_message(numbers().version("2").message());
  BOOST_TEST_REQUIRE(gateway.submitted.size() == 1u, ending(*call));
  const Submit& submit = gateway.submitted[0];
  submit.sink->on_part(tensors("cd"), true);

  BOOST_TEST(submit.request->model == "clerk");
  BOOST_TEST(submit.request->version == "2");
  BOOST_TEST(submit.request->unit == "anna");
  BOOST_TEST(submit.request->request_id == "mine");
  BOOST_TEST((submit.deadline == call->until));
  BOOST_TEST(std::get<protocol::Infer>(submit.request->work).inputs[0].data.view() == "ab");
  BOOST_TEST(!submit.sink->window().has_value());
  BOOST_TEST_REQUIRE(call->sent.size() == 1u);
  BOOST_TEST(field_of(call->sent[0], {1}) == "clerk");
  BOOST_TEST(field_of(call->sent[0], {2}) == "2");
  BOOST_TEST(field_of(call->sent[0], {3}) == "7");
  BOOST_TEST(field_of(call->sent[0], {6}) == "cd");
  BOOST_TEST(ending(*call) == "0 ");
  BOOST_TEST(call->told_as("x-request-id") == "mine");
  BOOST_TEST(call->told_as("x-troupe-version") == "2");
}

BOOST_AUTO_TEST_CASE(the_sooner_of_two_deadlines_holds) {
  Gateway gateway;
  const auto call = std::make_shared<FakeCall>();
  call->until = gateway.clock.now() + 1h;
  gateway.open("ModelInfer", call)->on_message(numbers().parameter("timeout", int_value(1'000'000)).message());

  BOOST_TEST_REQUIRE(gateway.submitted.size() == 1u);
  BOOST_TEST((*gateway.submitted[0].deadline < gateway.clock.now() + 2s));
}

BOOST_AUTO_TEST_CASE(a_failure_has_its_code_its_words_and_when_to_come_back) {
  Gateway gateway;
  gateway.refusal = Error{Errc::overloaded, "too much", {}, 1500ms};

  const auto call = gateway.ask("ModelInfer", numbers().bytes, fields("x-request-id", "mine"));

  BOOST_TEST(ending(*call) == "8 too much");
  BOOST_TEST(call->told_as("x-request-id") == "mine");
  const http::HeaderList wanted{{"retry-after", "2"}, {"retry-after-ms", "1500"}, {"grpc-retry-pushback-ms", "1500"}};
  BOOST_TEST((call->end->trailers == wanted));
}

BOOST_AUTO_TEST_CASE(a_request_that_is_wrong_says_what_is) {
  Gateway gateway;

  BOOST_TEST(ending(*gateway.ask("ModelInfer", Request("clerk").bytes)) == "3 inputs must not be empty");
  BOOST_TEST(ending(*gateway.ask("ModelInfer", "\xff")).starts_with("3 the message is no valid protobuf"));
  BOOST_TEST(ending(*gateway.ask("ModelInfer", numbers().bytes, fields("x-request-timeout-ms", "soon")))
                 .starts_with("3 x-request-timeout-ms must be"));
  const auto empty = std::make_shared<FakeCall>();
  gateway.open("ModelInfer", empty)->on_end();
  BOOST_TEST(ending(*empty) == "3 the call has no message");
}

BOOST_AUTO_TEST_CASE(who_shows_no_key_is_refused_and_a_key_sees_its_models_only) {
  Gateway gateway(one_key());
  std::string other;
  put_text(other, 1, "other");

  BOOST_TEST(ending(*gateway.ask("ModelInfer", numbers().bytes)).starts_with("16 "));
  BOOST_TEST(ending(*gateway.ask("RepositoryIndex")).starts_with("16 "));
  BOOST_TEST(ending(*gateway.ask("ModelMetadata", other, fields("x-api-key", "tk_door"))).starts_with("5 "));
  BOOST_TEST(ending(*gateway.ask("ModelInfer", Request("other").add(input("x", "UINT8", {1})).raw("a").bytes,
                                 fields("authorization", "Bearer tk_door")))
                 .starts_with("7 "));
  BOOST_TEST(ending(*gateway.ask("ServerLive")) == "0 ");
  gateway.ask("ModelInfer", numbers().bytes, fields("authorization", "bearer tk_door"));
  BOOST_TEST(gateway.submitted.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_client_that_goes_withdraws_its_request) {
  Gateway gateway;
  const auto call = std::make_shared<FakeCall>();
  const auto handler = gateway.open("ModelInfer", call);
  handler->on_message(numbers().message());

  handler->on_cancel();

  BOOST_TEST_REQUIRE(gateway.withdrawn.size() == 1u);
  BOOST_TEST((gateway.withdrawn[0] == gateway.submitted[0].id));
}

BOOST_AUTO_TEST_CASE(text_comes_whole_over_model_infer) {
  Gateway gateway;
  const auto call = gateway.ask("ModelInfer", prompt().bytes);

  BOOST_TEST_REQUIRE(gateway.submitted.size() == 1u, ending(*call));
  gateway.submitted[0].sink->on_part(text("Hel"), false);
  BOOST_TEST(call->sent.empty());
  gateway.submitted[0].sink->on_part(text("lo", protocol::FinishReason::stop), true);

  BOOST_TEST_REQUIRE(call->sent.size() == 1u);
  BOOST_TEST(text_of(call->sent[0]) == "Hello");
}

BOOST_AUTO_TEST_CASE(a_stream_gives_each_piece_of_a_text_and_says_which_is_the_last) {
  Gateway gateway;
  const auto call = std::make_shared<FakeCall>();
  const auto handler = gateway.open("ModelStreamInfer", call);
  handler->on_message(prompt("a").message());
  BOOST_TEST_REQUIRE(gateway.submitted.size() == 1u, ending(*call));
  const auto sink = gateway.submitted[0].sink;
  BOOST_TEST(sink->window().value() == protocol::stream_window);

  sink->on_part(text("Hel"), false);
  sink->on_part(text("lo", protocol::FinishReason::stop), true);

  BOOST_TEST_REQUIRE(call->sent.size() == 2u);
  const std::string first = field_of(call->sent[0], {2});
  const std::string second = field_of(call->sent[1], {2});
  BOOST_TEST(text_of(first) == "Hel");
  BOOST_TEST(text_of(second) == "lo");
  BOOST_TEST(field_of(first, {3}) == "a");
  BOOST_TEST(field_of(first, {4, 2}) == bool_value(false));
  BOOST_TEST(field_of(second, {4, 2}) == bool_value(true));
  BOOST_TEST(ending(*call) == "open");
  handler->on_end();
  BOOST_TEST(ending(*call) == "0 ");
}

BOOST_AUTO_TEST_CASE(more_of_a_stream_is_asked_for_as_the_client_takes_it) {
  Gateway gateway;
  const auto call = std::make_shared<FakeCall>();
  const auto handler = gateway.open("ModelStreamInfer", call);
  handler->on_message(prompt().message());
  const auto sink = gateway.submitted.at(0).sink;
  uint64_t asked = 0;
  sink->on_begin([&](uint64_t bytes) { asked += bytes; });

  for (int i = 0; i < 4; ++i) sink->on_part(text(std::string(protocol::stream_credit_step / 2, 'x')), false);
  BOOST_TEST(asked == 0u);
  call->take_all();

  BOOST_TEST(asked == 2 * protocol::stream_credit_step + 4 * protocol::stream_part_overhead);
}

BOOST_AUTO_TEST_CASE(a_request_that_fails_leaves_the_stream_open_for_others) {
  Gateway gateway;
  const auto call = std::make_shared<FakeCall>();
  const auto handler = gateway.open("ModelStreamInfer", call);

  handler->on_message(Request("clerk").id("bad").message());
  handler->on_message(numbers("good").message());
  handler->on_message(numbers("late").message());
  BOOST_TEST_REQUIRE(gateway.submitted.size() == 2u);
  gateway.submitted[0].sink->on_part(tensors("cd"), true);
  gateway.submitted[1].sink->on_error({Errc::deadline_exceeded, "too late", {}, {}});
  handler->on_end();

  BOOST_TEST_REQUIRE(call->sent.size() == 3u);
  BOOST_TEST(field_of(call->sent[0], {1}) == "inputs must not be empty");
  BOOST_TEST(field_of(call->sent[0], {2, 3}) == "bad");
  BOOST_TEST(field_of(call->sent[1], {1}).empty());
  BOOST_TEST(field_of(call->sent[1], {2, 3}) == "good");
  BOOST_TEST(field_of(call->sent[2], {1}) == "too late");
  BOOST_TEST(field_of(call->sent[2], {2, 3}) == "late");
  BOOST_TEST(ending(*call) == "0 ");
}

BOOST_AUTO_TEST_CASE(requests_of_a_stream_have_ids_of_their_own) {
  Gateway gateway;
  const auto call = std::make_shared<FakeCall>();
  call->fields.add("x-request-id", "mine");
  const auto handler = gateway.open("ModelStreamInfer", call);

  handler->on_message(numbers().message());
  handler->on_message(numbers().message());

  BOOST_TEST(gateway.submitted.at(0).request->request_id == "mine");
  BOOST_TEST(gateway.submitted.at(1).request->request_id == "mine-1");
}

BOOST_AUTO_TEST_CASE(a_stream_is_read_only_while_few_requests_and_bytes_are_under_way) {
  Gateway gateway;
  const auto call = std::make_shared<FakeCall>();
  const auto handler = gateway.open("ModelStreamInfer", call);
  for (size_t i = 0; i < stream_requests_max; ++i) handler->on_message(numbers().message());
  BOOST_TEST(call->reads == static_cast<int>(stream_requests_max));

  gateway.submitted[0].sink->on_part(tensors("cd"), true);
  BOOST_TEST(call->reads == static_cast<int>(stream_requests_max) + 1);

  call->unsent_bytes = stream_unsent_read_max + 1;
  handler->on_message(numbers().message());
  gateway.submitted[1].sink->on_part(tensors("cd"), true);
  BOOST_TEST(call->reads == static_cast<int>(stream_requests_max) + 1);
  call->unsent_bytes = 0;
  call->take_all();
  BOOST_TEST(call->reads == static_cast<int>(stream_requests_max) + 2);
}

BOOST_AUTO_TEST_CASE(a_stream_that_is_cancelled_withdraws_all_it_has_under_way) {
  Gateway gateway;
  const auto call = std::make_shared<FakeCall>();
  const auto handler = gateway.open("ModelStreamInfer", call);
  handler->on_message(numbers().message());
  handler->on_message(numbers().message());
  gateway.submitted[0].sink->on_part(tensors("cd"), true);

  handler->on_cancel();

  BOOST_TEST_REQUIRE(gateway.withdrawn.size() == 1u);
  BOOST_TEST((gateway.withdrawn[0] == gateway.submitted[1].id));
}

BOOST_AUTO_TEST_CASE(an_idempotency_key_names_one_request_and_so_none_of_a_stream) {
  Gateway gateway;
  const auto call = std::make_shared<FakeCall>();
  call->fields.add("idempotency-key", "k1");
  const auto stream = gateway.open("ModelStreamInfer", call);
  BOOST_TEST(ending(*call).starts_with("3 idempotency-key is not supported in a stream"));

  gateway.ask("ModelInfer", numbers().bytes, fields("idempotency-key", "k1"));
  BOOST_TEST(gateway.submitted.at(0).key->key == "k1");
}

BOOST_AUTO_TEST_CASE(a_door_that_closes_ends_idle_streams_at_once_and_others_when_they_are_done) {
  Gateway gateway;
  const auto idle = std::make_shared<FakeCall>();
  const auto busy = std::make_shared<FakeCall>();
  const auto idle_stream = gateway.open("ModelStreamInfer", idle);
  const auto busy_stream = gateway.open("ModelStreamInfer", busy);
  busy_stream->on_message(numbers().message());

  idle_stream->on_stop();
  busy_stream->on_stop();
  BOOST_TEST(ending(*idle).starts_with("14 "));
  BOOST_TEST(ending(*busy) == "open");
  gateway.submitted[0].sink->on_part(tensors("cd"), true);

  BOOST_TEST(busy->sent.size() == 1u);
  BOOST_TEST(ending(*busy).starts_with("14 "));
}

BOOST_AUTO_TEST_CASE(readiness_is_told_and_watched) {
  Gateway gateway;
  const auto watch = std::make_shared<FakeCall>();
  const auto handler = gateway.open("/grpc.health.v1.Health/Watch", watch);
  handler->on_message({});
  handler->on_tick();
  std::string unknown;
  put_text(unknown, 1, "nobody");

  BOOST_TEST(number_of(gateway.ask("ServerReady")->sent.at(0), 1) == 1u);
  BOOST_TEST(number_of(gateway.ask("/grpc.health.v1.Health/Check")->sent.at(0), 1) == 1u);
  BOOST_TEST(ending(*gateway.ask("/grpc.health.v1.Health/Check", unknown)).starts_with("5 "));
  gateway.routing->begin_drain();
  handler->on_tick();
  BOOST_TEST(gateway.ask("ServerReady")->sent.at(0).empty());
  BOOST_TEST(number_of(gateway.ask("/grpc.health.v1.Health/Check")->sent.at(0), 1) == 2u);

  BOOST_TEST_REQUIRE(watch->sent.size() == 2u);
  BOOST_TEST(number_of(watch->sent[0], 1) == 1u);
  BOOST_TEST(number_of(watch->sent[1], 1) == 2u);
}

BOOST_AUTO_TEST_CASE(models_are_told_of) {
  Gateway gateway;
  std::string clerk;
  put_text(clerk, 1, "clerk");
  std::string nobody;
  put_text(nobody, 1, "nobody");

  BOOST_TEST(number_of(gateway.ask("ModelReady", clerk)->sent.at(0), 1) == 1u);
  BOOST_TEST(gateway.ask("ModelReady", nobody)->sent.at(0).empty());
  BOOST_TEST(field_of(gateway.ask("ModelMetadata", clerk)->sent.at(0), {2}) == "2");
  BOOST_TEST(field_of(gateway.ask("ModelConfig", clerk)->sent.at(0), {1, 1}) == "clerk");
  BOOST_TEST(field_of(gateway.ask("ModelStatistics", clerk)->sent.at(0), {1, 1}) == "clerk");
  BOOST_TEST(field_of(gateway.ask("RepositoryIndex")->sent.at(0), {1, 1}) == "clerk");
  BOOST_TEST(field_of(gateway.ask("ServerMetadata")->sent.at(0), {2}) == "0.1");
  BOOST_TEST(ending(*gateway.ask("ModelConfig", nobody)).starts_with("5 there is no model nobody"));
}

BOOST_AUTO_TEST_CASE(loading_and_unloading_ask_the_head_for_those_who_may) {
  Gateway gateway(one_key(true));
  const auto message = [](std::string_view parameter, bool value) {
    std::string truth;
    put_set_number(truth, 1, value);
    std::string entry;
    put_text(entry, 1, parameter);
    put_element(entry, 2, truth);
    std::string out;
    put_text(out, 2, "clerk@2");
    if (!parameter.empty()) put_element(out, 3, entry);
    return out;
  };
  const auto ask = [&](const std::string& method, const std::string& bytes, std::string_view key = "tk_door") {
    return gateway.ask(method, bytes, fields("x-api-key", key));
  };

  BOOST_TEST(ask("RepositoryModelLoad", message({}, false))->sent.size() == 1u);
  BOOST_TEST(ask("RepositoryModelUnload", message("unload_dependents", false))->sent.size() == 1u);

  BOOST_TEST_REQUIRE(gateway.loads.size() == 2u);
  BOOST_TEST((gateway.loads[0] == protocol::ChangeLoad{"clerk", "2", true, "id"}));
  BOOST_TEST((gateway.loads[1] == protocol::ChangeLoad{"clerk", "2", false, "id"}));
  BOOST_TEST(ending(*ask("RepositoryModelLoad", message({}, false), "tk_other")).starts_with("16 "));
  BOOST_TEST(ending(*ask("RepositoryModelLoad", message("config", false)))
                 .starts_with("3 parameters.config is not supported"));
  BOOST_TEST(ending(*ask("RepositoryModelUnload", message("unload_dependents", true)))
                 .starts_with("3 parameters.unload_dependents"));
  BOOST_TEST(ending(*ask("RepositoryModelUnload", message("unload_all", true))).starts_with("3 "));
  BOOST_TEST(gateway.loads.size() == 2u);
}

BOOST_AUTO_TEST_CASE(what_is_not_done_here_is_refused_by_name) {
  Gateway gateway;
  const auto refusal = [&](const std::string& method) {
    const auto call = std::make_shared<FakeCall>();
    static_cast<void>(gateway.open(method, call));
    return ending(*call);
  };

  BOOST_TEST(refusal("CudaSharedMemoryRegister").starts_with("12 shared memory is not supported"));
  BOOST_TEST(refusal("TraceSetting").starts_with("12 trace settings are not supported"));
  BOOST_TEST(refusal("LogSettings").starts_with("12 log settings are not changed here"));
  BOOST_TEST(refusal("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo") ==
             "12 there is no method /grpc.reflection.v1.ServerReflection/ServerReflectionInfo here");
}

BOOST_AUTO_TEST_SUITE_END()
