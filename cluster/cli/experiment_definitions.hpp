#pragma once
// Definitions of experiments from a file, as verbs that need no cluster read them. Pure.

#include <string>
#include <vector>

#include "actors/experiment/definition/definition.hpp"

namespace troupe::cli {

/// Every document of `text` is a `kind: Experiment`. invalid_argument with "file:line" where one is of another kind,
/// has words that no experiment has (and the nearest right one), parts that do not fit together, or a name that is
/// there twice; also where there is none.
Result<std::vector<experiment::Definition>> read_definitions(const std::string& text, const std::string& file);

/// As above; the file has one.
Result<experiment::Definition> read_definition(const std::string& text, const std::string& file);

}  // namespace troupe::cli
