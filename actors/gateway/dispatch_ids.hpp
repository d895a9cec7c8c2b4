#pragma once
// DispatchIds: names for requests, drawn by all front ends of a process from one source.

#include <atomic>

#include "actors/balancer/messages.hpp"

namespace troupe::gateway {

/// Thread-safe. Never gives the same id twice.
class DispatchIds {
 public:
  balancer::DispatchId next() noexcept { return {next_.fetch_add(1, std::memory_order_relaxed)}; }

 private:
  std::atomic<uint64_t> next_{1};
};

}  // namespace troupe::gateway
