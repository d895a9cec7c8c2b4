#include "runtime/base/gate.hpp"

#include "runtime/base/assert.hpp"

namespace troupe {

Gate::~Gate() {
  TROUPE_ASSERT(inside_ == 0);
}

bool Gate::try_enter() {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  ++inside_;
  return true;
}

void Gate::leave() {
  const std::lock_guard lock(mutex_);
  TROUPE_ASSERT(inside_ > 0);
  if (--inside_ == 0) empty_.notify_all();
}

bool Gate::close(Duration patience) {
  std::unique_lock lock(mutex_);
  closed_ = true;
  return empty_.wait_for(lock, patience, [this] { return inside_ == 0; });
}

uint64_t Gate::inside() const {
  const std::lock_guard lock(mutex_);
  return inside_;
}

}  // namespace troupe
