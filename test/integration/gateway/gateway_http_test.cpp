#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "actors/gateway/http/error_answer.hpp"
#include "actors/gateway/http/gateway_handler.hpp"
#include "runtime/http/server.hpp"
#include "test/integration/gateway/inbox.hpp"
#include "test/integration/gateway/raw_client.hpp"

using namespace troupe;
using namespace troupe::gateway;
using namespace std::chrono_literals;
using nlohmann::json;
using troupe::testing::HttpAnswer;
using troupe::testing::Inbox;
using troupe::testing::RawClient;

namespace {

/// The HTTP door with a test behind it instead of the gateway actor.
struct Gateway {
  explicit Gateway(std::shared_ptr<KeyRing> keys = nullptr) {
    HttpFrontEnd front_end;
    front_end.keys = std::move(keys);
    front_end.door = {[this](Submit submit) -> Status {
                        if (refusal) return fail(*refusal);
                        submitted.put(std::move(submit));
                        return {};
                      },
                      [this](Withdraw withdraw) { withdrawn.put(withdraw.id); }};
    front_end.routing = routing;
    front_end.ids = std::make_shared<DispatchIds>();
    front_end.clock = &clock;
    auto listening =
        http::HttpServer::listen({}, clock, make_gateway_handler(std::move(front_end)), gateway_error_body);
    BOOST_TEST_REQUIRE(listening.has_value());
    server = std::move(*listening);
  }

  SystemClock clock;
  std::optional<Error> refusal;
  Inbox<Submit> submitted;
  Inbox<balancer::DispatchId> withdrawn;
  std::shared_ptr<RoutingBoard> routing = std::make_shared<RoutingBoard>();
  std::unique_ptr<http::HttpServer> server;
};

std::shared_ptr<const protocol::ResultPart> text(std::string words,
                                                 protocol::FinishReason finish = protocol::FinishReason::none) {
  auto part = std::make_shared<protocol::ResultPart>();
  part->content = protocol::TextPart{std::move(words), finish, {2, 3}};
  part->version = "2";
  return part;
}

/// One key, "tk_door", for the model clerk.
std::shared_ptr<KeyRing> one_key() {
  protocol::ApiKey key;
  key.id = "id";
  // SHA-256 of "tk_door".
  key.hash = "d90f435d4774abc06118d7de7078ab02ca41c23b25fa3d4dc648824879a6482b";
  key.models = {"clerk"};
  auto ring = std::make_shared<KeyRing>();
  ring->update({Epoch{1}, 1, true, {key}});
  return ring;
}

constexpr auto chat_body = R"({"model":"clerk@2","messages":[{"role":"user","content":"hi"}],"user":"anna"})";
constexpr auto stream_body = R"({"model":"clerk","messages":[{"role":"user","content":"hi"}],"stream":true})";

}  // namespace

BOOST_AUTO_TEST_SUITE(gateway_http)

BOOST_AUTO_TEST_CASE(a_chat_goes_in_as_a_request_and_comes_out_as_openais_object) {
  Gateway gateway;
  RawClient client(gateway.server->port());

  client.post("/v1/chat/completions", chat_body, "x-request-id: my-id\r\nx-request-timeout-ms: 5000\r\n");
  const Submit submit = gateway.submitted.take();
  submit.sink->on_part(text("Hello", protocol::FinishReason::stop), true);
  const HttpAnswer answer = client.answer();

  BOOST_TEST(submit.request->model == "clerk");
  BOOST_TEST(submit.request->version == "2");
  BOOST_TEST(submit.request->unit == "anna");
  BOOST_TEST(submit.request->request_id == "my-id");
  BOOST_TEST(submit.deadline.has_value());
  BOOST_TEST(answer.status == 200);
  BOOST_TEST(answer.has("x-request-id: my-id\r\n"));
  BOOST_TEST(answer.has("x-troupe-version: 2\r\n"));
  BOOST_TEST(answer.has("x-troupe-cache: miss\r\n"));
  const json body = json::parse(answer.body);
  BOOST_TEST(body["choices"][0]["message"]["content"] == "Hello");
  BOOST_TEST(body["model"] == "clerk@2");
  BOOST_TEST(body["id"] == "chatcmpl-my-id");
}

