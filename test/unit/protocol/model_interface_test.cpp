#include "runtime/protocol/model_interface.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::protocol {
namespace {

std::string refusal(const ModelInterface& interface) {
  const Status status = validate(interface);
  return status ? "" : status.error().message;
}

ModelInterface takes(std::vector<TensorSpec> inputs) {
  return {{ModelTask::infer}, std::move(inputs), {}, 0};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(model_interface)

BOOST_AUTO_TEST_CASE(what_is_declared_in_order_is_taken) {
  BOOST_TEST(refusal({}) == "");
  BOOST_TEST(refusal({{ModelTask::generate, ModelTask::tokenize}, {}, {}, 256}) == "");
  BOOST_TEST(refusal(takes({{"x", DType::f32, {any_extent, 3}}, {"y", DType::bytes, {}}})) == "");
}

BOOST_AUTO_TEST_CASE(what_a_back_end_may_not_declare_is_refused_by_name) {
  BOOST_TEST(refusal({{ModelTask::infer, ModelTask::generate}, {}, {}, 0}) == "tasks must rise, each once");
  BOOST_TEST(refusal({{static_cast<ModelTask>(99)}, {}, {}, 0}) == "there is no task 99");
  BOOST_TEST(refusal(takes({{"x", DType::f32, {-2}}})) ==
             "input 'x' has an axis of length -2; a length is at least 0, or -1 for any");
  BOOST_TEST(refusal(takes({{"x", DType::f32, {}}, {"x", DType::f32, {}}})) == "input 'x' is declared twice");
  BOOST_TEST(refusal(takes({{"", DType::f32, {}}})) == "an input has a name of 0 bytes; 1 to 256 are wanted");
  BOOST_TEST(refusal(takes({{"x", static_cast<DType>(77), {}}})) == "input 'x' has the unknown type 77");
  BOOST_TEST(refusal(takes({{"x", DType::f32, std::vector<int64_t>(17, 1)}})) ==
             "input 'x' has 17 axes; at most 16 are allowed");
  BOOST_TEST(refusal(takes(std::vector<TensorSpec>(65, {"x", DType::f32, {}}))) ==
             "there are 65 inputs; at most 64 are allowed");
}

BOOST_AUTO_TEST_CASE(tensors_are_found_by_name) {
  const std::vector<TensorSpec> specs{{"x", DType::f32, {}}, {"y", DType::i8, {}}};

  BOOST_TEST_REQUIRE(find(specs, "y") != nullptr);
  BOOST_TEST((find(specs, "y")->dtype == DType::i8));
  BOOST_TEST(find(specs, "z") == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::protocol
