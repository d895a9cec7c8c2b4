#pragma once
// Clients and Operator: who uses a simulated cluster.

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "test/simulation/sim_node.hpp"

namespace troupe::sim {

using Nodes = std::vector<std::unique_ptr<SimNode>>;

/// Send requests, unary and streamed, cached and not, with and without patience, to gateways that are up.
class Clients {
 public:
  Clients(World& world, Nodes& nodes) : world_(world), nodes_(nodes) {}
  void begin();
  void stop() { stopped_ = true; }
  /// One request, now.
  size_t send(SimNode& gateway);

 private:
  void next();
  void withdraw_later(size_t request, balancer::DispatchId id, SimNode& gateway);

  World& world_;
  Nodes& nodes_;
  bool stopped_ = false;
  uint64_t count_ = 0;
};

/// Deploys, scales, changes and deletes by the head's admin calls.
class Operator {
 public:
  Operator(World& world, Nodes& nodes);
  void begin();
  /// No more changes of its own: from now on it asks until every deployment is as it shall be in the end.
  void insist();
  bool is_satisfied() const;
  /// What was lost with the head's disk has to be asked for again.
  void disk_lost();
  /// Whether a call is under way; an answer that never comes is noticed with the head's death.
  void head_died();
  const std::map<std::string, Wish>& wishes() const noexcept { return wishes_; }

  /// The head's answer to a question, or why there is none.
  void view(cluster::View view, std::function<void(Result<std::string>)> done);

 private:
  struct Target {
    Wish wanted;
    bool settled = false;  ///< Acknowledged.
    bool asking = false;
  };
  void next();
  void change(const std::string& name);
  void ask(const std::string& name);
  void answered(const std::string& name, const Wish& wish, const Result<std::string>& answer);
  DeploymentWish draw(const std::string& name);
  void call(decltype(cluster::AdminCall::what) what, std::function<void(Result<std::string>)> done);

  World& world_;
  Nodes& nodes_;
  std::map<std::string, Target> targets_;
  std::map<std::string, Wish> wishes_;  ///< As far as they were acknowledged.
  bool insisting_ = false;
  uint64_t version_ = 0;
};

}  // namespace troupe::sim
