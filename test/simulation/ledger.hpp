#pragma once
// Ledger: what clients and operators were promised and what they got, and every way in which that can be wrong. It sees
// a run from outside: nothing in the program writes here.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/balancer/messages.hpp"
#include "runtime/bus/sim/schedule.hpp"
#include "runtime/observe/log.hpp"
#include "storage/state_store.hpp"

namespace troupe::sim {

/// A request as its client sees it.
struct ClientRequest {
  std::string id;
  std::string prompt;
  uint32_t parts = 1;
  bool stream = false;
  Owner gateway;  ///< The life it was sent to.
  Time deadline;
  bool withdrawn = false;
  bool gateway_died = false;  ///< Its connection broke: nothing more can come, and nothing is owed.
  bool begun = false;
  std::string text;
  std::optional<Time> ended;
  std::optional<Errc> error;
};

/// What a deployment shall be. Replicas 0 and deleted are different.
struct DeploymentWish {
  std::string name;
  std::string model;
  std::string version;
  uint32_t replicas = 0;
  uint32_t batch_size = 1;
  bool operator==(const DeploymentWish&) const = default;
};
/// None: it shall not be there.
using Wish = std::optional<DeploymentWish>;

struct Counts {
  uint64_t requests = 0, answered = 0, failed = 0, withdrawn = 0, cut_off = 0, executions = 0, writes = 0, faults = 0;
};

/// What the back ends of a simulation answer to a prompt: part `index` of `parts`.
std::string answer_part(const std::string& prompt, uint32_t index);
std::string whole_answer(const std::string& prompt, uint32_t parts);

class Ledger {
 public:
  explicit Ledger(Schedule& schedule, Duration slack) : schedule_(schedule), slack_(slack) {}

  // Requests.
  size_t submit(ClientRequest request);
  void part(size_t request, const protocol::ResultPart& part, bool last);
  void error(size_t request, const Error& error);
  void withdraw(size_t request);
  void gateway_died(Owner gateway);
  /// What was due meanwhile may be late.
  void gateway_thawed(Owner gateway) { thawed_[gateway.index] = schedule_.now(); }
  /// A back end begins with a request. More than once is in order: an attempt may be lost with its replica.
  void executes(const std::string& request, ReplicaId replica);
  const ClientRequest& request(size_t index) const { return requests_[index]; }
  size_t open_requests() const;
  /// Time is up: what has not ended is lost.
  void expect_all_ended();

  // Control state.
  /// The outcome of a change: acknowledged, refused, or unknown.
  enum class Outcome : uint8_t { acknowledged, refused, unknown };
  void changed(const std::string& name, const Wish& wish, Outcome outcome);
  void disk_lost();
  /// What is stored must be what was acknowledged last, or a later change whose outcome nobody knows.
  void check_stored(const storage::RangeResult& deployments);

  // Leaders.
  /// A head's life has told others something in the name of an epoch.
  void leads(Incarnation life, Epoch epoch);

  void violation(std::string what);
  /// Empty: none so far.
  const std::string& violations() const noexcept { return violation_; }
  Counts& counts() noexcept { return counts_; }
  const Counts& counts() const noexcept { return counts_; }

  int64_t sinks = 0;                              ///< Clients' sinks that somebody still holds.
  std::map<ReplicaId, uint32_t> broken_replicas;  ///< How often a fault has crashed the worker of each.
  observe::Logger log;                            ///< Tells what happens to requests.

 private:
  void end(ClientRequest& request, std::optional<Errc> error);

  struct Deployment {
    Wish acknowledged;
    std::vector<Wish> possible;  ///< Later changes of unknown outcome.
  };

  Schedule& schedule_;
  const Duration slack_;
  std::vector<ClientRequest> requests_;
  std::map<uint32_t, Time> thawed_;
  std::map<std::string, Deployment> deployments_;
  std::map<Epoch, Incarnation> leaders_;
  std::string violation_;
  Counts counts_;
};

/// Where a request's answer goes: to the ledger. A stream comes at the pace of a client that reads slowly.
class ClientSink final : public balancer::ResponseSink {
 public:
  /// `window`: of a stream. A part is read `reading` after it has come, in the life of `gateway`.
  ClientSink(Ledger& ledger, Schedule& schedule, Owner gateway, size_t request, std::optional<uint64_t> window,
             Duration reading)
      : ledger_(ledger), schedule_(schedule), gateway_(gateway), request_(request), window_(window), reading_(reading) {
    ++ledger_.sinks;
  }
  ~ClientSink() override { --ledger_.sinks; }
  void on_part(std::shared_ptr<const protocol::ResultPart> part, bool last) override;
  void on_error(const Error& error) override { ledger_.error(request_, error); }
  std::optional<uint64_t> window() const override { return window_; }
  void on_begin(std::function<void(uint64_t)> more) override { more_ = std::move(more); }

 private:
  Ledger& ledger_;
  Schedule& schedule_;
  const Owner gateway_;
  const size_t request_;
  const std::optional<uint64_t> window_;
  const Duration reading_;
  std::function<void(uint64_t)> more_;
  std::shared_ptr<uint64_t> unread_ = std::make_shared<uint64_t>(0);
};

}  // namespace troupe::sim
