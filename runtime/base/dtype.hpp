#pragma once
// DType: the element types of tensors, the same in requests, model files and engines.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace troupe {

/// Values travel on the wire: never renumber, never reuse.
enum class DType : uint8_t {
  boolean = 1,
  u8 = 2,
  u16 = 3,
  u32 = 4,
  u64 = 5,
  i8 = 6,
  i16 = 7,
  i32 = 8,
  i64 = 9,
  f16 = 10,
  bf16 = 11,
  f32 = 12,
  f64 = 13,
  bytes = 14,  ///< Variable length: each element is a little-endian u32 length and as many bytes.
};

/// Bytes of one element; 0 for `bytes`, whose elements vary.
size_t element_size(DType type) noexcept;

/// The Open Inference Protocol's names: "BOOL", "UINT8", "FP32", "BYTES", …
std::string_view to_string(DType type) noexcept;
std::optional<DType> dtype_from_name(std::string_view open_inference_name) noexcept;

}  // namespace troupe
