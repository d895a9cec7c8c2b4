#include "actors/gateway/http/open_inference.hpp"

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

using namespace troupe;
using namespace troupe::gateway;
using protocol::Tensor;

namespace {

Result<OpenInferenceRequest> parse(std::string_view body) {
  JsonParser parser;
  return parse_open_inference_request(body, parser);
}

Result<OpenInferenceRequest> parse_input(std::string_view datatype, std::string_view shape, std::string_view data) {
  return parse(
      fmt::format(R"({{"inputs":[{{"name":"x","datatype":"{}","shape":{},"data":{}}}]}})", datatype, shape, data));
}

template <class T>
std::vector<T> values(const Tensor& tensor) {
  std::vector<T> out(tensor.data.size() / sizeof(T));
  std::memcpy(out.data(), tensor.data.data(), tensor.data.size());
  return out;
}

template <class T>
Tensor tensor(DType dtype, const std::vector<T>& data) {
  const std::string_view raw(reinterpret_cast<const char*>(data.data()), data.size() * sizeof(T));
  return {"y", dtype, {static_cast<int64_t>(data.size())}, Bytes::copy(raw)};
}

std::string refusal(const Result<OpenInferenceRequest>& request) {
  return request ? "accepted" : request.error().field + " | " + request.error().message;
}

/// The `data` of the only output.
std::string written(Tensor output) {
  const auto body = format_open_inference_answer({{std::move(output)}}, "clerk", "2", "");
  if (!body) return to_string(body.error());
  const size_t begin = body->bytes.find("\"data\":") + 7;
  return body->bytes.substr(begin, body->bytes.size() - begin - 3);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(open_inference)

BOOST_AUTO_TEST_CASE(a_request_with_everything_is_read) {
  const auto request = parse(R"({"id":"42","parameters":{"a":"b","k":3,"t":true},
    "inputs":[{"name":"x","shape":[2],"datatype":"FP32","data":[1,2.5],"parameters":{}}],
    "outputs":[{"name":"y"}]})");

  BOOST_TEST_REQUIRE(request.has_value(), refusal(request));
  BOOST_TEST(request->id == "42");
  BOOST_TEST(request->infer.parameters.at("a") == "b");
  BOOST_TEST(request->infer.parameters.at("k") == "3");
  BOOST_TEST(request->infer.parameters.at("t") == "true");
  BOOST_TEST(request->infer.outputs.at(0) == "y");
  BOOST_TEST((values<float>(request->infer.inputs.at(0)) == std::vector<float>{1, 2.5}));
}

BOOST_AUTO_TEST_CASE(nested_and_flat_data_are_the_same_tensor) {
  const auto flat = parse_input("INT32", "[2,3]", "[1,2,3,4,5,6]");
  const auto nested = parse_input("INT32", "[2,3]", "[[1,2,3],[4,5,6]]");

  BOOST_TEST_REQUIRE(flat.has_value(), refusal(flat));
  BOOST_TEST_REQUIRE(nested.has_value(), refusal(nested));
  BOOST_TEST((flat->infer.inputs == nested->infer.inputs));
}

BOOST_AUTO_TEST_CASE(every_datatype_is_read_with_its_width) {
  BOOST_TEST(
      (values<uint8_t>(parse_input("BOOL", "[2]", "[true,false]")->infer.inputs[0]) == std::vector<uint8_t>{1, 0}));
  BOOST_TEST((values<uint8_t>(parse_input("UINT8", "[1]", "[255]")->infer.inputs[0]) == std::vector<uint8_t>{255}));
  BOOST_TEST((values<int8_t>(parse_input("INT8", "[1]", "[-128]")->infer.inputs[0]) == std::vector<int8_t>{-128}));
  BOOST_TEST(
      (values<uint16_t>(parse_input("UINT16", "[1]", "[65535]")->infer.inputs[0]) == std::vector<uint16_t>{65535}));
  BOOST_TEST((values<int16_t>(parse_input("INT16", "[1]", "[-5]")->infer.inputs[0]) == std::vector<int16_t>{-5}));
  BOOST_TEST((values<uint32_t>(parse_input("UINT32", "[1]", "[5]")->infer.inputs[0]) == std::vector<uint32_t>{5}));
  BOOST_TEST((values<uint64_t>(parse_input("UINT64", "[1]", "[18446744073709551615]")->infer.inputs[0]) ==
              std::vector<uint64_t>{std::numeric_limits<uint64_t>::max()}));
  BOOST_TEST((values<int64_t>(parse_input("INT64", "[1]", "[-9223372036854775808]")->infer.inputs[0]) ==
              std::vector<int64_t>{std::numeric_limits<int64_t>::min()}));
  BOOST_TEST((values<double>(parse_input("FP64", "[2]", "[0.1,2]")->infer.inputs[0]) == std::vector<double>{0.1, 2}));
  BOOST_TEST(parse_input("BYTES", "[2]", R"(["ab",""])")->infer.inputs[0].data.view() ==
             std::string_view("\2\0\0\0ab\0\0\0\0", 10));
}

BOOST_AUTO_TEST_CASE(scalars_and_empty_tensors_are_tensors) {
  BOOST_TEST((values<float>(parse_input("FP32", "[]", "5")->infer.inputs[0]) == std::vector<float>{5}));
  BOOST_TEST((values<float>(parse_input("FP32", "[]", "[5]")->infer.inputs[0]) == std::vector<float>{5}));
  BOOST_TEST(parse_input("FP32", "[0,4]", "[]")->infer.inputs[0].data.empty());
}

BOOST_AUTO_TEST_CASE(data_that_does_not_fit_is_refused_by_the_tensor_s_name) {
  BOOST_TEST(refusal(parse_input("FP32", "[2,3]", "[1,2,3]")) ==
             R"(x | input "x": data has 3 elements, the shape wants 6)");
  BOOST_TEST(refusal(parse_input("FP32", "[2]", "[1,2,3]")) ==
             R"(x | input "x": data has 3 elements, the shape wants 2)");
  BOOST_TEST(refusal(parse_input("FP32", "[2,2]", "[[1,2],[3]]")) ==
             R"(x | input "x": data[1] has 1 elements, the shape wants 2 elements there)");
  BOOST_TEST(refusal(parse_input("FP32", "[2,2]", "[[1,2],3]")) ==
             R"(x | input "x": data[1] must be a list, found the number 3)");
  BOOST_TEST(refusal(parse_input("FP32", "[1]", "[[1]]")) ==
             R"(x | input "x": data element 0 must be FP32, found a list)");
  BOOST_TEST(refusal(parse_input("FP32", "[1]", "5")) == R"(x | input "x": data must be a list, found the number 5)");
  BOOST_TEST(refusal(parse_input("INT8", "[2]", "[1,300]")) ==
             R"(x | input "x": data element 1 must be INT8, found the number 300)");
  BOOST_TEST(refusal(parse_input("UINT64", "[1]", "[-1]")) ==
             R"(x | input "x": data element 0 must be UINT64, found the number -1)");
  BOOST_TEST(refusal(parse_input("INT32", "[1]", "[1.5]")) ==
             R"(x | input "x": data element 0 must be INT32, found the number 1.5)");
  BOOST_TEST(refusal(parse_input("FP32", "[1]", "[1e39]")) ==
             R"(x | input "x": data element 0 must be FP32, found the number 1e+39)");
  BOOST_TEST(refusal(parse_input("BOOL", "[1]", "[1]")) ==
             R"(x | input "x": data element 0 must be BOOL, found the number 1)");
  BOOST_TEST(refusal(parse_input("BYTES", "[1]", "[1]")) ==
             R"(x | input "x": data element 0 must be BYTES, found the number 1)");
  BOOST_TEST(refusal(parse_input("FP32", "[1]", "[null]")) ==
             R"(x | input "x": data element 0 must be FP32, found null)");
  BOOST_TEST(refusal(parse_input("FP32", "[4294967296,4294967296]", "[]")) ==
             R"(x | input "x": the shape asks for more elements than there are numbers)");
}

BOOST_AUTO_TEST_CASE(half_precision_has_no_json_form) {
  const auto request = parse_input("FP16", "[1]", "[1]");

  BOOST_TEST(refusal(request) ==
             "inputs[0].datatype | inputs[0].datatype is FP16, which JSON cannot carry; send it as "
             "binary data");
  BOOST_TEST((request.error().code == Errc::unimplemented));
}

BOOST_AUTO_TEST_CASE(requests_that_are_none_are_refused) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"{}", "inputs | inputs is missing: a list of tensors"},
      {R"({"inputs":{}})", "inputs | inputs must be a list, found an object"},
      {R"({"inputs":[]})", "inputs | inputs must not be empty"},
      {R"({"inputs":[5]})", "inputs[0] | inputs[0] must be an object, found the number 5"},
      {R"({"inputs":[{}]})", "inputs[0].name | inputs[0].name is missing"},
      {R"({"inputs":[{"name":"x"}]})", "inputs[0].datatype | inputs[0].datatype is missing"},
      {R"({"inputs":[{"name":"x","datatype":"FP32"}]})", "inputs[0].shape | inputs[0].shape is missing"},
      {R"({"inputs":[{"name":"x","datatype":"FP32","shape":[1]}]})", "inputs[0].data | inputs[0].data is missing"},
      {R"({"inputs":[{"name":""}]})", "inputs[0].name | inputs[0].name must have 1 to 256 bytes, found 0"},
      {R"({"inputs":[{"datatype":"FLOAT"}]})",
       "inputs[0].datatype | inputs[0].datatype must be BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, "
       R"(INT64, FP16, BF16, FP32, FP64 or BYTES, found the string "FLOAT")"},
      {R"({"inputs":[{"shape":[1,-1]}]})",
       "inputs[0].shape | inputs[0].shape[1] must be an integer from 0, found the number -1"},
      {R"({"inputs":[{"shape":"1"}]})", R"(inputs[0].shape | inputs[0].shape must be a list, found the string "1")"},
      {R"({"inputs":[{"dtype":"FP32"}]})", "inputs[0].dtype | there is no parameter inputs[0].dtype"},
      {R"({"inputs":[{"parameters":{"binary_data_size":-4}}]})",
       "inputs[0].parameters.binary_data_size | inputs[0].parameters.binary_data_size must be an integer from 0 to "
       "9223372036854775807, found the number -4"},
      {R"({"inputs":[{"parameters":{"binary_size":4}}]})",
       "inputs[0].parameters.binary_size | there is no parameter inputs[0].parameters.binary_size (did you mean "
       "binary_data_size?)"},
      {R"({"inputs":[{"parameters":{"shared_memory_region":"r"}}]})",
       "inputs[0].parameters.shared_memory_region | inputs[0].parameters.shared_memory_region is not supported: "
       "tensors "
       "come and go with the request"},
      {R"({"outputs":[{"name":"y","parameters":{"classification":3}}]})",
       "outputs[0].parameters.classification | outputs[0].parameters.classification is not supported: ask for the "
       "output "
       "itself, and pick the largest from it"},
      {R"({"parameters":{"sequence_id":7}})",
       "parameters.sequence_id | parameters.sequence_id is not supported: models here keep nothing between requests"},
      {R"({"parameters":{"priority":1}})",
       "parameters.priority | parameters.priority is not supported: requests are served in the order they come"},
      {R"({"parameters":{"timeout":-1}})",
       "parameters.timeout | parameters.timeout must be an integer from 0 to 86400000000, found the number -1"},
      {R"({"input":[]})", "input | there is no parameter input (did you mean inputs?)"},
      {R"({"id":5})", "id | id must be a string, found the number 5"},
      {R"({"parameters":{"a":[]}})",
       "parameters.a | parameters.a must be a string, a number, true or false, found a list"},
      {R"({"outputs":[{}]})", "outputs[0].name | outputs[0].name is missing"},
      {R"({"outputs":["y"]})", R"(outputs[0] | outputs[0] must be an object, found the string "y")"},
      {R"({"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1]},
                     {"name":"x","datatype":"FP32","shape":[1],"data":[1]}]})",
       R"(x | input "x" stands there twice)"},
  };
  for (const auto& [body, wanted] : cases) BOOST_TEST(refusal(parse(body)) == wanted);
}

