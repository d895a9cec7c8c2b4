#include "actors/worker/warm_up.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace troupe::worker {
namespace {

constexpr size_t dimensions_max = 8;
constexpr int64_t elements_max = 1 << 20;

template <class T>
std::string bytes_of(const std::vector<double>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  for (size_t i = 0; i < values.size(); ++i) {
    const T value = static_cast<T>(values[i]);
    std::memcpy(bytes.data() + i * sizeof(T), &value, sizeof(T));
  }
  return bytes;
}

/// None for types that have no numbers of C++.
std::optional<std::string> encode(DType type, const std::vector<double>& values) {
  switch (type) {
    case DType::boolean:
      return bytes_of<bool>(values);
    case DType::u8:
      return bytes_of<uint8_t>(values);
    case DType::u16:
      return bytes_of<uint16_t>(values);
    case DType::u32:
      return bytes_of<uint32_t>(values);
    case DType::u64:
      return bytes_of<uint64_t>(values);
    case DType::i8:
      return bytes_of<int8_t>(values);
    case DType::i16:
      return bytes_of<int16_t>(values);
    case DType::i32:
      return bytes_of<int32_t>(values);
    case DType::i64:
      return bytes_of<int64_t>(values);
    case DType::f32:
      return bytes_of<float>(values);
    case DType::f64:
      return bytes_of<double>(values);
    case DType::f16:
    case DType::bf16:
    case DType::bytes:
      return std::nullopt;
  }
  return std::nullopt;
}

/// [least, most] of what a type holds; a number outside would be another one.
std::pair<double, double> range_of(DType type) {
  const auto bits = static_cast<int>(element_size(type) * 8);
  switch (type) {
    case DType::boolean:
      return {0, 1};
    case DType::u8:
    case DType::u16:
    case DType::u32:
    case DType::u64:
      return {0, std::ldexp(1.0, std::min(bits, 53)) - 1};
    case DType::i8:
    case DType::i16:
    case DType::i32:
    case DType::i64:
      return {-std::ldexp(1.0, std::min(bits - 1, 53)), std::ldexp(1.0, std::min(bits - 1, 53)) - 1};
    default:
      return {-3e38, 3e38};
  }
}

/// None where there are too many, or fewer than none.
std::optional<size_t> elements_of(const std::vector<int64_t>& shape) {
  if (shape.size() > dimensions_max) return std::nullopt;
  int64_t elements = 1;
  for (const int64_t dimension : shape) {
    if (dimension < 0 || dimension > elements_max) return std::nullopt;
    elements *= dimension;
    if (elements > elements_max) return std::nullopt;
  }
  return static_cast<size_t>(elements);
}

Result<protocol::Tensor> tensor_of(const protocol::WarmUpInput& input) {
  const auto elements = elements_of(input.shape);
  if (input.dtype == DType::bytes || !elements)
    return fail(Errc::invalid_argument,
                "the input {} is of type {} or of a shape that is not made here: at most {} "
                "dimensions and {} elements, and no BYTES",
                input.name, to_string(input.dtype), dimensions_max, elements_max);
  protocol::Tensor tensor{input.name, input.dtype, input.shape, {}};
  if (input.data.empty()) {
    tensor.data = Bytes::own(std::string(*elements * element_size(input.dtype), '\0'));
    return tensor;
  }
  if (input.data.size() != *elements)
    return fail(Errc::invalid_argument, "the input {} has {} numbers for {} elements", input.name, input.data.size(),
                *elements);
  const auto [least, most] = range_of(input.dtype);
  auto bytes = encode(input.dtype, input.data);
  if (!bytes || !std::ranges::all_of(input.data, [&](double v) { return v >= least && v <= most; }))
    return fail(Errc::invalid_argument, "the input {} has a number that {} does not hold, or cannot be given here",
                input.name, to_string(input.dtype));
  tensor.data = Bytes::own(std::move(*bytes));
  return tensor;
}

}  // namespace

Result<protocol::Work> warm_up_work(const protocol::WarmUpSpec& spec) {
  if (!spec.prompt.empty() + !spec.embed.empty() + !spec.inputs.empty() != 1)
    return fail(Errc::invalid_argument, "a warm-up request has one of prompt, embed and inputs");
  if (!spec.prompt.empty())
    return protocol::Generate{.prompt = protocol::PlainText{spec.prompt},
                              .sampling = {.temperature = 0, .max_tokens = spec.max_tokens}};
  if (!spec.embed.empty()) return protocol::Embed{.inputs = {protocol::PlainText{spec.embed}}};
  protocol::Infer infer;
  for (const protocol::WarmUpInput& input : spec.inputs) {
    TROUPE_TRY(protocol::Tensor tensor, tensor_of(input));
    infer.inputs.push_back(std::move(tensor));
  }
  return infer;
}

}  // namespace troupe::worker
