#pragma once
// Admission: how much may be inside at once, and for how long. Pure: `now` is an argument.

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::gateway {

struct AdmissionOptions {
  uint32_t requests_max = 4096;            ///< Inside at once, all models together.
  uint64_t bytes_max = 1 << 30;            ///< Of the requests inside; a single one may be longer.
  uint32_t requests_per_model_max = 2048;  ///< Inside at once of one model, so that one can't starve the others.
  Duration deadline_default = std::chrono::seconds{60};  ///< Of requests that name none.
  Duration deadline_max = std::chrono::minutes{10};      ///< Longer ones are cut to this.
  std::chrono::milliseconds retry_after{1000};           ///< What the refused are told.
};

class Admission {
 public:
  explicit Admission(AdmissionOptions options) : options_(options) {}

  /// overloaded, with retry_after, where a bound is reached; on success the caller owes one release().
  Status admit(const std::string& model, uint64_t bytes);
  void release(const std::string& model, uint64_t bytes);
  uint64_t inside() const noexcept { return inside_; }

  /// The deadline that holds for a request that asked for `asked`; deadline_exceeded where it has passed.
  Result<Time> deadline(std::optional<Time> asked, Time now) const;

 private:
  AdmissionOptions options_;
  uint64_t inside_ = 0;
  uint64_t bytes_ = 0;
  std::unordered_map<std::string, uint64_t> per_model_;
};

}  // namespace troupe::gateway
