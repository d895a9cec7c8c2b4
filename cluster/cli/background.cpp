#include "cluster/cli/background.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "runtime/base/units.hpp"

extern char** environ;

namespace troupe::cli {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }

  int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

Result<pid_t> spawn(std::vector<std::string>& arguments, int output) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, "/proc/self/exe", &files, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) return fail(Errc::io_error, "cannot start a process: {}", std::strerror(error));
  return pid;
}

/// All that is written until the other end closes; none: the time is over.
std::optional<std::string> read_all(int fd, Duration timeout) {
  const SystemClock clock;
  const Time deadline = clock.now() + timeout;
  std::string text;
  std::array<char, 512> piece;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock.now()).count();
    pollfd readable{.fd = fd, .events = POLLIN, .revents = 0};
    const int ready = left <= 0 ? 0 : ::poll(&readable, 1, static_cast<int>(std::min<int64_t>(left, 1 << 30)));
    if (ready == 0) return std::nullopt;
    if (ready < 0) continue;  // A signal came.
    const ssize_t count = ::read(fd, piece.data(), piece.size());
    if (count == 0) return text;
    if (count > 0) text.append(piece.data(), static_cast<size_t>(count));
  }
}

}  // namespace

Status start_in_background(std::vector<std::string> arguments, const std::filesystem::path& output, Duration timeout) {
  std::error_code error;
  std::filesystem::create_directories(output.parent_path(), error);
  const Descriptor log(::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (log.get() < 0) return fail(Errc::io_error, "cannot write {}: {}", output.string(), std::strerror(errno));
  std::array<int, 2> ends{-1, -1};
  if (::pipe(ends.data()) != 0) return fail(Errc::io_error, "cannot open a pipe: {}", std::strerror(errno));
  const Descriptor ready(ends[0]);
  Descriptor report(ends[1]);
  ::fcntl(ready.get(), F_SETFD, FD_CLOEXEC);
  arguments.insert(arguments.end(), {"--ready-fd", std::to_string(report.get())});
  TROUPE_TRY(const pid_t child, spawn(arguments, log.get()));
  report.close();

  const auto text = read_all(ready.get(), timeout);
  if (!text) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    return fail(Errc::deadline_exceeded, "the node was not ready within {} and was killed; its output is in {}",
                format_duration(timeout), output.string());
  }
  const auto said = nlohmann::json::parse(*text, nullptr, false);
  if (!said.is_object()) {
    ::waitpid(child, nullptr, 0);
    return fail(Errc::failed_precondition, "the node ended while it started; its last words are in {}",
                output.string());
  }
  if (said.value("ready", false)) return {};
  ::waitpid(child, nullptr, 0);
  return fail({static_cast<Errc>(said.value("code", 1)), said.value("message", ""), said.value("field", ""), {}});
}

void report_ready(int fd, const Status& status) {
  nlohmann::json said{{"ready", status.has_value()}};
  if (!status)
    said.update({{"code", static_cast<int>(status.error().code)},
                 {"message", status.error().message},
                 {"field", status.error().field}});
  const std::string text = said.dump();
  [[maybe_unused]] const ssize_t written = ::write(fd, text.data(), text.size());
  ::close(fd);
}

}  // namespace troupe::cli
