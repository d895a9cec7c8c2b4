#include "actors/worker/child_backend.hpp"

#include <stdlib.h>
#include <sys/un.h>

#include <list>

#include "actors/worker/child_session.hpp"

namespace troupe::worker {

namespace fs = std::filesystem;

namespace {

/// Room for a number and an ending behind the folder.
constexpr size_t folder_bytes_max = sizeof(sockaddr_un::sun_path) - 24;
constexpr size_t children_max = 4096;

class ChildHostImpl;

class ChildBackend final : public Backend {
 public:
  ChildBackend(std::shared_ptr<ChildHostImpl> host, protocol::ReplicaSpec spec, BackendEvents& events)
      : host_(std::move(host)), spec_(std::move(spec)), events_(events) {}
  ~ChildBackend() override;

  void load() override;
  void execute(std::vector<WorkItem> batch) override {
    if (session_) session_->execute(std::move(batch));
  }
  void cancel(WorkId id) override {
    if (session_) session_->cancel(id);
  }
  void credit(WorkId id, uint64_t bytes) override {
    if (session_) session_->credit(id, bytes);
  }
  uint32_t slots() const override { return session_ ? session_->slots() : 0; }
  protocol::ModelInterface interface() const override {
    return session_ ? session_->interface() : protocol::ModelInterface{};
  }
  StepProgress progress() const override { return session_ ? session_->progress() : StepProgress{}; }
  Duration longest_step() const override { return session_ ? session_->longest_step() : Duration{0}; }

 private:
  const std::shared_ptr<ChildHostImpl> host_;
  const protocol::ReplicaSpec spec_;
  BackendEvents& events_;
  std::unique_ptr<ChildSession> session_;
};

class ChildHostImpl final : public ChildHost, public std::enable_shared_from_this<ChildHostImpl> {
 public:
  ChildHostImpl(ChildHostOptions options, fs::path run_folder, Clock& clock)
      : options_(std::move(options)), run_folder_(std::move(run_folder)), clock_(clock), context_(children_max) {}
  ~ChildHostImpl() override {
    for (const auto& session : leaving_) session->retire();
    leaving_.clear();
    std::error_code ignored;
    if (run_folder_ != options_.run_folder) fs::remove_all(run_folder_, ignored);
  }

  std::unique_ptr<Backend> make_backend(const protocol::ReplicaSpec& spec, BackendEvents& events) override {
    return std::make_unique<ChildBackend>(shared_from_this(), spec, events);
  }

  Result<std::unique_ptr<ChildSession>> start(const protocol::ReplicaSpec& spec, BackendEvents& events) {
    TROUPE_TRY(auto poller, bus::internal::Poller::make());
    ChildSessionOptions session;
    session.spec = spec;
    session.program = options_.program(spec);
    session.socket = run_folder_ / fmt::format("{}.sock", next_.fetch_add(1));
    session.logs = options_.log_folder;
    session.niceness = options_.niceness;
    session.unload_patience = options_.unload_patience;
    session.health = options_.health;
    session.log = options_.log;
    return std::make_unique<ChildSession>(std::move(session), context_, std::move(poller), clock_, events);
  }

  /// Takes over a session until its process is gone.
  void adopt(std::unique_ptr<ChildSession> session) {
    session->retire();
    const std::lock_guard lock(mutex_);
    std::erase_if(leaving_, [](const auto& one) { return one->ended(); });
    leaving_.push_back(std::move(session));
  }

 private:
  const ChildHostOptions options_;
  const fs::path run_folder_;
  Clock& clock_;
  bus::internal::Context context_;
  std::atomic<uint64_t> next_{1};
  std::mutex mutex_;
  std::list<std::unique_ptr<ChildSession>> leaving_;  ///< At most one a replica that ended within unload_patience.
};

ChildBackend::~ChildBackend() {
  if (session_) host_->adopt(std::move(session_));
}

void ChildBackend::load() {
  auto session = host_->start(spec_, events_);
  if (session) {
    session_ = std::move(*session);
  } else {
    events_.on_failed(session.error());
  }
}

/// An empty folder for this user alone; elsewhere if `wanted` is too long for a socket's address.
Result<fs::path> make_run_folder(const fs::path& wanted) {
  if (wanted.string().size() > folder_bytes_max) {
    std::string made = (fs::temp_directory_path() / "troupe-XXXXXX").string();
    if (::mkdtemp(made.data()) == nullptr)
      return fail(Errc::io_error, "cannot make the folder {}: {}", made, std::strerror(errno));
    return fs::path(made);
  }
  std::error_code error;
  fs::create_directories(wanted, error);
  if (!error) fs::permissions(wanted, fs::perms::owner_all, error);
  if (error) return fail(Errc::io_error, "cannot make the folder {}: {}", wanted.string(), error.message());
  for (const auto& entry : fs::directory_iterator(wanted, error)) {
    if (entry.path().extension() == ".sock") fs::remove(entry.path(), error);
  }
  return wanted;
}

}  // namespace

std::vector<std::string> own_backend_program() {
  return {"/proc/self/exe", "backend"};
}

Result<std::shared_ptr<ChildHost>> ChildHost::make(ChildHostOptions options, Clock& clock) {
  options.run_folder = fs::absolute(options.run_folder);
  options.log_folder = fs::absolute(options.log_folder);
  TROUPE_TRY(fs::path run_folder, make_run_folder(options.run_folder));
  return std::make_shared<ChildHostImpl>(std::move(options), std::move(run_folder), clock);
}

}  // namespace troupe::worker
