#include "storage/crash_point.hpp"

#include <signal.h>

#include <charconv>
#include <vector>

#include "runtime/base/nearest.hpp"

namespace troupe::storage {
namespace {

// The process's own, as its death is.
std::atomic<uint64_t> passes_left{0};

}  // namespace

void detail::pass_armed_crash_point() noexcept {
  if (passes_left.fetch_sub(1) == 1) ::raise(SIGKILL);
}

Status arm_crash_point(const char* text) {
  detail::armed_crash_point = detail::no_crash_point;
  if (text == nullptr) return {};
  const std::string_view given(text);
  const size_t colon = given.find(':');
  const std::string_view name = given.substr(0, colon);
  const auto found = std::ranges::find(crash_point_names, name);
  if (found == crash_point_names.end()) {
    const std::vector<std::string> names(crash_point_names.begin(), crash_point_names.end());
    return fail(Errc::invalid_argument, "{}: there is no crash point '{}'{}; there are {}", crash_point_variable, name,
                did_you_mean(name, names), fmt::join(names, ", "));
  }
  uint64_t nth = 1;
  if (colon != std::string_view::npos) {
    const std::string_view digits = given.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), nth);
    if (error != std::errc{} || end != digits.data() + digits.size() || nth == 0)
      return fail(Errc::invalid_argument, "{}: '{}' after the colon is no count from 1", crash_point_variable, digits);
  }
  passes_left = nth;
  detail::armed_crash_point = static_cast<uint32_t>(found - crash_point_names.begin());
  return {};
}

}  // namespace troupe::storage