BOOST_AUTO_TEST_CASE(with_keys_only_those_who_show_one_are_served_and_see_what_it_may_use) {
  Gateway gateway(one_key());
  RawClient client(gateway.server->port());

  client.post("/v1/chat/completions", chat_body);
  const HttpAnswer missing = client.answer();
  client.post("/v1/chat/completions", chat_body, "Authorization: Bearer tk_wrong\r\n");
  const HttpAnswer wrong = client.answer();
  client.post("/v2/models/judge/infer", R"({"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1]}]})",
              "x-api-key: tk_door\r\n");
  const HttpAnswer other = client.answer();
  client.get("/v1/models");
  const HttpAnswer list = client.answer();
  client.get("/livez");
  const HttpAnswer alive = client.answer();
  client.post("/v1/chat/completions", chat_body, "Authorization: Bearer tk_door\r\n");
  gateway.submitted.take().sink->on_part(text("Hello", protocol::FinishReason::stop), true);
  const HttpAnswer right = client.answer();

  BOOST_TEST(missing.status == 401);
  BOOST_TEST(missing.has("www-authenticate: Bearer\r\n"));
  BOOST_TEST(json::parse(missing.body)["error"]["code"] == "invalid_api_key");
  BOOST_TEST(json::parse(missing.body)["error"]["type"] == "authentication_error");
  BOOST_TEST(wrong.status == 401);
  BOOST_TEST(other.status == 403);
  BOOST_TEST(list.status == 401);
  BOOST_TEST(alive.status == 200);
  BOOST_TEST(right.status == 200);
}

BOOST_AUTO_TEST_CASE(an_idempotency_key_goes_in_with_its_request_and_a_kept_answer_says_so) {
  Gateway gateway(one_key());
  RawClient client(gateway.server->port());
  const std::string head = "x-api-key: tk_door\r\nIdempotency-Key: order-17\r\n";

  client.post("/v1/chat/completions", chat_body, head);
  const Submit whole = gateway.submitted.take();
  auto part = std::make_shared<protocol::ResultPart>(*text("Hello", protocol::FinishReason::stop));
  part->replayed = true;
  whole.sink->on_part(part, true);
  const HttpAnswer replayed = client.answer();
  client.post("/v1/chat/completions",
              R"({"model":"clerk@2","messages":[{"role":"user","content":"hi"}],"user":"anna","stream":true})", head);
  const Submit streamed = gateway.submitted.take();
  streamed.sink->on_error({Errc::already_exists, "another request", "idempotency-key", {}});
  const HttpAnswer reused = client.answer();
  client.post("/v1/chat/completions", chat_body, "x-api-key: tk_door\r\n");
  const Submit without = gateway.submitted.take();
  without.sink->on_part(text("Hello", protocol::FinishReason::stop), true);
  const HttpAnswer fresh = client.answer();
  client.post("/v1/chat/completions", chat_body, "x-api-key: tk_door\r\nidempotency-key: a b\r\n");
  const HttpAnswer malformed = client.answer();

  BOOST_REQUIRE(whole.key != nullptr);
  BOOST_TEST(whole.key->scope == "id");
  BOOST_TEST(whole.key->key == "order-17");
  BOOST_REQUIRE(streamed.key != nullptr);
  BOOST_TEST(streamed.key->fingerprint == whole.key->fingerprint);
  BOOST_TEST(without.key == nullptr);
  BOOST_TEST(replayed.has("idempotency-replayed: true\r\n"));
  BOOST_TEST(!fresh.has("idempotency-replayed"));
  BOOST_TEST(reused.status == 422);
  BOOST_TEST(json::parse(reused.body)["error"]["code"] == "idempotency_key_reused");
  BOOST_TEST(malformed.status == 400);
  BOOST_TEST(json::parse(malformed.body)["error"]["param"] == "idempotency-key");
}

BOOST_AUTO_TEST_CASE(the_unit_of_the_header_stands_above_the_user_of_the_body) {
  Gateway gateway;
  RawClient client(gateway.server->port());

  client.post("/v1/chat/completions", chat_body, "x-unit-id: bert\r\n");

  BOOST_TEST(gateway.submitted.take().request->unit == "bert");
}

BOOST_AUTO_TEST_CASE(an_invalid_request_id_is_replaced) {
  Gateway gateway;
  RawClient client(gateway.server->port());

  client.post("/v1/chat/completions", chat_body, "x-request-id: \xc3\xa4\r\n");
  const Submit submit = gateway.submitted.take();
  submit.sink->on_part(text("a", protocol::FinishReason::stop), true);

  BOOST_TEST(submit.request->request_id.starts_with("req_"));
  BOOST_TEST(client.answer().has("x-request-id: " + submit.request->request_id + "\r\n"));
}

