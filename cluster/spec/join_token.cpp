#include "cluster/spec/join_token.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "storage/sha256.hpp"

namespace troupe::cluster {
namespace {

constexpr std::string_view prefix = "troupe-1.";
constexpr std::string_view any_prefix = "troupe-";
constexpr size_t key_bytes = 40;
constexpr size_t checksum_bytes = 5;
constexpr size_t payload_bytes = key_bytes + 8 + 8 + token_secret_bytes;
/// A multiple of three, so that each text has one reading.
constexpr size_t binary_bytes = payload_bytes + checksum_bytes;
static_assert(binary_bytes % 3 == 0);

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string to_base64url(std::string_view bytes) {
  std::string text;
  for (size_t i = 0; i + 2 < bytes.size(); i += 3) {
    uint32_t word = 0;
    for (size_t j = 0; j < 3; ++j) word = word << 8 | static_cast<uint8_t>(bytes[i + j]);
    for (int shift = 18; shift >= 0; shift -= 6) text += alphabet[word >> shift & 63];
  }
  return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string bytes;
  if (text.size() % 4 != 0) return std::nullopt;
  for (size_t i = 0; i < text.size(); i += 4) {
    uint32_t word = 0;
    for (size_t j = 0; j < 4; ++j) {
      const size_t value = alphabet.find(text[i + j]);
      if (value == std::string_view::npos) return std::nullopt;
      word = word << 6 | static_cast<uint32_t>(value);
    }
    for (int shift = 16; shift >= 0; shift -= 8) bytes += static_cast<char>(word >> shift);
  }
  return bytes;
}

std::string big_endian(uint64_t value) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

uint64_t number_at(std::string_view bytes, size_t at) {
  uint64_t value = 0;
  for (size_t i = 0; i < 8; ++i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return value;
}

std::string checksum_of(std::string_view payload) {
  const std::string hex = hash_of_secret(payload);
  std::string bytes;
  for (size_t i = 0; i < checksum_bytes; ++i) bytes += static_cast<char>(std::stoi(hex.substr(2 * i, 2), nullptr, 16));
  return bytes;
}

}  // namespace

std::string text_of(const JoinToken& token) {
  std::string binary =
      token.head_key + big_endian(token.id) + big_endian(static_cast<uint64_t>(token.expires_unix_s)) + token.secret;
  binary += checksum_of(binary);
  return std::string(prefix) + to_base64url(binary);
}

Result<JoinToken> parse_join_token(std::string_view text) {
  if (!text.starts_with(any_prefix))
    return fail(Errc::invalid_argument, "this is no join token: one begins with {}", prefix);
  if (!text.starts_with(prefix))
    return fail(Errc::invalid_argument, "this join token is of another version of Troupe; this one takes {}…", prefix);
  const auto binary = from_base64url(text.substr(prefix.size()));
  if (!binary || binary->size() != binary_bytes)
    return fail(Errc::invalid_argument,
                "the join token is damaged: it has {} characters after {} where {} letters, digits, '-' and '_' are "
                "needed; copy it whole",
                text.size() - prefix.size(), prefix, binary_bytes / 3 * 4);
  const std::string_view payload = std::string_view(*binary).substr(0, payload_bytes);
  if (checksum_of(payload) != binary->substr(payload_bytes))
    return fail(Errc::invalid_argument, "the join token is damaged: a character was changed; copy it again");
  JoinToken token;
  token.head_key = payload.substr(0, key_bytes);
  token.id = number_at(payload, key_bytes);
  token.expires_unix_s = static_cast<int64_t>(number_at(payload, key_bytes + 8));
  token.secret = payload.substr(key_bytes + 16);
  return token;
}

std::string hash_of_secret(std::string_view secret) {
  return storage::sha256_hex(secret);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  volatile unsigned difference = 0;
  for (size_t i = 0; i < a.size(); ++i) difference = difference | static_cast<unsigned>(a[i] ^ b[i]);
  return difference == 0;
}

std::string token_name(uint64_t id) {
  return fmt::format("{:016x}", id);
}

}  // namespace troupe::cluster
