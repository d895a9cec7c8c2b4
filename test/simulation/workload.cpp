#include "test/simulation/workload.hpp"

#include <algorithm>

#include "cluster/head/admin.hpp"

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;

constexpr uint32_t parts_max = 5;
constexpr uint64_t shared_prompts = 5;  ///< So many prompts are asked again and again.

Duration up_to(Random& random, Duration longest) {
  return Duration{static_cast<int64_t>(random.below(static_cast<uint64_t>(longest.count()) + 1))};
}

std::string deployment_name(uint64_t number) {
  return fmt::format("d{}", number);
}

/// Two deployments a model, so that weights and versions have something to decide.
std::string model_of(const std::string& deployment) {
  return fmt::format("m{}", (deployment.back() - '0') / 2);
}

std::string document(const DeploymentWish& wish, bool cached) {
  return fmt::format(
      "kind: Deployment\nname: {}\nmodel: {}@{}\nreplicas: {}\nbackend: echo\nweight: 1\nresources: {{cpus: 1}}\n"
      "batching: {{max_size: {}, max_delay: {}ms, max_queue: {}}}\ncache: {{enabled: {}}}\n",
      wish.name, wish.model, wish.version, wish.replicas, wish.batch_size, wish.batch_size, 4 * wish.batch_size,
      cached);
}

}  // namespace

// --- Clients ---------------------------------------------------------------------------------------------------------

void Clients::begin() {
  next();
}

void Clients::next() {
  // The gaps of a Poisson process would be as good; these are never long.
  const Duration gap{static_cast<int64_t>(2e9 * world_.schedule.random().uniform() / world_.knobs.requests_per_second)};
  world_.schedule.after(world, gap, [this] {
    if (stopped_) return;
    SimNode& gateway = *nodes_[world_.schedule.random().below(world_.knobs.gateways)];
    if (gateway.is_up()) send(gateway);
    next();
  });
}

size_t Clients::send(SimNode& gateway) {
  Random& random = world_.schedule.random();
  ++count_;
  ClientRequest client;
  client.id = fmt::format("r{}", count_);
  const bool shared = random.below(4) == 0;
  client.parts = shared ? 2 : 1 + static_cast<uint32_t>(random.below(parts_max));
  client.prompt = shared ? fmt::format("s{}", random.below(shared_prompts)) : fmt::format("p{}", count_);
  client.stream = random.below(2) == 0;
  client.gateway = gateway.owner();
  client.deadline = world_.schedule.now() + 1ms + up_to(random, world_.knobs.deadline_max);

  protocol::ServeRequest request;
  request.request_id = client.id;
  request.model = model_of(deployment_name(random.below(world_.knobs.deployments)));
  protocol::Generate generate;
  generate.prompt = protocol::PlainText{client.prompt};
  generate.sampling.temperature = 0;
  generate.sampling.max_tokens = client.parts;
  generate.stream = client.stream;
  request.work = std::move(generate);

  const Time deadline = client.deadline;
  const size_t index = world_.ledger.submit(std::move(client));
  const balancer::DispatchId id{count_};
  // Made on arrival: nobody holds a sink on the way.
  world_.schedule.after(
      gateway.owner(), up_to(random, 1ms),
      [this, &gateway, index, id, deadline, request = std::make_shared<const protocol::ServeRequest>(request)] {
        const ClientRequest& asked = world_.ledger.request(index);
        const auto window = asked.stream ? std::optional<uint64_t>(1 + 300 * (index % 3)) : std::nullopt;
        const auto sink = std::make_shared<ClientSink>(world_.ledger, world_.schedule, gateway.owner(), index, window,
                                                       Duration{1ms} * static_cast<int64_t>(index % 40));
        const Status sent = gateway.gateway().send(gateway::Submit{id, request, deadline, sink});
        if (!sent) sink->on_error(sent.error());
      });
  if (random.uniform() < world_.knobs.withdraw_chance) withdraw_later(index, id, gateway);
  return index;
}

void Clients::withdraw_later(size_t request, balancer::DispatchId id, SimNode& gateway) {
  world_.schedule.after(gateway.owner(), 1ms + up_to(world_.schedule.random(), 100ms), [this, request, id, &gateway] {
    if (world_.ledger.request(request).ended) return;
    world_.ledger.withdraw(request);
    static_cast<void>(gateway.gateway().send(gateway::Withdraw{id}));
  });
}

// --- Operator --------------------------------------------------------------------------------------------------------

