#include "actors/worker/backend_fault.hpp"

#include <charconv>

namespace troupe::worker {
namespace {

constexpr std::string_view device_lost = "device_lost:";

class LostDevice final : public Backend {
 public:
  LostDevice(std::unique_ptr<Backend> backend, uint64_t items, BackendEvents& events)
      : backend_(std::move(backend)), items_left_(items), events_(events) {}

  void load() override { backend_->load(); }
  void execute(std::vector<WorkItem> batch) override {
    if (is_lost_) return;
    if (batch.size() < items_left_) {
      items_left_ -= batch.size();
      return backend_->execute(std::move(batch));
    }
    is_lost_ = true;
    events_.on_failed({Errc::internal, "the device failed for good (injected by a test)", {}, {}});
  }
  void cancel(WorkId id) override { backend_->cancel(id); }
  void credit(WorkId id, uint64_t bytes) override { backend_->credit(id, bytes); }
  uint32_t slots() const override { return backend_->slots(); }
  protocol::ModelInterface interface() const override { return backend_->interface(); }
  StepProgress progress() const override { return backend_->progress(); }
  Duration longest_step() const override { return backend_->longest_step(); }

 private:
  const std::unique_ptr<Backend> backend_;
  uint64_t items_left_;
  bool is_lost_ = false;
  BackendEvents& events_;
};

}  // namespace

Result<std::unique_ptr<Backend>> with_fault(std::unique_ptr<Backend> backend, std::string_view fault,
                                            BackendEvents& events) {
  if (fault.empty()) return backend;
  uint64_t items = 0;
  const std::string_view count = fault.substr(std::min(fault.size(), device_lost.size()));
  const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), items);
  if (!fault.starts_with(device_lost) || error != std::errc{} || end != count.data() + count.size() || items == 0)
    return fail(Errc::invalid_argument, "{}={}: the one fault there is reads device_lost:N, with N from 1",
                backend_fault_variable, fault);
  return std::make_unique<LostDevice>(std::move(backend), items, events);
}

}  // namespace troupe::worker
