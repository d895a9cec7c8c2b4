#include "cluster/cli/run_node.hpp"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "cluster/cli/exit.hpp"
#include "cluster/cli/local_nodes.hpp"

namespace troupe::cli {
namespace {

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

/// Takes the signals in a thread of its own, so that a second one works whatever the node does. Made before the node's
/// threads are, which inherit that the signals are blocked.
class SignalWatch {
 public:
  SignalWatch() : set_(ending_signals()) {
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    thread_ = std::thread([this] {
      take();
      first_.set_value();
      take();
      constexpr std::string_view words = "second signal: stopping at once\n";
      if (!ended_) {
        [[maybe_unused]] const auto written = ::write(STDERR_FILENO, words.data(), words.size());
        ::_exit(1);
      }
    });
  }
  ~SignalWatch() {
    // The thread ends by the signals it waits for.
    ended_ = true;
    while (taken_ < 2) {
      pthread_kill(thread_.native_handle(), SIGTERM);
      std::this_thread::yield();
    }
    thread_.join();
  }

  void wait() { first_.get_future().wait(); }

 private:
  void take() {
    int number = 0;
    sigwait(&set_, &number);
    ++taken_;
  }

  const sigset_t set_;
  std::promise<void> first_;
  std::atomic<bool> ended_{false};
  std::atomic<int> taken_{0};
  std::thread thread_;
};

}  // namespace

Status run_node(cluster::NodeOptions options,
                const std::function<void(const Result<const cluster::NodeFile*>&)>& on_started) {
  const auto failed = [&](Error error) {
    on_started(fail(error));
    return fail(std::move(error));
  };
  auto lock = NodeLock::take(options.data_dir);
  if (!lock) return failed(std::move(lock.error()));
  SignalWatch signals;
  options.on_end = [] { ::kill(::getpid(), SIGTERM); };
  auto node = cluster::Node::start(std::move(options));
  if (!node) {
    // A node that found no head is as a verb that does.
    if (node.error().code == Errc::unavailable) node.error().field = address_field;
    return failed(std::move(node.error()));
  }
  on_started(&(*node)->file());
  signals.wait();
  (*node)->stop();
  return (*node)->outcome();
}

}  // namespace troupe::cli
