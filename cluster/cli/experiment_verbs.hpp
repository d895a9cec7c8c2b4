#pragma once
// Verbs of `troupe experiment` that have a file each. Only for .cpp files: includes CLI11.

#include "cluster/cli/verbs.hpp"

namespace troupe::cli {

void add_experiment_create(CLI::App& group, Shell& shell);
void add_experiment_power(CLI::App& group, Shell& shell);
void add_experiment_simulate(CLI::App& group, Shell& shell);
void add_experiment_analyze(CLI::App& group, Shell& shell);

}  // namespace troupe::cli
