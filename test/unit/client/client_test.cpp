#include "runtime/client/cpp/client.hpp"

#include <set>

#include "test/unit/client/fake_gateway.hpp"

namespace troupe::client::test {

struct Connected {
  SystemClock clock;
  FakeGateway gateway;
  std::unique_ptr<Client> client = client_of(gateway, clock);
};

BOOST_FIXTURE_TEST_SUITE(client, Connected)

BOOST_AUTO_TEST_CASE(a_request_arrives_as_it_was_asked) {
  auto answer = client->generate("clerk@2", "47 + 58 =", {.temperature = 0, .max_tokens = 8}, {.unit = "ann"});

  const Asked asked = gateway.take_request();
  gateway.answer(asked, text_part(" 105", protocol::FinishReason::stop), 0, true);

  BOOST_TEST(asked.envelope.target_path == "gateway");
  BOOST_TEST(asked.envelope.source_node.value == 0u);
  BOOST_TEST(!asked.envelope.remaining.has_value());
  BOOST_TEST(asked.request.model == "clerk");
  BOOST_TEST(asked.request.version == "2");
  BOOST_TEST(asked.request.unit == "ann");
  const auto& work = std::get<protocol::Generate>(asked.request.work);
  BOOST_TEST(std::get<protocol::PlainText>(work.prompt).text == "47 + 58 =");
  BOOST_TEST(work.sampling.max_tokens == 8u);
  const auto got = answer.get();
  BOOST_REQUIRE(got.has_value());
  BOOST_TEST(got->text == " 105");
  BOOST_TEST(got->version == "2");
}

BOOST_AUTO_TEST_CASE(a_request_says_whose_it_is) {
  auto answer = client->generate("clerk", "hi", {},
                                 {.unit = "ann", .session = "s1", .request_id = "r1", .features = {{"region", "eu"}}});

  const Asked asked = gateway.take_request();
  gateway.answer(asked, text_part("hello"), 0, true);

  BOOST_TEST(asked.request.unit == "ann");
  BOOST_TEST(asked.request.session == "s1");
  BOOST_TEST(asked.request.request_id == "r1");
  BOOST_TEST(asked.request.features.at("region") == "eu");
  BOOST_TEST(answer.get().has_value());
}

BOOST_AUTO_TEST_CASE(outcomes_are_recorded_once_the_gateway_says_so) {
  auto recorded = client->record_many(
      {{.unit = "ann", .name = "conversion"}, {.unit = "s1", .name = "revenue", .value = 2.5, .id = "order-17"}});
  const Asked asked = gateway.take_request();
  gateway.answer_recorded(asked);
  auto refused = client->record({.unit = "", .name = "conversion"});
  const Error error{Errc::invalid_argument, "events[0].unit must have 1 to 256 bytes, found 0", "events[0].unit", {}};
  gateway.refuse(gateway.take_request(), error);

  BOOST_TEST(recorded.get().has_value());
  BOOST_TEST_REQUIRE(asked.outcomes.size() == 2u);
  BOOST_TEST(asked.outcomes[0].unit == "ann");
  BOOST_TEST(asked.outcomes[0].id.value_or("") != "");
  BOOST_TEST(asked.outcomes[1].value == 2.5);
  BOOST_TEST(asked.outcomes[1].id.value_or("") == "order-17");
  const Status said = refused.get();
  BOOST_REQUIRE(!said.has_value());
  BOOST_TEST((said.error() == error));
}

BOOST_AUTO_TEST_CASE(events_without_an_id_are_each_its_own) {
  auto first = client->record_many({{.unit = "ann", .name = "click"}, {.unit = "ann", .name = "click"}});
  const Asked asked = gateway.take_request();
  auto second = client->record({.unit = "ann", .name = "click"});
  const Asked again = gateway.take_request();
  gateway.answer_recorded(asked);
  gateway.answer_recorded(again);

  const std::set<std::string> ids{*asked.outcomes[0].id, *asked.outcomes[1].id, *again.outcomes[0].id};
  BOOST_TEST(ids.size() == 3u);
  BOOST_TEST(first.get().has_value());
  BOOST_TEST(second.get().has_value());
}

BOOST_AUTO_TEST_CASE(large_tensors_come_back_unchanged) {
  protocol::Tensor tensor{"x", DType::u8, {100'000}, Bytes::own(std::string(100'000, 'x'))};
  auto answer = client->infer("echo", {tensor});

