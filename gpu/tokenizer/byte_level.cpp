#include "gpu/tokenizer/byte_level.hpp"

#include <array>

#include "gpu/tokenizer/utf8.hpp"

namespace troupe::gpu {
namespace {

constexpr uint32_t alphabet_end = 0x144;

struct Alphabet {
  struct Spelling {
    std::array<char, 2> bytes{};
    uint8_t length = 0;
  };
  std::array<Spelling, 256> characters{};
  std::array<int16_t, alphabet_end> bytes{};  ///< By character; -1 = stands for no byte.
};

constexpr Alphabet make_alphabet() {
  Alphabet alphabet;
  alphabet.bytes.fill(-1);
  uint32_t next = 0x100;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
    const uint32_t character = printable ? byte : next++;
    alphabet.bytes[character] = static_cast<int16_t>(byte);
    Alphabet::Spelling& spelling = alphabet.characters[byte];
    if (character < 0x80) {
      spelling = {{static_cast<char>(character), 0}, 1};
    } else {
      spelling = {{static_cast<char>(0xC0 | character >> 6), static_cast<char>(0x80 | (character & 0x3F))}, 2};
    }
  }
  return alphabet;
}

constexpr Alphabet alphabet = make_alphabet();

}  // namespace

void append_byte_level(std::string_view bytes, std::string& out) {
  const size_t begin = out.size();
  out.resize(begin + 2 * bytes.size());
  char* at = out.data() + begin;
  for (const char c : bytes) {
    const Alphabet::Spelling& spelling = alphabet.characters[static_cast<unsigned char>(c)];
    at[0] = spelling.bytes[0];
    at[1] = spelling.bytes[1];
    at += spelling.length;
  }
  out.resize(static_cast<size_t>(at - out.data()));
}

void append_byte_level_bytes(std::string_view token, std::string& out) {
  const size_t begin = out.size();
  for (size_t at = 0; at < token.size();) {
    const CodePoint next = first_code_point(token.substr(at));
    const int16_t byte = next.value < alphabet_end ? alphabet.bytes[next.value] : int16_t{-1};
    if (byte < 0) {
      out.resize(begin);
      out += token;
      return;
    }
    out += static_cast<char>(byte);
    at += next.length;
  }
}

}  // namespace troupe::gpu
