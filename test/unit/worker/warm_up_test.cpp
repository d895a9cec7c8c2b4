#include "actors/worker/warm_up.hpp"

#include <boost/test/unit_test.hpp>
#include <cstring>

using namespace troupe;
using namespace troupe::worker;

namespace {

protocol::WarmUpSpec with_input(DType dtype, std::vector<int64_t> shape, std::vector<double> data = {}) {
  protocol::WarmUpSpec spec;
  spec.inputs.push_back({"x", dtype, std::move(shape), std::move(data)});
  return spec;
}

protocol::Tensor tensor_of(const protocol::WarmUpSpec& spec) {
  return std::get<protocol::Infer>(warm_up_work(spec).value()).inputs.at(0);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(warm_up)

BOOST_AUTO_TEST_CASE(a_prompt_is_gone_on_from_and_a_text_is_embedded) {
  const auto work = warm_up_work({.prompt = "Hello", .max_tokens = 3}).value();
  const auto& generate = std::get<protocol::Generate>(work);
  BOOST_TEST(std::get<protocol::PlainText>(generate.prompt).text == "Hello");
  BOOST_TEST(generate.sampling.max_tokens == 3u);

  BOOST_TEST(std::holds_alternative<protocol::Embed>(warm_up_work({.embed = "a text"}).value()));
}

BOOST_AUTO_TEST_CASE(numbers_become_elements_of_the_type_and_none_are_zeros) {
  const protocol::Tensor floats = tensor_of(with_input(DType::f32, {2}, {1.5, -2}));
  std::array<float, 2> values{};
  BOOST_REQUIRE(floats.data.size() == sizeof values);
  std::memcpy(values.data(), floats.data.view().data(), sizeof values);
  BOOST_TEST(values[0] == 1.5f);
  BOOST_TEST(values[1] == -2.0f);

  const protocol::Tensor zeros = tensor_of(with_input(DType::bf16, {2, 3}));
  BOOST_TEST(zeros.data.view() == std::string(12, '\0'));
  BOOST_TEST(protocol::validate(zeros).has_value());
  BOOST_TEST(protocol::validate(tensor_of(with_input(DType::i64, {1}, {-7}))).has_value());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_asked_is_refused) {
  for (const protocol::WarmUpSpec& wrong :
       {protocol::WarmUpSpec{}, protocol::WarmUpSpec{.prompt = "a", .embed = "b"}, with_input(DType::bytes, {1}),
        with_input(DType::f32, {2}, {1}), with_input(DType::u8, {1}, {256}), with_input(DType::f16, {1}, {1}),
        with_input(DType::f32, {-1}), with_input(DType::f32, {1 << 20, 1 << 20}),
        with_input(DType::f32, {1, 1, 1, 1, 1, 1, 1, 1, 1})})
    BOOST_TEST((warm_up_work(wrong).error().code == Errc::invalid_argument));
}

BOOST_AUTO_TEST_SUITE_END()
