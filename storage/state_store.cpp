#include "storage/state_store.hpp"

#include <algorithm>

namespace troupe::storage {

WatchHandle& WatchHandle::operator=(WatchHandle&& other) noexcept {
  if (this == &other) return *this;
  reset();
  end_ = std::exchange(other.end_, nullptr);
  return *this;
}

void WatchHandle::reset() {
  if (auto end = std::exchange(end_, nullptr)) end();
}

Status check_state_key(std::string_view key) {
  if (key.empty())
    return fail(Errc::invalid_argument, "a key of the state store is empty; it is like deployment/clerk");
  return check_state_prefix(key);
}

Status check_state_prefix(std::string_view prefix) {
  if (prefix.size() > state_key_bytes_max)
    return fail(Errc::too_large, "the key '{}…' has {} bytes; at most {} are allowed", prefix.substr(0, 40),
                prefix.size(), state_key_bytes_max);
  const auto odd = std::ranges::find_if(prefix, [](char c) { return c < ' ' || c > '~'; });
  if (odd != prefix.end())
    return fail(Errc::invalid_argument,
                "a key of the state store has the byte 0x{:02x} at offset {}; keys are printable ASCII",
                static_cast<unsigned char>(*odd), odd - prefix.begin());
  return {};
}

}  // namespace troupe::storage
