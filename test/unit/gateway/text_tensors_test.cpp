#include "actors/gateway/grpc/text_tensors.hpp"

#include <boost/test/unit_test.hpp>
#include <cstring>

#include "test/unit/gateway/proto_message.hpp"

using namespace troupe;
using namespace troupe::gateway;
using namespace troupe::gateway::testing;
using namespace std::string_literals;

namespace {

Result<protocol::Generate> read(const Request& request, bool is_stream = false) {
  TROUPE_TRY(const InferMessage message, read_infer_message(request.message()));
  BOOST_TEST(asks_for_text(message.infer, nullptr));
  JsonParser parser;
  return read_text_request(message, is_stream, parser);
}

std::string refusal(const Request& request, bool is_stream = false) {
  const auto generate = read(request, is_stream);
  return generate ? "accepted" : generate.error().field + " | " + generate.error().message;
}

template <class T>
std::string bytes_of(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

Request hi() {
  return Request().text("text_input", "hi \"you\"");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(text_tensors)

BOOST_AUTO_TEST_CASE(a_prompt_alone_is_a_request_with_the_usual_sampling) {
  const auto generate = read(hi());

  BOOST_TEST_REQUIRE(generate.has_value(), refusal(hi()));
  BOOST_TEST(std::get<protocol::PlainText>(generate->prompt).text == "hi \"you\"");
  BOOST_TEST(!generate->stream);
  BOOST_TEST(!generate->echo);
  BOOST_TEST(generate->sampling.max_tokens == 16u);
}

BOOST_AUTO_TEST_CASE(settings_come_in_inputs) {
  Request request = hi();
  request.add(input("max_tokens", "INT32", {1, 1})).raw(bytes_of(int32_t{3}));
  request.add(input("temperature", "FP32", {1})).raw(bytes_of(0.5F));
  request.add(input("stop", "BYTES", {2}))
      .raw(
          "\x01\x00\x00\x00"
          "a"
          "\x01\x00\x00\x00"
          "b"s);
  request.add(input("exclude_input_in_output", "BOOL", {1})).raw("\0"s);

  const auto generate = read(request);

  BOOST_TEST_REQUIRE(generate.has_value(), refusal(request));
  BOOST_TEST(generate->sampling.max_tokens == 3u);
  BOOST_TEST(generate->sampling.temperature == 0.5);
  BOOST_TEST(generate->sampling.stop == (std::vector<std::string>{"a", "b"}), boost::test_tools::per_element());
  BOOST_TEST(generate->echo);
}

BOOST_AUTO_TEST_CASE(settings_come_in_parameters_and_in_an_object_where_numbers_may_be_text) {
  Request request = hi();
  request.parameter("max_tokens", int_value(3)).parameter("seed", text_value("11"));
  request.text("sampling_parameters", R"({"temperature": "0.5", "top_p": 0.25, "stop": "1"})");

  const auto generate = read(request);

  BOOST_TEST_REQUIRE(generate.has_value(), refusal(request));
  BOOST_TEST(generate->sampling.max_tokens == 3u);
  BOOST_TEST(generate->sampling.seed.value() == 11u);
  BOOST_TEST(generate->sampling.temperature == 0.5);
  BOOST_TEST(generate->sampling.top_p == 0.25);
  BOOST_TEST(generate->sampling.stop == (std::vector<std::string>{"1"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_stream_gets_pieces_unless_it_wants_none) {
  Request whole = hi();
  whole.add(input("stream", "BOOL", {1})).raw("\0"s);
  Request pieces = hi();
  pieces.parameter("stream", bool_value(true));

  BOOST_TEST(read(hi(), true)->stream);
  BOOST_TEST(!read(whole, true)->stream);
  BOOST_TEST(read(pieces, true)->stream);
  BOOST_TEST(refusal(pieces, false) == "stream | stream is true; ask ModelStreamInfer for a stream");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_named) {
  BOOST_TEST(refusal(Request().add(input("text_input", "BYTES", {0})).raw("")) ==
             "text_input | input \"text_input\" must be BYTES with 1 element, found BYTES with 0");
  BOOST_TEST(refusal(Request().add(input("text_input", "UINT8", {1})).raw("a")) ==
             "text_input | input \"text_input\" must be BYTES with 1 element, found UINT8 with 1");
  BOOST_TEST(refusal(Request().text("text_input", "\xff")) == "text_input | input \"text_input\" is not UTF-8");
  BOOST_TEST(refusal(hi().parameter("temperature", int_value(3))) ==
             "parameters.temperature | parameters.temperature must be a number from 0 to 2, found 3");
  BOOST_TEST(refusal(hi().parameter("max_token", int_value(3))) ==
             "parameters.max_token | there is no parameter parameters.max_token (did you mean max_tokens?)");
  BOOST_TEST(refusal(hi().text("sampling_parameters", "[]")) ==
             "sampling_parameters | input \"sampling_parameters\": the body must be a JSON object, found a list");
  BOOST_TEST(refusal(hi().parameter("max_tokens", int_value(1)).parameter("stream", text_value("yes"))) ==
             "parameters.stream | parameters.stream must be true or false, found \"yes\"");
  BOOST_TEST(refusal(hi().output("logprobs")) ==
             "outputs | there is no output \"logprobs\"; generated text is \"text_output\"");
}

BOOST_AUTO_TEST_CASE(whether_the_input_means_text_is_the_models_to_say) {
  using protocol::ModelTask;
  const protocol::Infer infer = read_infer_message(hi().message())->infer;
  const auto asks = [&](std::vector<ModelTask> tasks, std::vector<protocol::TensorSpec> inputs = {}) {
    protocol::ModelInterface known;
    known.tasks = std::move(tasks);
    known.inputs = std::move(inputs);
    return asks_for_text(infer, &known);
  };
  const std::vector<protocol::TensorSpec> declared{{"text_input", DType::bytes, {-1}}};

  BOOST_TEST(asks({ModelTask::generate}));
  BOOST_TEST(!asks({ModelTask::infer}));
  BOOST_TEST(asks({ModelTask::generate, ModelTask::infer}));
  BOOST_TEST(!asks({ModelTask::generate, ModelTask::infer}, declared));
  BOOST_TEST(!asks_for_text({{{"x", DType::bytes, {0}, {}}}, {}, {}}, nullptr));
}

BOOST_AUTO_TEST_CASE(text_goes_back_as_one_element) {
  const protocol::Tensor tensor = text_tensor("ab");

  BOOST_TEST(tensor.name == "text_output");
  BOOST_TEST(tensor.data.view() ==
             "\x02\x00\x00\x00"
             "ab"s);
  BOOST_TEST(protocol::validate(tensor).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
