#include "actors/worker/python_backend.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "actors/worker/child_process.hpp"
#include "actors/worker/replica_log.hpp"
#include "storage/model_store.hpp"

namespace troupe::worker {
namespace {

namespace fs = std::filesystem;

constexpr int pip_niceness = 5;  // As the back ends: the node itself comes first.
constexpr const char* requirements_name = "requirements.txt";

/// Runs a command to its end. What it writes goes to the log.
class Errand {
 public:
  Errand() : stop_(::eventfd(0, EFD_CLOEXEC)) {}

  /// The last line that it wrote. Errors: the last line again where its exit code is not 0, cancelled after stop().
  Result<std::string> run(std::vector<std::string> command, ReplicaLog& log) {
    TROUPE_TRY(ChildProcess process, ChildProcess::start(std::move(command), pip_niceness));
    TROUPE_CHECK(read_all(process.output_fd(), log));
    TROUPE_CHECK(wait_for(process.ended_fd()));
    const auto end = process.poll();
    if (!end || !end->is_clean)
      return fail(Errc::failed_precondition, "{}",
                  log.last_line().empty() ? end.value_or(ProcessEnd{}).words : log.last_line());
    return log.last_line();
  }

  /// From any thread.
  void stop() { static_cast<void>(::eventfd_write(stop_.get(), 1)); }

 private:
  /// Until `fd` can be read. cancelled: stop() came first.
  Status wait_for(int fd) {
    std::array<pollfd, 2> polled{{{fd, POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
    while (::poll(polled.data(), polled.size(), -1) < 0 && errno == EINTR) {
    }
    if (polled[1].revents != 0) return fail(Errc::cancelled, "the replica was stopped");
    return {};
  }

  Status read_all(int fd, ReplicaLog& log) {
    std::array<char, 4096> buffer;
    for (;;) {
      TROUPE_CHECK(wait_for(fd));
      const ssize_t got = ::read(fd, buffer.data(), buffer.size());
      if (got == 0) return {};
      if (got > 0) {
        log.append({buffer.data(), static_cast<size_t>(got)}, clock_.wall());
      } else if (errno != EINTR && errno != EAGAIN) {
        return fail(Errc::io_error, "cannot read what a process writes: {}", std::generic_category().message(errno));
      }
    }
  }

  const SystemClock clock_;
  Descriptor stop_;
};

class PythonBackend final : public Backend {
 public:
  PythonBackend(const protocol::ReplicaSpec& spec, PythonOptions options, ChildHost& children, BackendEvents& events)
      : spec_(spec), options_(std::move(options)), children_(children), events_(events) {}

  ~PythonBackend() override {
    errand_.stop();
    if (thread_.joinable()) thread_.join();
  }

  void load() override {
    thread_ = std::thread([this] {
      const Status prepared = prepare();
      if (!prepared && prepared.error().code != Errc::cancelled) events_.on_failed(prepared.error());
    });
  }

  void execute(std::vector<WorkItem> batch) override {
    if (Backend* child = this->child()) child->execute(std::move(batch));
  }
  void cancel(WorkId id) override {
    if (Backend* child = this->child()) child->cancel(id);
  }
  void credit(WorkId id, uint64_t bytes) override {
    if (Backend* child = this->child()) child->credit(id, bytes);
  }
  uint32_t slots() const override {
    const Backend* child = this->child();
    return child == nullptr ? 0 : child->slots();
  }
  protocol::ModelInterface interface() const override {
    const Backend* child = this->child();
    return child == nullptr ? protocol::ModelInterface{} : child->interface();
  }
  StepProgress progress() const override {
    const Backend* child = this->child();
    return child == nullptr ? StepProgress{} : child->progress();
  }
  Duration longest_step() const override {
    const Backend* child = this->child();
    return child == nullptr ? Duration{0} : child->longest_step();
  }

 private:
  Status prepare() {
    if (options_.package.empty())
      return fail(Errc::failed_precondition,
                  "the Python package of Troupe is neither beside the program nor in its source tree; name the folder "
                  "that holds it with TROUPE_PYTHON_PACKAGE");
    TROUPE_CHECK(storage::verify_model_folder(spec_.folder));
    if (spec_.python.empty()) {
      TROUPE_TRY(spec_.python, environment());
    }
    // Whoever hears from it asks it at once, on another thread: it is not seen before it is loaded.
    const std::lock_guard lock(mutex_);
    child_ = children_.make_backend(spec_, events_);
    child_->load();
    return {};
  }

  /// The interpreter of one that has the requirements.
  Result<std::string> environment() {
    TROUPE_TRY(ReplicaLog log, ReplicaLog::open(options_.log_folder, owner_of(spec_)));
    std::vector<std::string> command{"/usr/bin/env", options_.python,
                                     (options_.package / "troupe/worker/environment.py").string(), "--root",
                                     options_.environments.string()};
    const fs::path requirements = fs::path(spec_.folder) / requirements_name;
    if (std::error_code ignored; fs::exists(requirements, ignored))
      command.insert(command.end(), {"--requirements", requirements.string()});
    return errand_.run(std::move(command), log);
  }

  /// Set once, before anything can be executed.
  Backend* child() const {
    const std::lock_guard lock(mutex_);
    return child_.get();
  }

  protocol::ReplicaSpec spec_;
  const PythonOptions options_;
  ChildHost& children_;
  BackendEvents& events_;
  Errand errand_;
  mutable std::mutex mutex_;
  std::unique_ptr<Backend> child_;
  std::thread thread_;
};

/// NAME=VALUE, unless the variable was set for this process: then what it says holds.
void add_default(std::vector<std::string>& command, const char* name, const std::string& value) {
  if (std::getenv(name) == nullptr) command.push_back(fmt::format("{}={}", name, value));
}

}  // namespace

std::unique_ptr<Backend> make_python_backend(const protocol::ReplicaSpec& spec, PythonOptions options,
                                             ChildHost& children, BackendEvents& events) {
  return std::make_unique<PythonBackend>(spec, std::move(options), children, events);
}

std::vector<std::string> python_program(const protocol::ReplicaSpec& spec, const fs::path& package) {
  std::string path = package.string();
  if (const char* inherited = std::getenv("PYTHONPATH"); inherited != nullptr) path += std::string(":") + inherited;
  std::vector<std::string> command{"/usr/bin/env", "PYTHONPATH=" + path};
  const std::string threads = std::to_string(std::max(1u, (spec.resources.cpu_millis + 999) / 1000));
  for (const char* library : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"})
    add_default(command, library, threads);
  command.insert(command.end(), {spec.python, "-m", "troupe.worker", "--class", spec.entry, "--folder", spec.folder});
  return command;
}

}  // namespace troupe::worker
