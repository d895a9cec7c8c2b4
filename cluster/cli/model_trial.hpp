#pragma once
// A version tried out on this machine, in a process of its own, away from any cluster: is it whole, does it load, does
// it answer?

#include <filesystem>
#include <map>
#include <string>
#include <variant>

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::cli {

struct Trial {
  std::string name;
  std::string version;
  std::filesystem::path folder;
  std::map<std::string, std::string> metadata;  ///< Names the back end and its entry, as a deployment's does.
  std::variant<protocol::Generate, protocol::Infer> work;
  Duration patience = std::chrono::minutes{2};  ///< From the start of the process to the answer.
};

/// The answer, as text. Errors are those of verify_model_folder(), the back end's own, or deadline_exceeded. `scratch`
/// is an empty folder for sockets and for what the back end prints.
Result<std::string> try_out(const Trial& trial, const std::filesystem::path& scratch, Clock& clock);

}  // namespace troupe::cli
