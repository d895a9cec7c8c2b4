#pragma once
// Ctrl-C of verbs that run until somebody ends them.

#include "runtime/base/clock.hpp"

namespace troupe::cli {

/// From now on the first SIGINT or SIGTERM makes is_interrupted() true; a second one ends the process at once.
void end_at_interrupts();
bool is_interrupted() noexcept;
/// For so long, or until a signal comes.
void pause(Duration duration) noexcept;

}  // namespace troupe::cli
