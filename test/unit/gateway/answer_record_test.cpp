#include "actors/gateway/idempotency/answer_record.hpp"

#include <boost/test/unit_test.hpp>

#include "actors/gateway/idempotency/request_key.hpp"

using namespace troupe;
using namespace troupe::gateway;

namespace {

AnswerRecord with_tensors() {
  AnswerRecord record;
  record.fingerprint = std::string(64, 'a');
  record.at_unix_us = 1'700'000'000'000'000;
  record.attempts = 2;
  record.is_finished = true;
  protocol::InferResult result;
  result.outputs.push_back({"small", DType::i8, {3}, Bytes::copy("abc")});
  result.outputs.push_back({"large", DType::i8, {10'000}, Bytes::own(std::string(10'000, 'x'))});
  record.answer.push_back({result, "3", std::nullopt, true});
  return record;
}

protocol::ServeRequest chat(std::string question) {
  protocol::ServeRequest request;
  request.request_id = "one";
  request.model = "clerk";
  protocol::Generate work;
  work.prompt = protocol::PlainText{std::move(question)};
  request.work = std::move(work);
  return request;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(answer_record)

BOOST_AUTO_TEST_CASE(a_record_comes_back_as_it_was) {
  const AnswerRecord record = with_tensors();
  BOOST_TEST((decode_answer_record(encode(record)).value() == record));
}

BOOST_AUTO_TEST_CASE(a_record_that_was_cut_anywhere_is_damaged) {
  const std::string whole = encode(with_tensors());
  for (size_t size = 0; size < whole.size(); size += 37) {
    const auto decoded = decode_answer_record(whole.substr(0, size));
    BOOST_REQUIRE(!decoded);
    BOOST_TEST((decoded.error().code == Errc::corrupt_data));
  }
}

BOOST_AUTO_TEST_CASE(a_record_of_a_newer_troupe_is_refused) {
  AnswerRecord record;
  record.schema = 2;
  BOOST_TEST((decode_answer_record(encode(record)).error().code == Errc::failed_precondition));
}

BOOST_AUTO_TEST_CASE(a_fingerprint_is_of_what_decides_the_answer) {
  const protocol::ServeRequest asked = chat("hi");
  protocol::ServeRequest retried = asked;
  retried.request_id = "two";
  std::get<protocol::Generate>(retried.work).stream = true;
  protocol::ServeRequest pinned = asked;
  pinned.version = "2";
  protocol::ServeRequest hotter = asked;
  std::get<protocol::Generate>(hotter.work).sampling.temperature = 0.5;
  protocol::ServeRequest others = asked;
  others.unit = "anna";

  BOOST_TEST(fingerprint_of(asked).size() == 64u);
  BOOST_TEST(fingerprint_of(retried) == fingerprint_of(asked));
  for (const protocol::ServeRequest& other : {pinned, hotter, others, chat("ho")})
    BOOST_TEST(fingerprint_of(other) != fingerprint_of(asked));
}

BOOST_AUTO_TEST_CASE(long_tensors_are_part_of_the_fingerprint) {
  protocol::ServeRequest one;
  one.work = protocol::Infer{{{"x", DType::i8, {10'000}, Bytes::own(std::string(10'000, 'x'))}}, {}, {}};
  protocol::ServeRequest other = one;
  std::get<protocol::Infer>(other.work).inputs[0].data = Bytes::own(std::string(9'999, 'x') + 'y');
  BOOST_TEST(fingerprint_of(one) != fingerprint_of(other));
}

BOOST_AUTO_TEST_CASE(a_seed_comes_from_the_key_where_the_client_gave_none) {
  const auto seed = [](const RequestKey& key, std::optional<uint64_t> asked, double temperature) {
    auto request = std::make_shared<protocol::ServeRequest>(chat("hi"));
    auto& sampling = std::get<protocol::Generate>(request->work).sampling;
    sampling.seed = asked;
    sampling.temperature = temperature;
    return std::get<protocol::Generate>(with_seed_of(key, request)->work).sampling.seed;
  };

  BOOST_TEST(seed({"a", "k", "f"}, {}, 1).has_value());
  BOOST_TEST((seed({"a", "k", "f"}, {}, 1) == seed({"a", "k", "f"}, {}, 1)));
  BOOST_TEST((seed({"a", "k", "f"}, {}, 1) != seed({"a", "l", "f"}, {}, 1)));
  BOOST_TEST((seed({"a", "k", "f"}, 7, 1) == 7u));
  BOOST_TEST(!seed({"a", "k", "f"}, {}, 0).has_value());
}

BOOST_AUTO_TEST_CASE(a_key_has_1_to_255_visible_characters) {
  BOOST_TEST(check_idempotency_key("order-17/retry").has_value());
  BOOST_TEST(check_idempotency_key(std::string(255, 'k')).has_value());
  for (const std::string& wrong : {std::string(), std::string(256, 'k'), std::string("a b"), std::string("ä")}) {
    const auto checked = check_idempotency_key(wrong);
    BOOST_REQUIRE(!checked);
    BOOST_TEST((checked.error().code == Errc::invalid_argument));
    BOOST_TEST(checked.error().field == "idempotency-key");
  }
}

BOOST_AUTO_TEST_SUITE_END()
