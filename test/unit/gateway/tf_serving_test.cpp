#include "actors/gateway/http/tf_serving.hpp"

#include <boost/test/unit_test.hpp>
#include <cstring>

using namespace troupe;
using namespace troupe::gateway;
using protocol::Tensor;

namespace {

Result<TfRequest> parse(std::string_view body, TfVerb verb = TfVerb::predict) {
  JsonParser parser;
  return parse_tf_request(verb, body, parser);
}

std::string refusal(std::string_view body, TfVerb verb = TfVerb::predict) {
  const auto request = parse(body, verb);
  return request ? "accepted" : request.error().field + " | " + request.error().message;
}

/// "name DTYPE [shape] values"
std::string shown(const Tensor& tensor) {
  std::string text = fmt::format("{} {} [{}]", tensor.name, to_string(tensor.dtype), fmt::join(tensor.shape, ","));
  const auto show = [&]<class T>(T) {
    for (size_t at = 0; at + sizeof(T) <= tensor.data.size(); at += sizeof(T)) {
      T value;
      std::memcpy(&value, tensor.data.data() + at, sizeof value);
      text += fmt::format(" {}", value);
    }
  };
  if (tensor.dtype == DType::i64) show(int64_t{});
  if (tensor.dtype == DType::f32) show(float{});
  if (tensor.dtype == DType::boolean) show(bool{});
  if (tensor.dtype == DType::bytes) text += " " + std::string(tensor.data.view());
  return text;
}

std::string shown(std::string_view body, TfVerb verb = TfVerb::predict) {
  const auto request = parse(body, verb);
  if (!request) return to_string(request.error());
  std::string text;
  for (const Tensor& tensor : request->infer.inputs) {
    BOOST_TEST(protocol::validate(tensor).has_value());
    text += (text.empty() ? "" : "; ") + shown(tensor);
  }
  return text;
}

template <class T>
Tensor tensor(std::string name, DType dtype, std::vector<int64_t> shape, const std::vector<T>& data) {
  const std::string_view raw(reinterpret_cast<const char*>(data.data()), data.size() * sizeof(T));
  return {std::move(name), dtype, std::move(shape), Bytes::copy(raw)};
}

Tensor words(std::string name, std::vector<int64_t> shape, const std::vector<std::string>& data) {
  std::string raw;
  for (const std::string& word : data) {
    const auto length = static_cast<uint32_t>(word.size());
    raw.append(reinterpret_cast<const char*>(&length), sizeof length);
    raw += word;
  }
  return {std::move(name), DType::bytes, std::move(shape), Bytes::own(std::move(raw))};
}

std::string written(std::vector<Tensor> outputs, TfVerb verb, TfFormat format = TfFormat::rows) {
  const auto body = format_tf_answer({std::move(outputs)}, verb, format);
  return body ? *body : to_string(body.error());
}

std::string rows(std::vector<Tensor> outputs) {
  return written(std::move(outputs), TfVerb::predict, TfFormat::rows);
}
std::string columns(std::vector<Tensor> outputs) {
  return written(std::move(outputs), TfVerb::predict, TfFormat::columns);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tf_serving)

BOOST_AUTO_TEST_CASE(rows_of_values_become_one_tensor_with_the_rows_along_axis_0) {
  BOOST_TEST(shown(R"({"instances":[1,2,3]})") == "inputs INT64 [3] 1 2 3");
  BOOST_TEST(shown(R"({"instances":[[1,2],[3,4.5]]})") == "inputs FP32 [2,2] 1 2 3 4.5");
  BOOST_TEST(shown(R"({"instances":[[[true]],[[false]]]})") == "inputs BOOL [2,1,1] true false");
  BOOST_TEST(shown(R"({"signature_name":"serving_default","instances":[[],[]]})") == "inputs FP32 [2,0]");
  BOOST_TEST(shown(R"({"instances":["a","b"]})") == "inputs BYTES [2] " + std::string("\1\0\0\0a\1\0\0\0b", 10));
}

BOOST_AUTO_TEST_CASE(rows_of_named_values_become_a_tensor_a_name) {
  BOOST_TEST(shown(R"({"instances":[{"x":[1,2],"k":0.5},{"k":1,"x":[3,4]}]})") ==
             "x INT64 [2,2] 1 2 3 4; k FP32 [2] 0.5 1");
}

BOOST_AUTO_TEST_CASE(columns_are_taken_as_they_stand) {
  BOOST_TEST(shown(R"({"inputs":[[1,2],[3,4]]})") == "inputs INT64 [2,2] 1 2 3 4");
  BOOST_TEST(shown(R"({"inputs":{"x":[[1.5]],"k":7}})") == "x FP32 [1,1] 1.5; k INT64 [] 7");
  BOOST_TEST((parse(R"({"inputs":[1]})")->format == TfFormat::columns));
  BOOST_TEST((parse(R"({"instances":[1]})")->format == TfFormat::rows));
}

BOOST_AUTO_TEST_CASE(base64_is_bytes_wherever_a_value_may_stand) {
  const std::string two("\2\0\0\0\xff\0", 6);

  BOOST_TEST(shown(R"({"instances":[{"b64":"/wA="}]})") == "inputs BYTES [1] " + two);
  BOOST_TEST(shown(R"({"instances":[{"image":{"b64":"/wA="}}]})") == "image BYTES [1] " + two);
  BOOST_TEST(shown(R"({"inputs":{"b64":"/wA="}})") == "inputs BYTES [] " + two);
  BOOST_TEST(shown(R"({"inputs":{"image":[{"b64":"/wA="},""]}})") ==
             "image BYTES [2] " + two + std::string("\0\0\0\0", 4));
  BOOST_TEST(refusal(R"({"instances":[{"b64":"/w="}]})") == "instances[0] | instances[0].b64 is not valid base64");
  BOOST_TEST(refusal(R"({"instances":[{"b64":5}]})") ==
             "instances[0].b64 | instances[0].b64 must be a string, found the number 5");
}

BOOST_AUTO_TEST_CASE(examples_become_a_tensor_a_feature_and_share_their_context) {
  BOOST_TEST(shown(R"({"examples":[{"x":1},{"x":2}],"context":{"k":"a"}})", TfVerb::classify) ==
             "x INT64 [2] 1 2; k BYTES [2] " + std::string("\1\0\0\0a\1\0\0\0a", 10));
  BOOST_TEST(refusal(R"({"instances":[1]})", TfVerb::regress) == "instances | there is no parameter instances");
  BOOST_TEST(refusal(R"({})", TfVerb::regress) == "examples | examples is missing: a list of objects of features");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_said_with_its_place) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"{}", "instances | instances is missing: a list of rows; or inputs, in columns"},
      {R"({"instances":[]})", "instances | instances must not be empty"},
      {R"({"instances":5})", "instances | instances must be a list, found the number 5"},
      {R"({"instances":[1],"inputs":[1]})", "inputs | there are both instances and inputs; one is wanted"},
      {R"({"instances":[1],"signature_name":"other"})",
       "signature_name | signature_name must be serving_default: models here have one signature"},
      {R"({"instanses":[1]})", "instanses | there is no parameter instanses (did you mean instances?)"},
      {R"({"instances":[[1,2],[3]]})", "instances[1] | instances[1] has 1 elements where the lists before it have 2"},
      {R"({"instances":[[1],2]})", "instances[1] | instances[1] must be a list of 1, found the number 2"},
      {R"({"instances":[1,[2]]})", "instances[1] | instances[1] is a list where the values before it are none"},
      {R"({"inputs":[[1,[2]]]})", "inputs[0] | inputs[0] holds lists where the lists before it hold none"},
      {R"({"instances":[1,"a"]})", R"(instances[1] | instances[1] holds the string "a" among values of another type)"},
      {R"({"instances":[null]})",
       R"(instances[0] | instances[0] must hold numbers, strings, {"b64": "…"}, true or false, found null)"},
      {R"({"instances":[18446744073709551615]})",
       R"(instances[0] | instances[0] must hold numbers, strings, {"b64": "…"}, true or false, found the number 18446744073709551615)"},
      {R"({"instances":[1e39]})", "instances[0] | instances[0] holds 1e+39, which FP32 cannot"},
      {R"({"instances":[{"x":1},{"y":1}]})", "x | input \"x\" has a value in 1 of 2 rows"},
      {R"({"instances":[{"x":1},5]})",
       "instances[1] | instances[1] must be an object of named values as the rows before it, found the number 5"},
      {R"({"instances":[{"x":1,"x":2}]})", "instances[0].x | instances[0].x stands there twice"},
      {R"({"instances":[{"":1}]})", "instances[0]. | instances[0]. names an input of 0 bytes; 1 to 256 are wanted"},
  };
  for (const auto& [body, wanted] : cases) BOOST_TEST(refusal(body) == wanted);
}