Operator::Operator(World& world, Nodes& nodes) : world_(world), nodes_(nodes) {
  for (uint32_t i = 0; i < world_.knobs.deployments; ++i) targets_[deployment_name(i)];
}

void Operator::begin() {
  for (auto& [name, target] : targets_) {
    target.wanted = draw(name);
    ask(name);
  }
  next();
}

DeploymentWish Operator::draw(const std::string& name) {
  Random& random = world_.schedule.random();
  const uint64_t workers = world_.knobs.nodes - (world_.knobs.head_works ? 0 : 1);
  DeploymentWish wish;
  wish.name = name;
  wish.model = model_of(name);
  // Never another deployment's: a version is served by one.
  wish.version = random.below(3) > 0 ? name : fmt::format("{}.{}", name, ++version_);
  wish.replicas = static_cast<uint32_t>(random.below(2 * workers / world_.knobs.deployments + 2));
  wish.batch_size = 1 + static_cast<uint32_t>(random.below(4));
  return wish;
}

void Operator::next() {
  if (world_.knobs.changes_per_second <= 0) return;
  const Duration gap{static_cast<int64_t>(2e9 * world_.schedule.random().uniform() / world_.knobs.changes_per_second)};
  world_.schedule.after(world, gap, [this] {
    if (insisting_) return;
    change(deployment_name(world_.schedule.random().below(world_.knobs.deployments)));
    next();
  });
}

void Operator::change(const std::string& name) {
  Target& target = targets_[name];
  if (target.asking) return;
  target.wanted = world_.schedule.random().below(6) == 0 ? std::nullopt : Wish(draw(name));
  target.settled = false;
  ask(name);
}

void Operator::call(decltype(cluster::AdminCall::what) what, std::function<void(Result<std::string>)> done) {
  SimNode& head = *nodes_[0];
  if (!head.is_up()) return done(fail(Errc::unavailable, "the head is not there"));
  world_.schedule.after(head.owner(), 1ms, [&head, what = std::move(what), done = std::move(done)] {
    if (const Status sent = head.head().send(cluster::AdminCall{what, done}); !sent) done(fail(sent.error()));
  });
}

void Operator::ask(const std::string& name) {
  Target& target = targets_[name];
  target.asking = true;
  const Wish wish = target.wanted;
  decltype(cluster::AdminCall::what) what;
  if (wish) {
    what = cluster::ApplyText{document(*wish, name.back() == '0'), name + ".yaml", "."};
  } else {
    what = cluster::DeleteDeployment{name};
  }
  call(std::move(what), [this, name, wish](const Result<std::string>& answer) { answered(name, wish, answer); });
}

void Operator::answered(const std::string& name, const Wish& wish, const Result<std::string>& answer) {
  Target& target = targets_[name];
  target.asking = false;
  // Deleting what is not there is what was wanted.
  const bool is_done = answer || (!wish && answer.error().code == Errc::not_found);
  if (is_done) {
    world_.ledger.changed(name, wish, Ledger::Outcome::acknowledged);
    wishes_[name] = wish;
    target.settled = target.wanted == wish;
  } else {
    const bool unknown = answer.error().code == Errc::io_error;
    world_.ledger.changed(name, wish, unknown ? Ledger::Outcome::unknown : Ledger::Outcome::refused);
    world_.log.info("a change was not made", observe::kv("deployment", name),
                    observe::kv("error", to_string(answer.error())));
  }
  if (!insisting_ || target.settled) return;
  world_.schedule.after(world, 100ms, [this, name] {
    if (Target& again = targets_[name]; !again.asking && !again.settled) ask(name);
  });
}

void Operator::head_died() {
  for (auto& [name, target] : targets_) {
    if (!target.asking) continue;
    target.asking = false;
    world_.ledger.changed(name, target.wanted, Ledger::Outcome::unknown);
  }
}

void Operator::disk_lost() {
  world_.ledger.disk_lost();
  wishes_.clear();
  for (auto& [name, target] : targets_) target.settled = false;
}

void Operator::insist() {
  insisting_ = true;
  for (auto& [name, target] : targets_) {
    target.settled = false;
    if (!target.asking) ask(name);
  }
}

bool Operator::is_satisfied() const {
  return std::all_of(targets_.begin(), targets_.end(), [](const auto& entry) { return entry.second.settled; });
}

void Operator::view(cluster::View view, std::function<void(Result<std::string>)> done) {
  call(cluster::GetView{view}, std::move(done));
}

}  // namespace troupe::sim
