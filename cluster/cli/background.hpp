#pragma once
// A process of this binary in the background, and how it tells its parent that it is ready.

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"

namespace troupe::cli {

/// Runs this executable with `arguments` and "--ready-fd N", in a session of its own, with stdin closed and stdout and
/// stderr appended to `output`, and waits until it reports. Its Error is returned as it reported it; where it dies
/// without a word, the Error points to `output`. On deadline_exceeded it has been killed.
Status start_in_background(std::vector<std::string> arguments, const std::filesystem::path& output, Duration timeout);

/// The other side: success, or why not. Closes `fd`.
void report_ready(int fd, const Status& status);

}  // namespace troupe::cli
