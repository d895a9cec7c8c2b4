#include "gpu/tokenizer/byte_tokens.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace troupe::gpu {

ByteTokens::ByteTokens(const Vocabulary& vocabulary) {
  for (size_t byte = 0; byte < ids_.size(); ++byte) ids_[byte] = vocabulary.find(fmt::format("<0x{:02X}>", byte));
}

bool ByteTokens::append(std::string_view bytes, std::vector<int32_t>& out) const {
  const auto id = [&](char c) { return ids_[static_cast<unsigned char>(c)]; };
  if (std::any_of(bytes.begin(), bytes.end(), [&](char c) { return id(c) < 0; })) return false;
  for (const char c : bytes) out.push_back(id(c));
  return true;
}

std::optional<char> byte_of_token(std::string_view token) noexcept {
  if (token.size() != 6 || !token.starts_with("<0x") || token.back() != '>') return std::nullopt;
  // A sign is read too, as by the reference library: "<0x+F>" is 15.
  const size_t begin = token[3] == '+' ? 4 : 3;
  uint8_t byte = 0;
  const auto [end, error] = std::from_chars(token.data() + begin, token.data() + 5, byte, 16);
  if (error != std::errc() || end != token.data() + 5) return std::nullopt;
  return static_cast<char>(byte);
}

}  // namespace troupe::gpu