BOOST_AUTO_TEST_CASE(values_become_what_the_model_declares_to_take) {
  const std::vector<protocol::TensorSpec> one{{"x", DType::f32, {-1}}};
  const std::vector<protocol::TensorSpec> two{{"x", DType::f32, {-1}}, {"n", DType::i32, {-1}}};
  const auto taken = [](std::string_view body, const std::vector<protocol::TensorSpec>& declared) {
    JsonParser parser;
    const auto request = parse_tf_request(TfVerb::predict, body, parser, declared);
    if (!request) return request.error().message;
    std::string text;
    for (const Tensor& input : request->infer.inputs) text += (text.empty() ? "" : "; ") + shown(input);
    return text;
  };

  BOOST_TEST(taken(R"({"instances":[1,2]})", one) == "x FP32 [2] 1 2");  // One input needs no name.
  BOOST_TEST(taken(R"({"inputs":[[1],[2.5]]})", one) == "x FP32 [2,1] 1 2.5");
  BOOST_TEST(taken(R"({"instances":[{"x":1,"n":2}]})", two) == "x FP32 [1] 1; n INT32 [1]");
  BOOST_TEST(taken(R"({"instances":[1]})", two) == "inputs INT64 [1] 1");  // Of two it may be none: the model says so.
  BOOST_TEST(taken(R"({"instances":[{"z":1}]})", one) == "z INT64 [1] 1");

  BOOST_TEST(taken(R"({"instances":[{"x":1,"n":2.5}]})", two) == "instances[0].n holds 2.5, which INT32 cannot");
  BOOST_TEST(taken(R"({"instances":[{"x":1,"n":3000000000}]})", two) ==
             "instances[0].n holds 3000000000, which INT32 cannot");
  BOOST_TEST(taken(R"({"instances":["a"]})", one) == "instances[0] holds \"a\", which FP32 cannot");
  BOOST_TEST(taken(R"({"instances":[true]})", one) == "instances[0] holds true, which FP32 cannot");
  BOOST_TEST(taken(R"({"instances":[1]})", {{"x", DType::u8, {}}}) == "x UINT8 [1]");
  BOOST_TEST(taken(R"({"instances":[256]})", {{"x", DType::u8, {}}}) == "instances[0] holds 256, which UINT8 cannot");
  BOOST_TEST(taken(R"({"instances":[1]})", {{"x", DType::f16, {}}}) ==
             "instances[0] is for an input of FP16, which JSON does not carry here; send it to /v2 as binary data");
}