BOOST_AUTO_TEST_CASE(an_answer_is_the_protocol_s_object) {
  const auto body = format_open_inference_answer({{tensor<float>(DType::f32, {1, 2.5})}}, "clerk", "2", "42");

  BOOST_TEST_REQUIRE(body.has_value());
  BOOST_TEST(body->bytes == R"({"model_name":"clerk","model_version":"2","id":"42","outputs":[{"name":"y",)"
                            R"("datatype":"FP32","shape":[2],"data":[1,2.5]}]})");
}

BOOST_AUTO_TEST_CASE(every_datatype_is_written) {
  BOOST_TEST(written(tensor<uint8_t>(DType::boolean, {1, 0})) == "[true,false]");
  BOOST_TEST(written(tensor<uint8_t>(DType::u8, {255})) == "[255]");
  BOOST_TEST(written(tensor<int8_t>(DType::i8, {-1})) == "[-1]");
  BOOST_TEST(written(tensor<uint16_t>(DType::u16, {65535})) == "[65535]");
  BOOST_TEST(written(tensor<int16_t>(DType::i16, {-2})) == "[-2]");
  BOOST_TEST(written(tensor<uint32_t>(DType::u32, {7})) == "[7]");
  BOOST_TEST(written(tensor<int32_t>(DType::i32, {-7})) == "[-7]");
  BOOST_TEST(written(tensor<uint64_t>(DType::u64, {~0ull})) == "[18446744073709551615]");
  BOOST_TEST(written(tensor<int64_t>(DType::i64, {-9})) == "[-9]");
  BOOST_TEST(written(tensor<double>(DType::f64, {0.1})) == "[0.1]");
  BOOST_TEST(written({"y", DType::bytes, {2}, Bytes::copy({"\2\0\0\0a\"\0\0\0\0", 10})}) == R"(["a\"",""])");
  BOOST_TEST(written({"y", DType::f32, {0}, {}}) == "[]");
}

