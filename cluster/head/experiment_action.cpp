#include "cluster/head/experiment_action.hpp"

#include <algorithm>
#include <set>

namespace troupe::cluster {
namespace {

using experiment::Action;

/// `taker`'s deployments get what `givers`' have.
std::vector<DeploymentRecord> moved(const std::vector<DeploymentRecord>& deployments, const std::string& taker,
                                    const std::set<std::string>& givers) {
  std::vector<DeploymentRecord> after = deployments;
  std::vector<DeploymentRecord*> takers;
  double given = 0;
  double own = 0;
  for (DeploymentRecord& deployment : after) {
    if (deployment.version == taker) {
      takers.push_back(&deployment);
      own += deployment.weight;
    } else if (givers.contains(deployment.version)) {
      given += deployment.weight;
      deployment.weight = 0;
    }
  }
  if (takers.empty() || given <= 0) return {};
  if (own > 0) {
    for (DeploymentRecord* const one : takers) one->weight *= (own + given) / own;
  } else {
    (*std::ranges::min_element(takers, {}, &DeploymentRecord::created_unix_us))->weight = given;
  }
  std::vector<DeploymentRecord> changed;
  for (size_t i = 0; i < after.size(); ++i)
    if (!(after[i] == deployments[i])) changed.push_back(std::move(after[i]));
  return changed;
}

}  // namespace

std::vector<DeploymentRecord> after_verdict(const experiment::Definition& definition,
                                            const experiment::Verdict& verdict,
                                            const std::vector<DeploymentRecord>& deployments) {
  const auto& variants = definition.variants;
  if (verdict.state != experiment::State::decided || !verdict.winner || definition.rule.action == Action::notify)
    return {};
  std::set<std::string> givers;
  if (definition.rule.action == Action::roll_back) {
    for (const uint32_t loser : verdict.losers) givers.insert(variants[loser].version);
    givers.erase(variants[0].version);
    return moved(deployments, variants[0].version, givers);
  }
  for (const experiment::VariantDefinition& variant : variants) givers.insert(variant.version);
  givers.erase(variants[*verdict.winner].version);
  return moved(deployments, variants[*verdict.winner].version, givers);
}

}  // namespace troupe::cluster
