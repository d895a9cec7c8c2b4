#include "runtime/bus/zmq/curve.hpp"

#include <zmq.h>

#include <array>

#include "runtime/base/assert.hpp"

namespace troupe::bus {
namespace {

constexpr size_t key_characters = 40;
constexpr size_t key_bytes = 32;
using KeyText = std::array<char, key_characters + 1>;

}  // namespace

CurveKeys make_curve_keys() {
  KeyText public_key{};
  KeyText secret_key{};
  TROUPE_ASSERT(zmq_curve_keypair(public_key.data(), secret_key.data()) == 0);
  return {public_key.data(), secret_key.data()};
}

Result<CurveKeys> curve_keys_of(std::string_view secret_key) {
  KeyText public_key{};
  const std::string secret(secret_key);
  if (!is_curve_key(secret) || zmq_curve_public(public_key.data(), secret.c_str()) != 0)
    return fail(Errc::corrupt_data, "this is no secret CURVE key: one is {} characters of Z85", key_characters);
  return CurveKeys{public_key.data(), secret};
}

bool is_curve_key(std::string_view text) {
  std::array<uint8_t, key_bytes> bytes{};
  return text.size() == key_characters && text.find('\0') == std::string_view::npos &&
         zmq_z85_decode(bytes.data(), std::string(text).c_str()) != nullptr;
}

}  // namespace troupe::bus