BOOST_AUTO_TEST_CASE(numbers_json_lacks_become_null) {
  const float inf = std::numeric_limits<float>::infinity();

  BOOST_TEST(written(tensor<float>(DType::f32, {inf, std::numeric_limits<float>::quiet_NaN(), 1})) == "[null,null,1]");
}

BOOST_AUTO_TEST_CASE(what_json_cannot_carry_is_an_error_that_names_the_output) {
  BOOST_TEST(written(tensor<uint16_t>(DType::f16, {0})) ==
             R"(unimplemented: output "y" has datatype FP16, which JSON cannot carry; ask for it as binary data)");
  BOOST_TEST(written({"y", DType::bytes, {1}, Bytes::copy({"\1\0\0\0\xff", 5})}) ==
             R"(unimplemented: output "y" holds bytes that are not UTF-8, which JSON cannot carry; )"
             "ask for it as binary data");
  BOOST_TEST(written({"y", DType::f32, {3}, Bytes::copy("1234")}).starts_with("internal: output is malformed: "));
}

BOOST_AUTO_TEST_CASE(parameters_that_are_the_server_s_do_not_reach_the_model) {
  const auto request = parse(R"({"parameters":{"timeout":5000,"priority":0,"sequence_id":0,"binary_data_output":true,
    "mine":1.5},"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]})");

  BOOST_TEST_REQUIRE(request.has_value(), refusal(request));
  BOOST_TEST((request->timeout == std::chrono::milliseconds{5}));
  BOOST_TEST(request->infer.parameters.size() == 1u);
  BOOST_TEST(request->infer.parameters.at("mine") == "1.5");
  BOOST_TEST(request->binary.others);
}

