#include "actors/worker/backend_process.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <thread>

#include "actors/worker/backend_fault.hpp"
#include "actors/worker/child_frames.hpp"
#include "actors/worker/replica.hpp"
#include "runtime/bus/mpsc_queue.hpp"
#include "runtime/bus/zmq/poller.hpp"
#include "runtime/bus/zmq/socket.hpp"

namespace troupe::worker {
namespace {

using namespace std::chrono_literals;
using bus::internal::Context;
using bus::internal::Incoming;
using bus::internal::Poller;
using bus::internal::Sent;
using bus::internal::Socket;

constexpr Duration progress_interval = 200ms;
constexpr int queue_max = 4096;

/// Ends the process when the node has gone, whatever the other threads do.
void watch_lifeline(int fd) {
  // Fires when the thread ends that started this process; the pipe covers the time before this call.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::thread([fd] {
    char byte = 0;
    for (;;) {
      const ssize_t count = ::read(fd, &byte, 1);
      if (count == 0 || (count < 0 && errno != EINTR)) ::_exit(1);
    }
  }).detach();
}

/// What waits to be written; any thread adds. Bounded by the answers to what is inside.
class Outbox {
 public:
  explicit Outbox(Poller& poller) : poller_(poller) {}

  void push(wire::Message message) {
    messages_.push(std::move(message));
    poller_.wake();
  }
  std::optional<wire::Message> pop() { return messages_.pop(); }
  bool empty() const { return messages_.empty(); }

 private:
  Poller& poller_;
  bus::MpscQueue<wire::Message> messages_;
};

/// What the back end says becomes frames, on its own thread.
class Speaker final : public BackendEvents {
 public:
  explicit Speaker(Outbox& outbox) : outbox_(outbox) {}

  /// False: it is inside already.
  bool add(WorkId id) {
    const std::lock_guard lock(mutex_);
    return next_part_.try_emplace(id, 0).second;
  }
  bool remove(WorkId id) {
    const std::lock_guard lock(mutex_);
    return next_part_.erase(id) > 0;
  }
  size_t inside() const {
    const std::lock_guard lock(mutex_);
    return next_part_.size();
  }
  void set_backend(const Backend* backend, std::string name) {
    backend_ = backend;
    name_ = std::move(name);
  }

  void on_loaded() override { outbox_.push(loaded_frame()); }
  void on_warm() override {
    const auto longest = std::chrono::duration_cast<std::chrono::microseconds>(backend_->longest_step());
    outbox_.push(warm_frame({backend_->slots(), static_cast<uint64_t>(longest.count()), name_, backend_->interface()}));
  }
  void on_failed(const Error& error) override { outbox_.push(error_frame({}, error)); }
  void on_part(WorkId id, protocol::ResultPart part, bool last) override {
    uint32_t index = 0;
    {
      const std::lock_guard lock(mutex_);
      const auto found = next_part_.find(id);
      if (found == next_part_.end()) return;
      index = found->second++;
      if (last) next_part_.erase(found);
    }
    outbox_.push(part_frame(id, {index, last}, std::move(part)));
  }
  void on_error(WorkId id, const Error& error) override {
    if (remove(id)) outbox_.push(error_frame(id, error));
  }

 private:
  Outbox& outbox_;
  const Backend* backend_ = nullptr;  ///< Set before it is loaded.
  std::string name_;
  mutable std::mutex mutex_;
  std::unordered_map<WorkId, uint32_t> next_part_;
};

class BackendProcess {
 public:
  BackendProcess(Socket socket, std::unique_ptr<Poller> poller, Clock& clock)
      : clock_(clock), poller_(std::move(poller)), socket_(std::move(socket)) {}

  void serve(const std::string& software) {
    protocol::WorkerHello hello;
    hello.pid = static_cast<uint32_t>(::getpid());
    hello.software = software;
    outbox_.push(hello_frame(hello));
    Time progress_due = clock_.now();
    while (!unloaded_) {
      receive();
      if (const Time now = clock_.now(); now >= progress_due) {
        report();
        progress_due = now + progress_interval;
      }
      flush();
      poller_->wait(std::max<Duration>(0ms, progress_due - clock_.now()), [this] {
        const Socket::Events events = socket_.events();
        return events.readable || (events.writable && (unsent_ || !outbox_.empty()));
      });
    }
    backend_.reset();
    socket_.close(0ms);
  }

