#include "actors/gateway/admission.hpp"

#include <algorithm>

#include "runtime/base/assert.hpp"

namespace troupe::gateway {

Status Admission::admit(const std::string& model, uint64_t bytes) {
  const auto refuse = [this](std::string message) {
    return fail(Error{Errc::overloaded, std::move(message), {}, options_.retry_after});
  };
  if (inside_ >= options_.requests_max) {
    return refuse(fmt::format("this gateway has {} requests inside, as many as it takes", inside_));
  }
  if (bytes_ > 0 && bytes_ + bytes > options_.bytes_max) {
    return refuse(fmt::format("the requests inside this gateway have {} bytes, and this one's {} are too many more",
                              bytes_, bytes));
  }
  uint64_t& of_model = per_model_[model];
  if (of_model >= options_.requests_per_model_max) {
    return refuse(fmt::format("model {} has {} requests inside, as many as it takes", model, of_model));
  }
  ++of_model;
  ++inside_;
  bytes_ += bytes;
  return {};
}

void Admission::release(const std::string& model, uint64_t bytes) {
  const auto found = per_model_.find(model);
  TROUPE_ASSERT(found != per_model_.end() && inside_ > 0);
  if (--found->second == 0) per_model_.erase(found);
  --inside_;
  bytes_ -= bytes;
}

Result<Time> Admission::deadline(std::optional<Time> asked, Time now) const {
  const Time latest = now + options_.deadline_max;
  const Time deadline = std::min(asked.value_or(now + options_.deadline_default), latest);
  if (deadline <= now) return fail(Errc::deadline_exceeded, "the request's deadline had passed when it came");
  return deadline;
}

}  // namespace troupe::gateway
