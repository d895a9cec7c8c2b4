#include "runtime/http/connection_bounds.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace troupe::http {

ConnectionBounds::Verdict ConnectionBounds::enter(const std::string& address) {
  const std::lock_guard lock(mutex_);
  const auto known = per_address_.find(address);
  const bool address_full = known != per_address_.end() && known->second >= per_address_max_;
  if (!address_full && served_ < connections_max_) {
    ++served_;
    ++per_address_[address];
    return Verdict::serve;
  }
  if (refused_ >= refusals_max) return Verdict::drop;
  ++refused_;
  return address_full ? Verdict::address_full : Verdict::full;
}

void ConnectionBounds::leave(const std::string& address, Verdict verdict) {
  const std::lock_guard lock(mutex_);
  if (verdict != Verdict::serve) {
    --refused_;
    return;
  }
  --served_;
  const auto known = per_address_.find(address);
  if (--known->second == 0) per_address_.erase(known);
}

uint32_t within_open_files(uint32_t wanted, unsigned parts) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return wanted;
  return static_cast<uint32_t>(std::min<uint64_t>(wanted, limit.rlim_cur / parts));
}

std::string address_key(std::string_view bytes) {
  constexpr std::string_view mapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  if (bytes.starts_with(mapped)) return std::string(bytes.substr(mapped.size()));
  return std::string(bytes.substr(0, bytes.size() > 4 ? 8 : 4));
}

}  // namespace troupe::http