BOOST_AUTO_TEST_CASE(an_answer_out_of_the_cache_says_so_and_may_come_in_pieces) {
  Gateway gateway;
  RawClient client(gateway.server->port());
  client.post("/v1/chat/completions", chat_body);
  const Submit submit = gateway.submitted.take();
  auto last = std::make_shared<protocol::ResultPart>(*text("lo", protocol::FinishReason::stop));
  last->cached = true;

  submit.sink->on_part(text("Hel"), false);
  submit.sink->on_part(last, true);

  const HttpAnswer answer = client.answer();
  BOOST_TEST(answer.has("x-troupe-cache: hit\r\n"));
  BOOST_TEST(json::parse(answer.body)["choices"][0]["message"]["content"] == "Hello");
}

BOOST_AUTO_TEST_CASE(a_stream_is_sent_as_it_comes_and_ends_with_done) {
  Gateway gateway;
  RawClient client(gateway.server->port());
  client.post("/v1/chat/completions", stream_body);
  const Submit submit = gateway.submitted.take();

  submit.sink->on_part(text("Hel"), false);
  const std::string head = client.read_until("\r\n\r\n");
  const std::string first = client.read_chunk();
  submit.sink->on_part(text("lo", protocol::FinishReason::length), true);
  const std::string second = client.read_chunk();

  BOOST_TEST(head.find("content-type: text/event-stream\r\n") != std::string::npos);
  BOOST_TEST(head.find("x-troupe-version: 2\r\n") != std::string::npos);
  BOOST_TEST(first.find(R"("delta":{"role":"assistant","content":""})") != std::string::npos);
  BOOST_TEST(first.find(R"("delta":{"content":"Hel"})") != std::string::npos);
  BOOST_TEST(second.find(R"("finish_reason":"length")") != std::string::npos);
  BOOST_TEST(second.ends_with("data: [DONE]\n\n"));
  BOOST_TEST(client.read_chunk() == "");
  client.get("/health");
  BOOST_TEST(client.answer().status == 200);
}

