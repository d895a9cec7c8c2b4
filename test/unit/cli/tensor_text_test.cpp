#include "cluster/cli/tensor_text.hpp"

#include <boost/test/unit_test.hpp>
#include <cstring>

namespace troupe::cli {

using nlohmann::json;

BOOST_AUTO_TEST_SUITE(tensor_text)

BOOST_AUTO_TEST_CASE(name_type_shape_and_values_make_a_tensor) {
  const auto tensor = parse_tensor("x=f32:2x3:1,2,3,4.5,-5,6e2");

  BOOST_REQUIRE(tensor.has_value());
  BOOST_TEST(tensor->name == "x");
  BOOST_TEST((tensor->dtype == DType::f32));
  BOOST_TEST((tensor->shape == std::vector<int64_t>{2, 3}));
  std::array<float, 6> values{};
  BOOST_REQUIRE(tensor->data.size() == sizeof values);
  std::memcpy(values.data(), tensor->data.data(), sizeof values);
  BOOST_TEST(values[3] == 4.5f);
  BOOST_TEST(values[5] == 600.0f);
  BOOST_TEST(protocol::validate(*tensor).has_value());
}

BOOST_AUTO_TEST_CASE(one_value_fills_a_tensor_and_no_shape_is_one_value) {
  BOOST_TEST(parse_tensor("x=INT64:4:7")->data.size() == 32u);
  BOOST_TEST(parse_tensor("x=u8::7")->shape.empty());
  BOOST_TEST(parse_tensor("x=u8::7")->data.size() == 1u);
}

BOOST_AUTO_TEST_CASE(texts_and_truths_have_forms_of_their_own) {
  const auto texts = parse_tensor("s=bytes:2:hello,world");
  const auto truths = parse_tensor("b=bool:3:true,false,1");

  BOOST_REQUIRE(texts.has_value() && truths.has_value());
  BOOST_TEST(protocol::validate(*texts).has_value());
  BOOST_TEST(format_tensor(*texts) == "s BYTES [2]: \"hello\" \"world\"");
  BOOST_TEST(format_tensor(*truths) == "b BOOL [3]: true false true");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_refused_with_the_reason) {
  for (const char* text :
       {"", "x", "x=f32", "x=f32:2", "=f32:1:1", "x=f99:1:1", "x=f16:1:1", "x=f32:a:1", "x=f32:2:1,2,3", "x=u8:1:256",
        "x=u8:1:-1", "x=i32:1:1.5", "x=bool:1:2", "x=f32:-1:1", "x=u8:99999999999:1", "x=u8:4096x4096x4096:1"}) {
    const auto tensor = parse_tensor(text);

    BOOST_REQUIRE_MESSAGE(!tensor.has_value(), text);
    BOOST_TEST((tensor.error().code == Errc::invalid_argument));
  }
}

BOOST_AUTO_TEST_CASE(the_open_inference_form_is_read_and_written) {
  const json request{
      {"inputs", {{{"name", "x"}, {"datatype", "INT32"}, {"shape", {2, 2}}, {"data", {{1, 2}, {3, 4}}}}}}};

  const auto inputs = parse_inputs(request);

  BOOST_REQUIRE(inputs.has_value());
  BOOST_TEST(json_of(inputs->front()) ==
             json({{"name", "x"}, {"datatype", "INT32"}, {"shape", {2, 2}}, {"data", {1, 2, 3, 4}}}));
}

BOOST_AUTO_TEST_CASE(inputs_of_a_wrong_shape_or_type_are_refused) {
  for (const char* text :
       {"null", "{}", R"({"inputs":[1]})", R"({"inputs":[{"name":"x","datatype":"FP32","shape":[2],"data":[1]}]})",
        R"({"inputs":[{"name":"x","datatype":"FP16","shape":[1],"data":[1]}]})",
        R"({"inputs":[{"name":"x","datatype":"FP32","shape":["a"],"data":[1]}]})",
        R"({"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[null]}]})"}) {
    BOOST_TEST(!parse_inputs(json::parse(text)).has_value(), text);
  }
}

BOOST_AUTO_TEST_CASE(long_tensors_are_cut_short_for_people) {
  const auto tensor = parse_tensor("x=u8:1000:7");

  BOOST_TEST(format_tensor(*tensor).ends_with(" 7 7 …"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::cli