BOOST_AUTO_TEST_CASE(binary_tensors_share_the_body_s_memory_in_the_order_they_stand) {
  const Bytes body = Bytes::copy(std::string_view("\x00\x3c\x80\x3f\2\0\0\0ab", 10));

  JsonParser parser;
  const auto request = parse_open_inference_request(R"({"inputs":[
    {"name":"h","datatype":"FP16","shape":[1],"parameters":{"binary_data_size":2}},
    {"name":"j","datatype":"INT8","shape":[1],"data":[7]},
    {"name":"b","datatype":"BF16","shape":[1],"parameters":{"binary_data_size":2}},
    {"name":"s","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":6}}]})",
                                                    parser, body);

  BOOST_TEST_REQUIRE(request.has_value(), refusal(request));
  const auto& inputs = request->infer.inputs;
  BOOST_TEST(inputs[0].data.data() == body.data());
  BOOST_TEST(inputs[0].data.size() == 2u);
  BOOST_TEST((values<int8_t>(inputs[1]) == std::vector<int8_t>{7}));
  BOOST_TEST(inputs[2].data.data() == body.data() + 2);
  BOOST_TEST(inputs[3].data.data() == body.data() + 4);
}

BOOST_AUTO_TEST_CASE(binary_data_that_does_not_fit_is_refused_by_the_tensor_s_name) {
  const auto parse_binary = [](std::string_view shape, size_t told, std::string_view data) {
    JsonParser parser;
    const std::string body = fmt::format(
        R"({{"inputs":[{{"name":"x","datatype":"INT16","shape":{},"parameters":{{"binary_data_size":{}}}}}]}})", shape,
        told);
    return parse_open_inference_request(body, parser, Bytes::copy(data));
  };

  BOOST_TEST(refusal(parse_binary("[1]", 2, "ab")) == "accepted");
  BOOST_TEST(refusal(parse_binary("[2]", 2, "ab")) == "x | tensor x: 2 elements of INT16 take 4 bytes, but data has 2");
  BOOST_TEST(refusal(parse_binary("[1]", 2, "a")) ==
             R"(x | input "x": binary_data_size is 2, but 1 bytes of binary data are left)");
  BOOST_TEST(refusal(parse_binary("[1]", 2, "abc")) ==
             "inputs | 3 bytes of binary data follow the JSON, but the inputs take 2");
  JsonParser parser;
  BOOST_TEST(refusal(parse_open_inference_request(R"({"inputs":[{"name":"x","datatype":"INT8","shape":[1],"data":[1],
    "parameters":{"binary_data_size":1}}]})",
                                                  parser, Bytes::copy("a"))) ==
             "inputs[0].data | inputs[0] has both data and a binary_data_size; one of them is wanted");
}

