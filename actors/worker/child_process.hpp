#pragma once
// ChildProcess: the process of a back end: started, watched, ended.

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"

namespace troupe::worker {

/// A file descriptor that closes itself; -1 = none.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();

  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

/// How a process ended, in words: "exited with code 3", "was killed by signal 9 (SIGKILL)".
struct ProcessEnd {
  bool is_clean = false;  ///< Exit code 0.
  std::string words;
};

/// One thread uses it, the one that called start(): parent-death signals fire when the thread that started a process
/// ends, so that thread must live as long as the child.
class ChildProcess {
 public:
  /// Runs `arguments` (the program's path first) with "--lifeline FD" added: stdin is /dev/null, stdout and stderr are
  /// output_fd(), no other descriptor is open; a process group of its own, no signal blocked or ignored; `niceness` on
  /// top of this process's. io_error where it can't be started.
  static Result<ChildProcess> start(std::vector<std::string> arguments, int niceness);
  ChildProcess(ChildProcess&&) noexcept = default;
  ChildProcess& operator=(ChildProcess&&) = delete;
  /// Kills and reaps what still runs.
  ~ChildProcess();

  pid_t pid() const noexcept { return pid_; }
  /// Readable when it has ended.
  int ended_fd() const noexcept { return pidfd_.get(); }
  /// What it writes; never blocks.
  int output_fd() const noexcept { return output_.get(); }

  void kill() const noexcept;
  /// Reaps it if it has ended.
  std::optional<ProcessEnd> poll();

 private:
  ChildProcess(pid_t pid, Descriptor pidfd, Descriptor output, Descriptor lifeline) noexcept
      : pid_(pid), pidfd_(std::move(pidfd)), output_(std::move(output)), lifeline_(std::move(lifeline)) {}

  pid_t pid_;
  Descriptor pidfd_;
  Descriptor output_;
  Descriptor lifeline_;  ///< Its being open is what the child watches.
  std::optional<ProcessEnd> end_;
};

}  // namespace troupe::worker
