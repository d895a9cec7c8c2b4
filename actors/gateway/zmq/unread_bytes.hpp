#pragma once
// UnreadBytes: how much of its answers each ZeroMQ client has not taken yet.
//
// ZeroMQ's own bound counts messages, whatever their size. It frees a frame when it has written it, and that is what is
// counted here.

#include <atomic>
#include <memory>
#include <string>
#include <unordered_map>

#include "runtime/base/bytes.hpp"
#include "runtime/wire/message.hpp"

namespace troupe::gateway {

/// Belongs to the front end's thread; frames may be freed on any other.
class UnreadBytes {
 public:
  /// Bounds in bytes: of one client, and of all together. `clients_max`: how many are remembered beyond those that
  /// have something unread.
  UnreadBytes(uint64_t client_max, uint64_t total_max, size_t clients_max)
      : client_max_(client_max), total_max_(total_max), clients_max_(clients_max) {}

  /// Makes the frames of `body` count for `client` for as long as they live. False, with nothing changed, where a bound
  /// would be passed; but a client that has read everything may always be sent one answer.
  bool add(const std::string& client, wire::Body& body);
  uint64_t of(const std::string& client) const;
  uint64_t total() const noexcept { return total_->load(std::memory_order_relaxed); }

 private:
  using Count = std::shared_ptr<std::atomic<uint64_t>>;
  Bytes counted(Bytes bytes, const Count& client) const;
  void forget_idle();

  const uint64_t client_max_;
  const uint64_t total_max_;
  const size_t clients_max_;
  Count total_ = std::make_shared<std::atomic<uint64_t>>(0);
  std::unordered_map<std::string, Count> clients_;
};

}  // namespace troupe::gateway
