#include "cluster/cli/local_nodes.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace troupe::cli {

namespace fs = std::filesystem;

namespace {

constexpr const char* lock_file_name = "node.lock";

struct flock whole_file(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

fs::path default_data_root() {
  const char* home = std::getenv("HOME");
  return fs::path(home != nullptr && *home != '\0' ? home : ".") / ".troupe";
}

Result<NodeLock> NodeLock::take(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    return fail(Errc::io_error, "cannot make {}: {}; choose another --data-dir", folder.string(), error.message());
  const fs::path path = folder / lock_file_name;
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0)
    return fail(Errc::io_error, "cannot write {}: {}; choose another --data-dir", path.string(), std::strerror(errno));
  NodeLock lock(fd);
  struct flock wish = whole_file(F_WRLCK);
  if (::fcntl(fd, F_SETLK, &wish) == 0) return lock;
  const auto pid = running_process(folder);
  return fail(Errc::failed_precondition,
              "a node named '{}' runs already (pid {}); stop it with `troupe stop --name {}`, or choose another --name",
              folder.filename().string(), pid ? std::to_string(*pid) : "unknown", folder.filename().string());
}

NodeLock::~NodeLock() {
  if (fd_ >= 0) ::close(fd_);
}

std::optional<pid_t> running_process(const fs::path& folder) {
  const int fd = ::open((folder / lock_file_name).c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  struct flock probe = whole_file(F_WRLCK);
  const bool is_known = ::fcntl(fd, F_GETLK, &probe) == 0;
  ::close(fd);
  if (!is_known || probe.l_type == F_UNLCK) return std::nullopt;
  return probe.l_pid;
}

std::vector<LocalNode> local_nodes(const fs::path& root) {
  std::vector<LocalNode> nodes;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root, error)) {
    auto file = cluster::read_node_file(entry.path());
    if (!file) continue;
    nodes.push_back({entry.path(), std::move(*file), running_process(entry.path())});
  }
  std::sort(nodes.begin(), nodes.end(), [](const auto& a, const auto& b) { return a.file.name < b.file.name; });
  return nodes;
}

std::optional<LocalNode> running_node(const fs::path& root, bool protocol::Roles::*role) {
  for (LocalNode& node : local_nodes(root)) {
    if (node.pid && node.file.roles.*role) return std::move(node);
  }
  return std::nullopt;
}

std::optional<Process> Process::open(pid_t pid) {
  const auto fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return std::nullopt;
  return Process(fd);
}

Process::~Process() {
  if (fd_ >= 0) ::close(fd_);
}

void Process::signal(int number) const {
  ::syscall(SYS_pidfd_send_signal, fd_, number, nullptr, 0);
}

bool Process::wait(Duration patience) const {
  pollfd ended{.fd = fd_, .events = POLLIN, .revents = 0};
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(patience).count();
  return ::poll(&ended, 1, static_cast<int>(std::clamp<int64_t>(ms, 0, 1 << 30))) > 0;
}

}  // namespace troupe::cli