BOOST_AUTO_TEST_CASE(one_output_is_a_plain_list_and_several_are_objects) {
  const Tensor y = tensor<float>("y", DType::f32, {2, 2}, {1, 2.5, -3, 4});
  const Tensor k = tensor<int32_t>("k", DType::i32, {2}, {7, 8});

  BOOST_TEST(rows({y}) == R"({"predictions":[[1.0,2.5],[-3.0,4.0]]})");
  BOOST_TEST(rows({y, k}) == R"({"predictions":[{"y":[1.0,2.5],"k":7},{"y":[-3.0,4.0],"k":8}]})");
  BOOST_TEST(columns({y}) == R"({"outputs":[[1.0,2.5],[-3.0,4.0]]})");
  BOOST_TEST(columns({k, y}) == R"({"outputs":{"k":[7,8],"y":[[1.0,2.5],[-3.0,4.0]]}})");
  BOOST_TEST(rows({tensor<float>("y", DType::f32, {0, 2}, {})}) == R"({"predictions":[]})");
  BOOST_TEST(columns({tensor<float>("y", DType::f32, {}, {5})}) == R"({"outputs":5.0})");
}

BOOST_AUTO_TEST_CASE(bytes_are_text_where_they_can_be) {
  BOOST_TEST(rows({words("y", {2}, {"a\"b", "\xff"})}) == R"({"predictions":["a\"b",{"b64":"/w=="}]})");
  BOOST_TEST(rows({words("image_bytes", {1}, {"a"})}) == R"({"predictions":[{"b64":"YQ=="}]})");
}