 private:
  void receive() {
    Incoming message;
    while (!unloaded_ && socket_.receive(message)) {
      if (!message.complete) continue;
      auto frame = decode_from_node(message.header, message.body);
      if (frame) std::visit([this](auto&& one) { take(std::forward<decltype(one)>(one)); }, std::move(*frame));
    }
  }

  void take(protocol::LoadBackend load) {
    if (backend_) return;
    const char* fault = std::getenv(backend_fault_variable);
    auto backend = make_thread_backend(load.spec, clock_, speaker_).and_then([&](std::unique_ptr<Backend> made) {
      return with_fault(std::move(made), fault != nullptr ? fault : "", speaker_);
    });
    if (!backend) return outbox_.push(error_frame({}, backend.error()));
    backend_ = std::move(*backend);
    speaker_.set_backend(backend_.get(), load.spec.model + "@" + load.spec.version);
    backend_->load();
  }

  void take(protocol::Execute execute) {
    if (!backend_) return;
    std::vector<WorkItem> batch;
    batch.reserve(execute.items.size());
    for (protocol::ExecuteItem& item : execute.items) {
      const WorkId id{item.work_id};
      // Freed slots may be filled again before the last step of a cancelled item has ended.
      if (speaker_.inside() >= 2 * size_t{backend_->slots()}) {
        outbox_.push(error_frame(id, {Errc::overloaded, "more items are inside than the back end has slots", {}, {}}));
        continue;
      }
      if (!speaker_.add(id)) continue;
      std::optional<Time> deadline;
      if (item.remaining_us) {
        constexpr uint64_t most = std::chrono::microseconds(wire::remaining_max).count();
        deadline = clock_.now() + std::chrono::microseconds(std::min(*item.remaining_us, most));
      }
      auto request = std::make_shared<const protocol::ServeRequest>(std::move(item.request));
      batch.push_back({id, std::move(request), deadline, item.credit});
    }
    if (!batch.empty()) backend_->execute(std::move(batch));
  }

  void take(const CancelFrame& cancel) {
    if (backend_ && speaker_.remove(cancel.id)) backend_->cancel(cancel.id);
  }

  void take(const CreditFrame& credit) {
    if (backend_) backend_->credit(credit.id, credit.bytes);
  }

  void take(const protocol::Unload&) { unloaded_ = true; }

  void report() {
    const StepProgress progress = backend_ ? backend_->progress() : StepProgress{};
    const auto running = std::chrono::ceil<std::chrono::microseconds>(progress.running);
    outbox_.push(progress_frame({progress.steps, static_cast<uint64_t>(running.count())}));
  }

  void flush() {
    std::string header;
    for (;;) {
      if (!unsent_) unsent_ = outbox_.pop();
      if (!unsent_) return;
      header.clear();
      wire::encode(unsent_->envelope, header);
      if (socket_.send({}, header, unsent_->body, counters_) == Sent::full) return;
      unsent_.reset();
    }
  }

  Clock& clock_;
  const std::unique_ptr<Poller> poller_;
  Socket socket_;
  bus::TransportCounters counters_;
  Outbox outbox_{*poller_};
  std::optional<wire::Message> unsent_;  ///< While the socket is full.
  Speaker speaker_{outbox_};
  std::unique_ptr<Backend> backend_;
  bool unloaded_ = false;
};

}  // namespace

Status run_backend_process(const BackendProcessOptions& options, Clock& clock) {
  watch_lifeline(options.lifeline);
  ::prctl(PR_SET_NAME, "troupe-backend");
  const Context context(1);
  TROUPE_TRY(Socket socket, Socket::pair(context, options.connect, false, queue_max, child_limits()));
  TROUPE_TRY(std::unique_ptr<Poller> poller, Poller::make());
  TROUPE_CHECK(poller->watch(socket.fd(), 0));
  BackendProcess(std::move(socket), std::move(poller), clock).serve(options.software);
  return {};
}

}  // namespace troupe::worker
