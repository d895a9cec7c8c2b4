#include "runtime/protocol/tensor.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>

namespace troupe::protocol {
namespace {

using namespace std::string_literals;

std::string refusal(DType dtype, std::vector<int64_t> shape, const std::string& data) {
  const Status status = validate(Tensor{"x", dtype, std::move(shape), Bytes::copy(data)});
  return status ? "" : status.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tensor)

BOOST_AUTO_TEST_CASE(data_of_exactly_the_right_size_is_taken) {
  BOOST_TEST(refusal(DType::f32, {2, 3}, std::string(24, '\0')) == "");
  BOOST_TEST(refusal(DType::boolean, {}, std::string(1, '\0')) == "");
  BOOST_TEST(refusal(DType::f64, {0, 7}, "") == "");
}

BOOST_AUTO_TEST_CASE(data_of_another_size_is_refused) {
  BOOST_TEST(refusal(DType::f32, {2, 3}, std::string(23, '\0')) ==
             "tensor x: 6 elements of FP32 take 24 bytes, but data has 23");
  BOOST_TEST(refusal(DType::i64, {0}, "1") == "tensor x: 0 elements of INT64 take 0 bytes, but data has 1");
}

BOOST_AUTO_TEST_CASE(impossible_shapes_are_refused) {
  constexpr int64_t max = std::numeric_limits<int64_t>::max();

  BOOST_TEST(refusal(DType::u8, {4, -1}, "") == "tensor x: extent -1 in the shape is negative");
  BOOST_TEST(refusal(DType::u8, {max, 2}, "") == "tensor x: the shape has more than 2^63 elements");
  BOOST_TEST(refusal(DType::f64, {max}, "") == "tensor x: the shape asks for more than 2^63 bytes");
}

BOOST_AUTO_TEST_CASE(unknown_dtypes_are_refused) {
  BOOST_TEST(refusal(static_cast<DType>(99), {1}, "1") == "tensor x: dtype 99 is unknown");
}

BOOST_AUTO_TEST_CASE(byte_strings_must_add_up) {
  BOOST_TEST(refusal(DType::bytes, {2}, "\x02\0\0\0hi\0\0\0\0"s) == "");
  BOOST_TEST(refusal(DType::bytes, {2}, "\x02\0\0\0hi"s) == "tensor x: data ends before element 1 of 2");
  BOOST_TEST(refusal(DType::bytes, {1}, "\x03\0\0\0hi"s) == "tensor x: element 0 is 3 bytes long, but 2 remain");
  BOOST_TEST(refusal(DType::bytes, {1}, "\x01\0\0\0hi"s) == "tensor x: 1 bytes follow the last of 1 elements");
  BOOST_TEST(refusal(DType::bytes, {std::numeric_limits<int64_t>::max()}, "") ==
             "tensor x: data ends before element 0 of 9223372036854775807");
}

BOOST_AUTO_TEST_CASE(the_error_names_the_tensor_as_field) {
  const Status status = validate(Tensor{"mask", DType::u8, {1}, {}});

  BOOST_REQUIRE(!status.has_value());
  BOOST_TEST(status.error().field == "mask");
  BOOST_TEST((status.error().code == Errc::invalid_argument));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::protocol