  const Asked asked = gateway.take_request();
  gateway.answer(asked, {.content = protocol::InferResult{std::get<protocol::Infer>(asked.request.work).inputs}}, 0,
                 true);

  const auto got = answer.get();
  BOOST_REQUIRE(got.has_value());
  BOOST_TEST((got->outputs == std::vector{tensor}));
}

BOOST_AUTO_TEST_CASE(texts_and_pairs_are_asked_for_vectors_and_scores) {
  const std::vector<EmbedInput> inputs{protocol::PlainText{"a"}, protocol::TextPair{"b", "c"}};
  auto vectors = client->embed("minilm@3", inputs, {.unit = "ann"}, 64);
  const Asked first = gateway.take_request();
  auto scores = client->score("cross", inputs);
  const Asked second = gateway.take_request();
  const protocol::EmbedResult result{
      {"", DType::f32, {1, 1}, Bytes::copy(std::string("\0\0\x80\x3f", 4))}, {"fits"}, {}};
  gateway.answer(first, {.content = result}, 0, true);
  gateway.answer(second, {.content = result}, 0, true);

  BOOST_TEST(first.request.model == "minilm");
  BOOST_TEST(first.request.version == "3");
  BOOST_TEST(first.request.unit == "ann");
  BOOST_TEST(
      (std::get<protocol::Embed>(first.request.work) == protocol::Embed{inputs, protocol::EmbedTask::vectors, 64}));
  BOOST_TEST(
      (std::get<protocol::Embed>(second.request.work) == protocol::Embed{inputs, protocol::EmbedTask::scores, 0}));
  BOOST_TEST(vectors.get().value().rows[0][0] == 1.0f);
  BOOST_TEST(scores.get().value().labels.at(0) == "fits");
}

BOOST_AUTO_TEST_CASE(texts_become_tokens_and_tokens_texts) {
  auto tokens = client->tokenize("clerk", protocol::PlainText{"hi"}, {}, false);
  const Asked first = gateway.take_request();
  auto text = client->detokenize("clerk", {5, 6});
  const Asked second = gateway.take_request();
  gateway.answer(first, {.content = protocol::TokenizeResult{{5, 6}, {"h", "i"}, "hi", 256}}, 0, true);
  gateway.answer(second, {.content = protocol::TokenizeResult{{5, 6}, {"h", "i"}, "hi", 256}}, 0, true);

  BOOST_TEST(
      (std::get<protocol::Tokenize>(first.request.work) == protocol::Tokenize{protocol::PlainText{"hi"}, false}));
  BOOST_TEST(
      (std::get<protocol::Tokenize>(second.request.work) == protocol::Tokenize{protocol::TokenIds{{5, 6}}, true}));
  BOOST_TEST((tokens.get().value().ids == std::vector<int32_t>{5, 6}));
  BOOST_TEST(text.get().value().text == "hi");
}

BOOST_AUTO_TEST_CASE(an_answer_of_another_kind_is_corrupt) {
  auto vectors = client->embed("clerk", {protocol::PlainText{"hi"}});
  gateway.answer(gateway.take_request(), text_part("no vector"), 0, true);
  auto tokens = client->tokenize("clerk", protocol::PlainText{"hi"});
  gateway.answer(gateway.take_request(), text_part("no tokens"), 0, true);

  BOOST_TEST((vectors.get().error().code == Errc::corrupt_data));
  BOOST_TEST((tokens.get().error().code == Errc::corrupt_data));
}

