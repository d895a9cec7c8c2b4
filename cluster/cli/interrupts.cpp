#include "cluster/cli/interrupts.hpp"

#include <poll.h>
#include <signal.h>

namespace troupe::cli {
namespace {

volatile sig_atomic_t interrupted = 0;

}  // namespace

void end_at_interrupts() {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = 1; };
  action.sa_flags = SA_RESETHAND;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool is_interrupted() noexcept {
  return interrupted != 0;
}

void pause(Duration duration) noexcept {
  if (is_interrupted()) return;
  ::poll(nullptr, 0, static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()));
}

}  // namespace troupe::cli