BOOST_AUTO_TEST_CASE(outputs_go_as_binary_data_where_that_is_asked_for) {
  const protocol::InferResult result{{tensor<int8_t>(DType::i8, {1, 2}), {"h", DType::f16, {1}, Bytes::copy("hf")}}};

  const auto body = format_open_inference_answer(result, "m", "1", "", {{{"y", false}}, true});
  const auto plain = format_open_inference_answer({{result.outputs[0]}}, "m", "1", "", {{{"h", true}}, false});

  BOOST_TEST_REQUIRE(body.has_value());
  BOOST_TEST_REQUIRE(body->json_bytes.has_value());
  BOOST_TEST(body->bytes.substr(0, *body->json_bytes) ==
             R"({"model_name":"m","model_version":"1","outputs":[{"name":"y","datatype":"INT8","shape":[2],)"
             R"("data":[1,2]},{"name":"h","datatype":"FP16","shape":[1],"parameters":{"binary_data_size":2}}]})");
  BOOST_TEST(body->bytes.substr(*body->json_bytes) == "hf");
  BOOST_TEST_REQUIRE(plain.has_value());
  BOOST_TEST(!plain->json_bytes.has_value());
}

BOOST_AUTO_TEST_CASE(what_is_written_can_be_read_again) {
  const auto original = parse_input("FP32", "[3]", "[0.1,-1e-7,3.4028235e38]")->infer.inputs[0];
  auto output = original;
  output.name = "x";

  const auto again = parse_input("FP32", "[3]", written(output));

  BOOST_TEST_REQUIRE(again.has_value(), refusal(again));
  BOOST_TEST((again->infer.inputs[0] == original));
}

BOOST_AUTO_TEST_SUITE_END()