BOOST_AUTO_TEST_CASE(parts_come_in_order_as_they_are_sent) {
  Mailbox<std::pair<std::string, bool>> heard;
  client->call(make_request("clerk", protocol::Generate{.stream = true}), {},
               [&](Result<protocol::ResultPart> part, bool last) {
                 heard.put({part ? std::get<protocol::TextPart>(part->content).text : "error", last});
               });
  const Asked asked = gateway.take_request();

  gateway.answer(asked, text_part("one"), 0, false);
  BOOST_TEST((heard.take() == std::pair<std::string, bool>{"one", false}));
  gateway.answer(asked, text_part(" two", protocol::FinishReason::stop), 1, true);
  BOOST_TEST((heard.take() == std::pair<std::string, bool>{" two", true}));
}

BOOST_AUTO_TEST_CASE(an_error_of_the_cluster_is_passed_on_whole) {
  auto answer = client->generate("clark", "hi", {});
  const Error error{Errc::not_found, "no model named clark (did you mean clerk?)", "model", 250ms};

  gateway.refuse(gateway.take_request(), error);

  const auto got = answer.get();
  BOOST_REQUIRE(!got.has_value());
  BOOST_TEST((got.error() == error));
}

BOOST_AUTO_TEST_CASE(answers_find_their_calls_in_any_order) {
  auto first = client->generate("clerk", "first", {});
  auto second = client->generate("clerk", "second", {});
  const Asked asked_first = gateway.take_request();
  const Asked asked_second = gateway.take_request();

  gateway.answer(asked_second, text_part("for the second"), 0, true);
  gateway.answer(asked_first, text_part("for the first"), 0, true);

  BOOST_TEST(first.get()->text == "for the first");
  BOOST_TEST(second.get()->text == "for the second");
}

BOOST_AUTO_TEST_CASE(a_gap_in_the_parts_ends_the_call_and_its_work) {
  auto answer = client->generate("clerk", "hi", {});
  const Asked asked = gateway.take_request();

  gateway.answer(asked, text_part("one"), 0, false);
  gateway.answer(asked, text_part("three"), 2, true);

  const auto got = answer.get();
  BOOST_REQUIRE(!got.has_value());
  BOOST_TEST((got.error().code == Errc::corrupt_data));
  BOOST_TEST((gateway.take_cancel() == asked.envelope.correlation_id));
}

BOOST_AUTO_TEST_CASE(an_idempotency_key_travels_with_its_request_alone) {
  auto keyed = client->generate("clerk", "hi", {}, {.idempotency_key = "order-17"});
  const Asked first = gateway.take_request();
  auto plain = client->generate("clerk", "hi", {});
  const Asked second = gateway.take_request();
  gateway.answer(first, text_part("a"), 0, true);
  gateway.answer(second, text_part("b"), 0, true);

  BOOST_TEST(first.idempotency_key == "order-17");
  BOOST_TEST(first.request.model == "clerk");
  BOOST_TEST(second.idempotency_key == "");
  BOOST_TEST(keyed.get().value().text == "a");
  BOOST_TEST(plain.get().value().text == "b");
}

BOOST_AUTO_TEST_CASE(a_cancelled_call_ends_here_and_in_the_cluster) {
  Mailbox<Errc> ended;
  const Call call = client->call(make_request("clerk", protocol::Generate{}), {},
                                 [&](Result<protocol::ResultPart> part, bool) { ended.put(part.error().code); });
  const Asked asked = gateway.take_request();

  call.cancel();

  BOOST_TEST((ended.take() == Errc::cancelled));
  BOOST_TEST((gateway.take_cancel() == asked.envelope.correlation_id));
}

BOOST_AUTO_TEST_CASE(a_deadline_travels_and_is_kept_even_if_the_gateway_is_silent) {
  auto answer = client->generate("clerk", "hi", {}, {.timeout = 50ms});
  const Asked asked = gateway.take_request();

  const auto got = answer.get();

  BOOST_REQUIRE(asked.envelope.remaining.has_value());
  BOOST_TEST((*asked.envelope.remaining <= 50ms));
  BOOST_REQUIRE(!got.has_value());
  BOOST_TEST((got.error().code == Errc::deadline_exceeded));
  BOOST_TEST((gateway.take_cancel() == asked.envelope.correlation_id));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::client::test
