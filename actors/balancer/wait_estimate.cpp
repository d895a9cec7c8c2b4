#include "actors/balancer/wait_estimate.hpp"

#include <algorithm>

namespace troupe::balancer {
namespace {

/// Large enough that the answers of a batch, which come all at once, do not look like a rate of their own.
constexpr uint32_t answers_max = 128;

/// In which a full queue may have let in somebody: so many answers.
constexpr double full_answers = 8;
constexpr Duration full_min = std::chrono::milliseconds{5};
constexpr Duration full_unknown = std::chrono::milliseconds{20};
constexpr Duration slots_known = std::chrono::seconds{5};  ///< Others' work may be of another size.
constexpr Duration full_max = std::chrono::seconds{1};

}  // namespace

void WaitEstimate::on_answer(const std::optional<protocol::LoadReport>& load, Time now) {
  if (busy_at_) {
    answers_ = std::min(answers_ + 1, answers_max);
    const auto interval = static_cast<double>((now - *busy_at_).count());
    interval_ns_ += (interval - interval_ns_) / answers_;
  }
  busy_at_.reset();
  if (!load || load->waiting == 0) return;
  busy_at_ = last_busy_ = now;
  slots_ = load->running;
}

void WaitEstimate::on_full(uint32_t outstanding, Time now) {
  full_at_ = outstanding;
  const Duration period =
      answers_ < answers_min ? full_unknown : Duration{static_cast<int64_t>(full_answers * interval_ns_)};
  full_until_ = now + std::clamp(period, full_min, full_max);
}

Duration WaitEstimate::next(uint32_t outstanding, Time now) const {
  if (answers_ < answers_min) return Duration{0};
  const bool has_its_fill = outstanding >= slots_ && now - last_busy_ < slots_known;
  if (!busy_at_ && !has_its_fill) return Duration{0};
  return Duration{static_cast<int64_t>(interval_ns_ * (outstanding + 1.0))};
}

bool WaitEstimate::is_full(uint32_t outstanding, Time now) const {
  return now < full_until_ && outstanding >= full_at_;
}

}  // namespace troupe::balancer
