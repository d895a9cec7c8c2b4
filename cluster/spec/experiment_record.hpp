#pragma once
// Records of experiments in the control state, under "experiment/NAME".

#include <string>
#include <string_view>

#include "actors/experiment/lifecycle/record.hpp"

namespace troupe::cluster {

inline constexpr std::string_view experiment_prefix = "experiment/";

std::string key_of(const experiment::ExperimentRecord& record);
std::string encode(const experiment::ExperimentRecord& record);
/// corrupt_data names the key; failed_precondition where a newer Troupe wrote it.
Result<experiment::ExperimentRecord> decode_experiment(const std::string& key, const std::string& value);

}  // namespace troupe::cluster
