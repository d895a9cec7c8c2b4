#pragma once
// What follows a verdict: the deployments whose weights it changes. Pure.

#include <vector>

#include "actors/experiment/decision/verdict.hpp"
#include "cluster/spec/records.hpp"

namespace troupe::cluster {

/// Of the model's `deployments`, those that are changed, with their new weights.
///   promote: deployments of the winner's version take all weight that deployments of the variants have.
///   roll_back: the weight of losers' deployments goes to the control's. A winner is not promoted.
/// A version's weight goes to its deployments in the proportions that they have; where they have none, to the one that
/// was deployed first. Replicas stay as they are. Nothing changes where nothing was decided, or where who should take
/// the weight has no deployment.
std::vector<DeploymentRecord> after_verdict(const experiment::Definition& definition,
                                            const experiment::Verdict& verdict,
                                            const std::vector<DeploymentRecord>& deployments);

}  // namespace troupe::cluster