BOOST_AUTO_TEST_CASE(halves_and_numbers_json_lacks_are_written) {
  const auto inf = std::numeric_limits<double>::infinity();

  BOOST_TEST(rows({tensor<uint16_t>("y", DType::f16, {5}, {0x3c00, 0xc000, 0x7bff, 0x0001, 0x7c00})}) ==
             R"({"predictions":[1.0,-2.0,65504.0,5.9604645e-08,null]})");
  BOOST_TEST(rows({tensor<uint16_t>("y", DType::bf16, {2}, {0x3f80, 0xc020})}) == R"({"predictions":[1.0,-2.5]})");
  BOOST_TEST(rows({tensor<double>("y", DType::f64, {2}, {inf, 0.1})}) == R"({"predictions":[null,0.1]})");
}

BOOST_AUTO_TEST_CASE(outputs_that_are_no_rows_are_an_error) {
  BOOST_TEST(rows({tensor<float>("y", DType::f32, {}, {5})}) ==
             R"(failed_precondition: output "y" has no rows; ask in columns, with "inputs")");
  BOOST_TEST(rows({tensor<int8_t>("y", DType::i8, {2}, {1, 2}), tensor<int8_t>("z", DType::i8, {1}, {1})}) ==
             R"(failed_precondition: output "y" has 2 rows and "z" 1; ask in columns, with "inputs")");
  BOOST_TEST(rows({tensor<int8_t>("y", DType::i8, {int64_t{1} << 40, 0}, {})}) ==
             R"(failed_precondition: output "y" is empty lists only)");
  BOOST_TEST(rows({tensor<int8_t>("y", DType::i8, {2}, {1})}).starts_with("internal: output is malformed"));
}

BOOST_AUTO_TEST_CASE(classes_have_labels_and_scores_and_regressions_a_value_a_row) {
  const Tensor scores = tensor<float>("scores", DType::f32, {2, 2}, {0.25, 0.75, 1, 0});

  BOOST_TEST(written({scores, words("classes", {2, 2}, {"a", "b", "a", "b"})}, TfVerb::classify) ==
             R"({"result":[[["a",0.25],["b",0.75]],[["a",1.0],["b",0.0]]]})");
  BOOST_TEST(written({scores}, TfVerb::classify) == R"({"result":[[["",0.25],["",0.75]],[["",1.0],["",0.0]]]})");
  BOOST_TEST(written({tensor<float>("y", DType::f32, {2}, {1, 2})}, TfVerb::classify)
                 .starts_with("failed_precondition: a classification needs"));
  BOOST_TEST(written({tensor<float>("y", DType::f32, {2, 1}, {1, 2})}, TfVerb::regress) == R"({"result":[1.0,2.0]})");
  BOOST_TEST(written({scores}, TfVerb::regress).starts_with("failed_precondition: a regression needs"));
}

BOOST_AUTO_TEST_SUITE_END()
