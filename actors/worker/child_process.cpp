#include "actors/worker/child_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

extern char** environ;

namespace troupe::worker {
namespace {

/// Where the child finds its end of the lifeline.
constexpr int lifeline_fd = 3;

struct Pipe {
  Descriptor read;
  Descriptor write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(Errc::resource_exhausted, "cannot open a pipe: {} (raise the limit of open files)",
                std::strerror(errno));
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

/// posix_spawn runs nothing of ours between fork and exec, so it is safe among threads.
int spawn(pid_t& pid, std::vector<std::string>& arguments, int output, int lifeline) {
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
  posix_spawn_file_actions_adddup2(&files, lifeline, lifeline_fd);
  posix_spawn_file_actions_addclosefrom_np(&files, lifeline_fd + 1);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  const int error = ::posix_spawn(&pid, arguments[0].c_str(), &files, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return error;
}

ProcessEnd describe(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return {info.si_status == 0, fmt::format("exited with code {}", info.si_status)};
  const char* const name = ::sigabbrev_np(info.si_status);
  return {false, fmt::format("was killed by signal {}{}", info.si_status,
                             name != nullptr ? fmt::format(" (SIG{})", name) : std::string())};
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Result<ChildProcess> ChildProcess::start(std::vector<std::string> arguments, int niceness) {
  TROUPE_TRY(Pipe output, make_pipe());
  TROUPE_TRY(Pipe lifeline, make_pipe());
  arguments.insert(arguments.end(), {"--lifeline", std::to_string(lifeline_fd)});
  pid_t pid = 0;
  if (const int error = spawn(pid, arguments, output.write.get(), lifeline.read.get()); error != 0)
    return fail(Errc::io_error, "cannot start {}: {}", arguments[0], std::strerror(error));
  const int own = ::getpriority(PRIO_PROCESS, 0);
  static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(pid), own + niceness));
  ::fcntl(output.read.get(), F_SETFL, O_NONBLOCK);
  // The child is not reaped yet, so the number is still its own.
  Descriptor pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  ChildProcess child(pid, std::move(pidfd), std::move(output.read), std::move(lifeline.write));
  if (child.ended_fd() < 0) return fail(Errc::resource_exhausted, "cannot watch a process: {}", std::strerror(errno));
  return child;
}

ChildProcess::~ChildProcess() {
  if (end_ || output_.get() < 0) return;
  kill();
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) != 0 && errno == EINTR) continue;
}

void ChildProcess::kill() const noexcept {
  if (!end_) ::kill(pid_, SIGKILL);
}

std::optional<ProcessEnd> ChildProcess::poll() {
  if (end_) return end_;
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG) == 0 && info.si_pid == pid_)
    end_ = describe(info);
  return end_;
}

}  // namespace troupe::worker
