#include "runtime/base/dtype.hpp"

#include <array>

namespace troupe {
namespace {

struct Row {
  DType type;
  std::string_view name;
  size_t size;
};

constexpr std::array rows{Row{DType::boolean, "BOOL", 1}, Row{DType::u8, "UINT8", 1},   Row{DType::u16, "UINT16", 2},
                          Row{DType::u32, "UINT32", 4},   Row{DType::u64, "UINT64", 8}, Row{DType::i8, "INT8", 1},
                          Row{DType::i16, "INT16", 2},    Row{DType::i32, "INT32", 4},  Row{DType::i64, "INT64", 8},
                          Row{DType::f16, "FP16", 2},     Row{DType::bf16, "BF16", 2},  Row{DType::f32, "FP32", 4},
                          Row{DType::f64, "FP64", 8},     Row{DType::bytes, "BYTES", 0}};

}  // namespace

size_t element_size(DType type) noexcept {
  for (const Row& row : rows)
    if (row.type == type) return row.size;
  return 0;
}

std::string_view to_string(DType type) noexcept {
  for (const Row& row : rows)
    if (row.type == type) return row.name;
  return "unknown";
}

std::optional<DType> dtype_from_name(std::string_view open_inference_name) noexcept {
  for (const Row& row : rows)
    if (row.name == open_inference_name) return row.type;
  return std::nullopt;
}

}  // namespace troupe
