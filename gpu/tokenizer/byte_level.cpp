#include "gpu/tokenizer/byte_level.hpp"

#include <array>
#include <unordered_map>

#include "gpu/tokenizer/utf8.hpp"

namespace troupe::gpu {
namespace {

struct Alphabet {
  std::array<std::string, 256> characters;
  std::unordered_map<std::string_view, char> bytes;

  Alphabet() {
    uint32_t next = 0x100;
    for (uint32_t byte = 0; byte < 256; ++byte) {
      const bool printable = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
      append_utf8(printable ? byte : next++, characters[byte]);
      bytes.emplace(characters[byte], static_cast<char>(byte));
    }
  }
};

const Alphabet& alphabet() {
  static const Alphabet instance;
  return instance;
}

}  // namespace

const std::string& byte_level_character(uint8_t byte) {
  return alphabet().characters[byte];
}

std::string byte_level_bytes(std::string_view token) {
  std::string bytes;
  for (size_t at = 0; at < token.size();) {
    const size_t length = utf8_step(token.substr(at)).length;
    const auto found = alphabet().bytes.find(token.substr(at, length));
    if (found == alphabet().bytes.end()) return std::string(token);
    bytes += found->second;
    at += length;
  }
  return bytes;
}

}  // namespace troupe::gpu
