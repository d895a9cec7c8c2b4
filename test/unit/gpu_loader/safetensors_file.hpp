#pragma once
// Writes the bytes of safetensors files, right and wrong ones.

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::test {

inline std::string little_endian(uint64_t value) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

inline std::string safetensors_bytes(std::string_view header, size_t data_bytes) {
  std::string file = little_endian(header.size()) + std::string(header);
  for (size_t i = 0; i < data_bytes; ++i) file += static_cast<char>(i);
  return file;
}

}  // namespace troupe::test
