#pragma once
// DefectLog: says what was dropped or refused, at most once a second.

#include <fmt/format.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/base/clock.hpp"

namespace troupe::bus::internal {

/// One thread.
class DefectLog {
 public:
  explicit DefectLog(const std::function<void(const std::string&)>& report) : report_(report) {}

  void note(std::string_view what, Time now) {
    if (!report_) return;
    if (now < next_) {
      ++unreported_;
      return;
    }
    next_ = now + std::chrono::seconds(1);
    const uint64_t more = std::exchange(unreported_, 0);
    report_(more == 0 ? std::string(what) : fmt::format("{} ({} more before)", what, more));
  }

 private:
  const std::function<void(const std::string&)>& report_;
  Time next_;
  uint64_t unreported_ = 0;
};

}  // namespace troupe::bus::internal
