#include "actors/gateway/grpc/infer_message.hpp"

#include <boost/test/unit_test.hpp>
#include <cstring>

#include "test/unit/gateway/proto_message.hpp"

using namespace troupe;
using namespace troupe::gateway;
using namespace troupe::gateway::testing;
using namespace std::string_literals;

namespace {

std::string refusal(const Request& request) {
  const auto read = read_infer_message(request.message());
  return read ? "accepted" : read.error().field + " | " + read.error().message;
}

/// InferTensorContents of numbers in a list of varints.
std::string contents(uint32_t list, const std::vector<int64_t>& values) {
  std::string out;
  put_packed(out, list, values);
  return out;
}

template <class T>
std::string bytes_of(std::initializer_list<T> values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), values.begin(), bytes.size());
  return bytes;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(infer_message)

BOOST_AUTO_TEST_CASE(a_request_with_everything_is_read) {
  Request request("clerk@2");
  request.id("7").parameter("mine", text_value("x")).parameter("k", int_value(-3)).parameter("t", bool_value(true));
  request.parameter("timeout", int_value(5000)).parameter("priority", int_value(0));
  request.parameter("triton_enable_empty_final_response", bool_value(true));
  request.add(input("a", "FP32", {2, 1})).add(input("b", "BYTES", {1})).output("y").output("z");
  request.raw(bytes_of({1.5F, 2.5F})).raw("\x02\x00\x00\x00hi"s);

  const auto read = read_infer_message(request.message());

  BOOST_TEST_REQUIRE(read.has_value(), refusal(request));
  BOOST_TEST(read->model == "clerk@2");
  BOOST_TEST(read->id == "7");
  BOOST_TEST((read->timeout == std::chrono::milliseconds(5)));
  BOOST_TEST(read->infer.parameters.size() == 3u);
  BOOST_TEST(read->infer.parameters.at("mine") == "x");
  BOOST_TEST(read->infer.parameters.at("k") == "-3");
  BOOST_TEST(read->infer.parameters.at("t") == "true");
  BOOST_TEST_REQUIRE(read->infer.inputs.size() == 2u);
  BOOST_TEST(read->infer.inputs[0].name == "a");
  BOOST_TEST((read->infer.inputs[0].dtype == DType::f32));
  BOOST_TEST(read->infer.inputs[0].shape == (std::vector<int64_t>{2, 1}), boost::test_tools::per_element());
  BOOST_TEST(read->infer.inputs[0].data.view() == bytes_of({1.5F, 2.5F}));
  BOOST_TEST(read->infer.inputs[1].data.view() == "\x02\x00\x00\x00hi"s);
  BOOST_TEST(read->infer.outputs == (std::vector<std::string>{"y", "z"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(raw_tensors_share_the_memory_of_the_message) {
  const Bytes message = Request().add(input("a", "UINT8", {5000})).raw(std::string(5000, 'x')).message();

  const auto read = read_infer_message(message);

  BOOST_TEST_REQUIRE(read.has_value());
  const std::byte* data = read->infer.inputs[0].data.data();
  BOOST_TEST((data > message.data() && data + 5000 <= message.data() + message.size()));
}

BOOST_AUTO_TEST_CASE(typed_contents_become_the_same_bytes) {
  std::string floats;
  put_element(floats, 6, bytes_of({1.5F, -2.0F}));
  std::string doubles;
  put_element(doubles, 7, bytes_of({0.25}));
  std::string texts;
  put_element(texts, 8, "ab");
  put_element(texts, 8, "");
  Request request;
  request.add(input("f", "FP32", {2}, floats)).add(input("d", "FP64", {1}, doubles));
  request.add(input("s", "BYTES", {2}, texts)).add(input("raw", "FP16", {1}));
  request.add(input("b", "BOOL", {2}, contents(1, {1, 0}))).add(input("i8", "INT8", {2}, contents(2, {-128, 127})));
  request.add(input("i32", "INT32", {1}, contents(2, {-5}))).add(input("i64", "INT64", {1}, contents(3, {-6})));
  request.add(input("u16", "UINT16", {1}, contents(4, {65535}))).add(input("u64", "UINT64", {1}, contents(5, {-1})));
  request.raw("\x01\x02");

  const auto read = read_infer_message(request.message());

  BOOST_TEST_REQUIRE(read.has_value(), refusal(request));
  const std::vector<std::string> wanted{bytes_of({1.5F, -2.0F}),
                                        bytes_of({0.25}),
                                        "\x02\x00\x00\x00"
                                        "ab\x00\x00\x00\x00"s,
                                        "\x01\x02",
                                        "\x01\x00"s,
                                        "\x80\x7f",
                                        bytes_of({int32_t{-5}}),
                                        bytes_of({int64_t{-6}}),
                                        "\xff\xff",
                                        bytes_of({~uint64_t{0}})};
  for (size_t i = 0; i < wanted.size(); ++i) BOOST_TEST(read->infer.inputs[i].data.view() == wanted[i]);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_named) {
  const std::string one = input("x", "UINT8", {1});
  BOOST_TEST(refusal(Request("").add(one).raw("a")) == "model_name | model_name is missing");
  BOOST_TEST(refusal(Request()) == "inputs | inputs must not be empty");
  BOOST_TEST(refusal(Request().add(input("", "UINT8", {1})).raw("a")) ==
             "inputs[0].name | inputs[0].name must have 1 to 256 bytes, found 0");
  BOOST_TEST(refusal(Request().add(input("x", "FLOAT", {1})).raw("a"))
                 .starts_with("inputs[0].datatype | inputs[0].datatype must be BOOL, "));
  BOOST_TEST(refusal(Request().add(one).add(one).raw("a").raw("b")) == "x | input \"x\" stands there twice");
  BOOST_TEST(refusal(Request().add(one).raw("ab")) == "x | tensor x: 1 elements of UINT8 take 1 bytes, but data has 2");
  BOOST_TEST(refusal(Request().add(one).raw("a").raw("b")) ==
             "raw_input_contents | raw_input_contents has 2 elements, but 1 inputs have no contents");
  BOOST_TEST(refusal(Request().add(input("x", "UINT8", {-1})).raw("a")) ==
             "x | tensor x: extent -1 in the shape is negative");
  BOOST_TEST(refusal(Request().add(input("x", "BYTES", {1})).raw("\xff\xff\xff\xff")) ==
             "x | tensor x: element 0 is 4294967295 bytes long, but 0 remain");
  BOOST_TEST(refusal(Request().id("\xff").add(one).raw("a")) == "id | id is not UTF-8");
}

BOOST_AUTO_TEST_CASE(contents_that_do_not_fit_are_named) {
  BOOST_TEST(refusal(Request().add(input("x", "FP32", {1}, contents(2, {1})))) ==
             "x | input \"x\": int_contents is not where FP32 belongs; that is fp32_contents");
  BOOST_TEST(refusal(Request().add(input("x", "INT8", {1}, contents(2, {128})))) == "x | input \"x\": 128 is no INT8");
  BOOST_TEST(refusal(Request().add(input("x", "UINT8", {1}, contents(4, {256})))) ==
             "x | input \"x\": 256 is no UINT8");
  BOOST_TEST(refusal(Request().add(input("x", "INT64", {2}, contents(3, {1})))) ==
             "x | tensor x: 2 elements of INT64 take 16 bytes, but data has 8");
  BOOST_TEST(refusal(Request().add(input("x", "FP16", {1}, contents(2, {1})))) ==
             "x | input \"x\" is FP16, which has no list in contents; send it in raw_input_contents");
}

BOOST_AUTO_TEST_CASE(what_would_grow_beyond_the_limits_is_refused_before_it_has) {
  const std::string many(2'200'000, '\x01');  // INT64s of one byte each.
  std::string grown;
  put_element(grown, 3, many);
  BOOST_TEST(refusal(Request().add(input("x", "INT64", {2'200'000}, grown))) ==
             "x | input \"x\": its contents take more than 16MiB; send it in raw_input_contents");

  Request crowd;
  for (int i = 0; i < 300; ++i) crowd.add("");
  BOOST_TEST(refusal(crowd).starts_with("inputs[0].name | "));
  Request outputs;
  for (int i = 0; i < 300; ++i) outputs.output("y");
  BOOST_TEST(refusal(outputs) == "outputs | outputs may list 256 tensors");
  Request parameters;
  for (int i = 0; i < 300; ++i) parameters.parameter(std::to_string(i), int_value(1));
  BOOST_TEST(refusal(parameters) == "parameters | parameters may have 128 keys");
  BOOST_TEST(refusal(Request().add(input("x", "UINT8", std::vector<int64_t>(17, 1))).raw("a")) ==
             "inputs[0].shape | inputs[0].shape may have 16 axes");
}

BOOST_AUTO_TEST_CASE(what_is_not_done_here_is_refused_by_name) {
  const std::string one = input("x", "UINT8", {1});
  BOOST_TEST(refusal(Request().parameter("priority", int_value(1)).add(one).raw("a")) ==
             "parameters.priority | parameters.priority is not supported: requests are served in the order they come");
  BOOST_TEST(refusal(Request().parameter("sequence_id", text_value("a")).add(one).raw("a"))
                 .starts_with("parameters.sequence_id | parameters.sequence_id is not supported: "));
  std::string shared = one;
  put_entry(shared, 4, "shared_memory_region", text_value("r"));
  BOOST_TEST(refusal(Request().add(shared)) ==
             "inputs[0].parameters.shared_memory_region | inputs[0].parameters.shared_memory_region is not supported: "
             "tensors come and go with the request");
  std::string unknown = one;
  put_entry(unknown, 4, "colour", text_value("red"));
  BOOST_TEST(refusal(Request().add(unknown)) ==
             "inputs[0].parameters.colour | there is no parameter inputs[0].parameters.colour");
  Request later;
  put_text(later.bytes, 9, "x");
  BOOST_TEST(refusal(later) == " | ModelInferRequest has a field 9, which is not known here");
}

BOOST_AUTO_TEST_CASE(an_answer_has_its_tensors_raw_and_long_ones_as_they_are) {
  const Bytes large = Bytes::own(std::string(5000, 'x'));
  const std::vector<protocol::Tensor> outputs{{"y", DType::u8, {2}, Bytes::copy("ab")},
                                              {"z", DType::u8, {1, 5000}, large}};

  const ProtoPieces response = write_infer_response({"clerk", "2", "7", std::nullopt, {}}, outputs);
  const std::string bytes = response.joined();

  BOOST_TEST(field_of(bytes, {1}) == "clerk");
  BOOST_TEST(field_of(bytes, {2}) == "2");
  BOOST_TEST(field_of(bytes, {3}) == "7");
  BOOST_TEST(field_of(bytes, {4}).empty());
  BOOST_TEST(field_of(bytes, {5, 1}) == "y");
  BOOST_TEST(field_of(bytes, {5, 2}) == "UINT8");
  BOOST_TEST(field_of(bytes, {6}) == "ab");
  BOOST_TEST(response.size() == bytes.size());
  BOOST_TEST_REQUIRE(response.pieces.size() == 2u);
  BOOST_TEST(response.pieces[1].data() == large.data());
}

BOOST_AUTO_TEST_CASE(a_stream_says_which_answer_is_the_last) {
  const InferHead head{"m", "1", "7", true, "stop"};

  const std::string bytes = write_stream_response(write_infer_response(head, {})).joined();
  const std::string failed = write_stream_error({"m", {}, "7", true, {}}, "no \xff such").joined();

  const std::string response = field_of(bytes, {2});
  BOOST_TEST(field_of(response, {3}) == "7");
  BOOST_TEST(field_of(response, {4, 1}) == "triton_final_response");
  BOOST_TEST(field_of(response, {4, 2}) == bool_value(true));
  BOOST_TEST(response.find("finish_reason") != std::string::npos);
  BOOST_TEST(field_of(failed, {1}) == "no ? such");
  BOOST_TEST(field_of(failed, {2, 3}) == "7");
}

BOOST_AUTO_TEST_CASE(the_names_of_a_message_that_is_wrong_are_known_as_far_as_they_stand_there) {
  const InferNames names = peek_names(Bytes::copy(Request("clerk").id("7").bytes + "\xff"));

  BOOST_TEST(names.model == "clerk");
  BOOST_TEST(names.id == "7");
}

BOOST_AUTO_TEST_SUITE_END()