BOOST_AUTO_TEST_CASE(a_failure_before_the_first_part_has_its_status_and_one_after_it_is_an_event) {
  Gateway gateway;
  RawClient client(gateway.server->port());
  const Error lost{Errc::unavailable, "no replica of clerk is ready", {}, 2s};

  client.post("/v1/chat/completions", stream_body);
  gateway.submitted.take().sink->on_error(lost);
  const HttpAnswer before = client.answer();
  client.post("/v1/chat/completions", stream_body);
  const Submit submit = gateway.submitted.take();
  submit.sink->on_part(text("Hel"), false);
  submit.sink->on_error(lost);
  const HttpAnswer after = client.answer();

  BOOST_TEST(before.status == 503);
  BOOST_TEST(before.has("retry-after: 2\r\n"));
  BOOST_TEST(json::parse(before.body)["error"]["message"] == lost.message);
  BOOST_TEST(after.status == 200);
  BOOST_TEST(after.body.find("event: error\ndata: {\"error\":") != std::string::npos);
  BOOST_TEST(after.body.find("[DONE]") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_withdraws_its_request) {
  Gateway gateway;
  for (const char* body : {chat_body, stream_body}) {
    RawClient client(gateway.server->port());
    client.post("/v1/chat/completions", body);
    const Submit submit = gateway.submitted.take();

    client.close();

    BOOST_TEST((gateway.withdrawn.take() == submit.id));
    submit.sink->on_part(text("nobody listens", protocol::FinishReason::stop), true);
  }
}

BOOST_AUTO_TEST_CASE(a_full_gateway_is_429) {
  Gateway gateway;
  gateway.refusal = Error{Errc::overloaded, "the mailbox of gateway is full", {}, {}};
  RawClient client(gateway.server->port());

  client.post("/v1/chat/completions", chat_body);
  const HttpAnswer answer = client.answer();

  BOOST_TEST(answer.status == 429);
  BOOST_TEST(answer.has("retry-after: 1\r\n"));
}

BOOST_AUTO_TEST_CASE(a_bad_body_or_header_is_400_and_names_the_parameter) {
  Gateway gateway;
  RawClient client(gateway.server->port());

  client.post("/v1/completions", R"({"model":"clerk","prompt":"a","prediction":[1]})");
  const json unsupported = json::parse(client.answer().body)["error"];
  client.post("/v1/completions", R"({"model":"clerk","prompt":"a"})", "x-request-timeout-ms: soon\r\n");
  const HttpAnswer timeout = client.answer();

  BOOST_TEST(unsupported["param"] == "prediction");
  BOOST_TEST(unsupported["code"] == "unsupported_parameter");
  BOOST_TEST(timeout.status == 400);
  BOOST_TEST(json::parse(timeout.body)["error"]["message"] ==
             "x-request-timeout-ms must be a number of milliseconds from 1 to 86400000, found \"soon\"");
}

BOOST_AUTO_TEST_CASE(tensors_go_in_and_come_out) {
  Gateway gateway;
  RawClient client(gateway.server->port());

  client.post("/v2/models/clerk/versions/2/infer",
              R"({"id":"7","inputs":[{"name":"x","shape":[1],"datatype":"INT8","data":[5]}]})");
  const Submit submit = gateway.submitted.take();
  auto part = std::make_shared<protocol::ResultPart>();
  part->version = "2";
  part->content = protocol::InferResult{std::get<protocol::Infer>(submit.request->work).inputs};
  submit.sink->on_part(part, true);

  BOOST_TEST(submit.request->version == "2");
  BOOST_TEST(client.answer().body == R"({"model_name":"clerk","model_version":"2","id":"7","outputs":[{"name":"x",)"
                                     R"("datatype":"INT8","shape":[1],"data":[5]}]})");
}

BOOST_AUTO_TEST_CASE(binary_tensors_go_in_and_come_out_as_such) {
  Gateway gateway;
  RawClient client(gateway.server->port());
  const std::string json =
      R"({"inputs":[{"name":"x","shape":[2],"datatype":"FP16","parameters":{"binary_data_size":4}}],)"
      R"("parameters":{"binary_data_output":true,"timeout":9000000}})";
  const std::string data("\x00\x3c\x00\xc0", 4);

  client.post("/v2/models/clerk/infer", json + data,
              fmt::format("Inference-Header-Content-Length: {}\r\n", json.size()));
  const Submit submit = gateway.submitted.take();
  auto part = std::make_shared<protocol::ResultPart>();
  part->version = "2";
  part->content = protocol::InferResult{std::get<protocol::Infer>(submit.request->work).inputs};
  submit.sink->on_part(part, true);
  const HttpAnswer answer = client.answer();

  const std::string wanted =
      R"({"model_name":"clerk","model_version":"2","outputs":[{"name":"x","datatype":"FP16","shape":[2],)"
      R"("parameters":{"binary_data_size":4}}]})";
  BOOST_TEST(submit.deadline.has_value());
  BOOST_TEST(answer.body == wanted + data);
  BOOST_TEST(answer.has("content-type: application/octet-stream\r\n"));
  BOOST_TEST(answer.has(fmt::format("inference-header-content-length: {}\r\n", wanted.size())));
}

BOOST_AUTO_TEST_CASE(a_length_of_the_json_that_can_not_be_is_refused) {
  Gateway gateway;
  RawClient client(gateway.server->port());
  const auto refusal = [&client](std::string_view length) {
    client.post("/v2/models/clerk/infer", "{}", fmt::format("Inference-Header-Content-Length: {}\r\n", length));
    const HttpAnswer answer = client.answer();
    return std::to_string(answer.status) + ' ' + answer.body;
  };

  BOOST_TEST(refusal("3").starts_with(R"(400 {"error":"inference-header-content-length must be a number up to)"));
  BOOST_TEST(refusal("-1").starts_with("400 "));
  BOOST_TEST(refusal("0").starts_with(R"(400 {"error":"inference-header-content-length is 0: a body without JSON)"));
}

BOOST_AUTO_TEST_CASE(text_is_generated_whole_and_as_a_stream) {
  Gateway gateway;
  RawClient client(gateway.server->port());

  client.post("/v2/models/clerk/generate", R"({"text_input":"hi","parameters":{"max_tokens":4}})");
  gateway.submitted.take().sink->on_part(text("Hello", protocol::FinishReason::stop), true);
  const HttpAnswer whole = client.answer();
  client.post("/v2/models/clerk/versions/2/generate_stream", R"({"text_input":"hi"})");
  const Submit submit = gateway.submitted.take();
  submit.sink->on_part(text("Hel"), false);
  submit.sink->on_error({Errc::lost, "the replica died", {}, {}});
  const HttpAnswer stream = client.answer();

  BOOST_TEST(whole.body ==
             R"({"model_name":"clerk","model_version":"2","text_output":"Hello","finish_reason":"stop"})");
  BOOST_TEST(submit.request->version == "2");
  BOOST_TEST(std::get<protocol::Generate>(submit.request->work).stream);
  BOOST_TEST(stream.has("content-type: text/event-stream\r\n"));
  BOOST_TEST(stream.body ==
             "data: {\"model_name\":\"clerk\",\"model_version\":\"2\",\"text_output\":\"Hel\"}\n\n"
             "event: error\ndata: {\"error\":\"the replica died\"}\n\n");
}

BOOST_AUTO_TEST_CASE(what_is_not_done_here_is_refused_by_name) {
  Gateway gateway;
  RawClient client(gateway.server->port());
  const auto refusal = [&client](std::string_view target) {
    client.post(target, "{}");
    const HttpAnswer answer = client.answer();
    return std::to_string(answer.status) + ' ' + answer.body;
  };

  BOOST_TEST(refusal("/v2/repository/models/clerk/load").starts_with(R"(501 {"error":"models are not loaded)"));
  BOOST_TEST(refusal("/v2/systemsharedmemory/region/a/register").starts_with(R"(501 {"error":"shared memory)"));
  BOOST_TEST(refusal("/v2/trace/setting").starts_with(R"(501 {"error":"trace settings)"));
  BOOST_TEST(refusal("/v2/logging").starts_with(R"(501 {"error":"log settings)"));
}

BOOST_AUTO_TEST_CASE(tensors_that_do_not_fit_are_refused_in_the_protocol_s_own_words) {
  Gateway gateway;
  RawClient client(gateway.server->port());

  client.post("/v2/models/clerk/infer", R"({"inputs":[{"name":"x","shape":[2],"datatype":"INT8","data":[5]}]})");
  const HttpAnswer answer = client.answer();

  BOOST_TEST(answer.status == 400);
  BOOST_TEST(answer.body == R"({"error":"input \"x\": data has 1 elements, the shape wants 2"})");
}

BOOST_AUTO_TEST_CASE(a_model_of_the_other_kind_is_an_error_and_not_a_wrong_answer) {
  Gateway gateway;
  RawClient client(gateway.server->port());

  client.post("/v2/models/clerk/infer", R"({"inputs":[{"name":"x","shape":[1],"datatype":"INT8","data":[5]}]})");
  gateway.submitted.take().sink->on_part(text("words", protocol::FinishReason::stop), true);

  const HttpAnswer answer = client.answer();
  BOOST_TEST(answer.status == 409);
  BOOST_TEST(answer.body == R"({"error":"this model does not answer with tensors"})");
}

BOOST_AUTO_TEST_CASE(the_pages_follow_the_routing_board) {
  Gateway gateway;
  RawClient client(gateway.server->port());
  const auto page = [&client](std::string_view target) {
    client.get(target);
    const HttpAnswer answer = client.answer();
    return std::to_string(answer.status) + ' ' + answer.body;
  };
  BOOST_TEST(page("/ready") == R"(503 {"status":"starting"})");
  BOOST_TEST(page("/health") == R"(200 {"status":"ok"})");
  BOOST_TEST(page("/v2/health/ready") == R"(503 {"ready":false})");

  protocol::RoutingSnapshot snapshot;
  snapshot.models.push_back({"clerk", {{"clerk", "2", 1.0, {}, {}, {}, {{ReplicaId{1}, NodeId{1}}}}}, 5});
  gateway.routing->publish(std::make_shared<RoutingTable>(snapshot));

  BOOST_TEST(page("/ready") == R"(200 {"status":"ready"})");
  BOOST_TEST(page("/v2/models/clerk/ready") == R"(200 {"name":"clerk","ready":true})");
  BOOST_TEST(page("/v2/models/clerk/versions/2/ready") == R"(200 {"name":"clerk","ready":true})");
  BOOST_TEST(page("/v1/models/clerk%402") ==
             R"(200 {"id":"clerk@2","object":"model","created":5,"owned_by":"troupe","model_version_status":)"
             R"([{"version":"2","state":"AVAILABLE","status":{"error_code":"OK","error_message":""}}]})");
  BOOST_TEST(page("/v1/models/clerk/versions/2").starts_with(R"(200 {"model_version_status":[{"version":"2")"));
  BOOST_TEST(page("/v2/health/live") == R"(200 {"live":true})");
  BOOST_TEST(page("/v2").starts_with(R"(200 {"name":"troupe")"));
  BOOST_TEST(page("/v1/modles").starts_with("404 "));
  BOOST_TEST(page("/v1/chat/completions").starts_with("405 "));
}

BOOST_AUTO_TEST_SUITE_END()
