#include "actors/worker/worker_actor.hpp"

#include "actors/worker/warm_up.hpp"
#include "runtime/actor/host.hpp"
#include "runtime/base/units.hpp"

namespace troupe::worker {

using protocol::ReplicaState;

namespace {

/// How often what has expired is looked for, and how long its caller has to say so itself.
constexpr Duration expiry_interval = std::chrono::seconds{1};
constexpr Duration warm_up_patience = std::chrono::seconds{60};  ///< For each of the requests.

/// Ids of warm-up requests; WorkTable counts its own from 1.
constexpr uint64_t first_warm_up_id = 1ULL << 63;

std::optional<size_t> warm_up_of(WorkId id) {
  return id.value >= first_warm_up_id ? std::optional<size_t>(id.value - first_warm_up_id) : std::nullopt;
}

}  // namespace

/// Life-cycle events go to the actor; results go by the table, straight to who asked.
class WorkerActor::Events final : public BackendEvents {
 public:
  Events(WorkerActor& worker, uint64_t life, std::function<void(std::function<void()>)> post)
      : worker_(worker),
        life_(life),
        table_(worker.table_),
        health_(worker.options_.health),
        clock_(worker.context().host().clock()),
        post_(std::move(post)) {}

  void on_loaded() override {
    post([](WorkerActor& worker) { worker.set_state(ReplicaState::warming, worker.status_.reason); });
  }
  void on_warm() override {
    post([](WorkerActor& worker) { worker.warm_up(0); });
  }
  void on_failed(const Error& error) override {
    post([error](WorkerActor& worker) { worker.backend_failed(error); });
  }
  void on_part(WorkId id, protocol::ResultPart part, bool last) override {
    const auto at = warm_up_of(id);
    if (!at) return table_->part(id, std::move(part), last);
    if (last) post([next = *at + 1](WorkerActor& worker) { worker.warm_up(next); });
  }
  void on_error(WorkId id, const Error& error) override {
    const auto at = warm_up_of(id);
    if (!at) return table_->error(id, error);
    post([at = *at, error](WorkerActor& worker) { worker.warm_up_failed(at, error); });
  }
  void on_process(uint32_t pid) override { health_->on_process(pid, clock_.now()); }
  void on_progress(Duration step_running) override { health_->on_progress(step_running, clock_.now()); }

 private:
  void post(std::function<void(WorkerActor&)> action) {
    // Runs on the worker actor, which is alive then.
    post_([&worker = worker_, life = life_, action = std::move(action)] {
      if (worker.life_ == life) action(worker);
    });
  }

  WorkerActor& worker_;
  const uint64_t life_;
  const std::shared_ptr<WorkTable> table_;
  const std::shared_ptr<BackEndHealth> health_;
  const Clock& clock_;
  const std::function<void(std::function<void()>)> post_;
};

WorkerActor::WorkerActor(actor::Context& context, WorkerOptions options)
    : Actor(context), options_(std::move(options)), restart_policy_(options_.restart) {
  const protocol::ReplicaSpec& spec = options_.spec;
  status_.id = spec.id;
  status_.deployment = spec.deployment;
  status_.model = spec.model;
  status_.version = spec.version;
  table_ =
      std::make_shared<WorkTable>(spec.version, options_.load, [this, post = this->context().poster()](uint32_t count) {
        static_cast<void>(options_.batcher.send(SlotsFree{count}));
        if (draining_.load()) post([this] { stop_if_drained(); });
      });
  on<Batch>([this](const Batch& batch) { execute(batch); });
  on<CancelWork>([this](const CancelWork& message) { cancel(message); });
  on<CreditWork>([this](const CreditWork& message) { credit(message); });
  on<Drain>([this](const Drain&) { drain(); });
}

WorkerActor::~WorkerActor() {
  drop_backend();
  table_->fail_all({Errc::lost, "the replica has stopped", {}, {}});
  options_.health->on_state(ReplicaState::stopped, {}, context().wall());
}

void WorkerActor::started() {
  // It crashed while it drained: nothing is inside any more.
  if (options_.load->draining) {
    draining_ = true;
    return set_state(ReplicaState::stopped);
  }
  load();
}

void WorkerActor::set_state(ReplicaState state, std::string reason) {
  status_.state = state;
  status_.reason = std::move(reason);
  status_.restarts = options_.load->restarts;
  options_.health->on_state(state, status_.reason, context().wall());
  options_.on_change(status_);
}

void WorkerActor::tell_batcher(uint32_t slots) {
  static_cast<void>(options_.batcher.send(BackendReady{context().self(), slots}));
}

void WorkerActor::load() {
  set_state(ReplicaState::loading, status_.reason);
  drop_backend();
  events_ = std::make_unique<Events>(*this, ++life_, context().poster());
  auto backend = options_.backend(options_.spec, *events_);
  if (!backend) {
    backend_failed(backend.error());
    return;
  }
  backend_ = std::move(*backend);
  if (options_.spec.isolation == protocol::Isolation::thread)
    options_.health->on_thread([backend = backend_.get()] { return backend->progress().running; });
  backend_->load();
}

void WorkerActor::become_ready() {
  if (warm_up_timer_) context().cancel(std::exchange(warm_up_timer_, {}));
  status_.interface = backend_->interface();
  set_state(ReplicaState::ready);
  tell_batcher(backend_->slots());
}

void WorkerActor::warm_up(size_t next) {
  const auto& requests = options_.spec.warm_up;
  if (next == requests.size()) return become_ready();
  auto work = warm_up_work(requests[next]);
  if (!work) return warm_up_failed(next, work.error());
  protocol::ServeRequest request;
  request.request_id = fmt::format("warm-up-{}", next + 1);
  request.model = options_.spec.model;
  request.version = options_.spec.version;
  request.work = std::move(*work);
  const Time deadline = context().now() + warm_up_patience;
  backend_->execute({{WorkId{first_warm_up_id + next},
                      std::make_shared<const protocol::ServeRequest>(std::move(request)), deadline}});
  if (warm_up_timer_) context().cancel(warm_up_timer_);
  warm_up_timer_ = context().after(warm_up_patience, [this, next, life = life_] {
    warm_up_timer_ = {};
    if (life == life_ && status_.state == ReplicaState::warming)
      warm_up_failed(next, {Errc::deadline_exceeded, "no answer within " + format_duration(warm_up_patience), {}, {}});
  });
}

void WorkerActor::warm_up_failed(size_t at, const Error& error) {
  Error named = error;
  named.message =
      fmt::format("warm-up request {} of {} failed: {}", at + 1, options_.spec.warm_up.size(), error.message);
  backend_failed(named);
}

void WorkerActor::drop_backend() {
  options_.health->on_thread({});  // It looks at the back end.
  backend_.reset();
}

void WorkerActor::backend_failed(const Error& error) {
  ++life_;
  drop_backend();
  tell_batcher(0);
  table_->fail_all({Errc::lost, "the back end failed: " + error.message, {}, {}});
  if (draining_) {
    set_state(ReplicaState::stopped);
    return;
  }
  const auto delay = restart_policy_.on_crash(context().now());
  if (!delay) {
    set_state(ReplicaState::failed, error.message);
    return;
  }
  options_.load->restarts.fetch_add(1);
  set_state(ReplicaState::backing_off, error.message);
  context().after(*delay, [this] {
    if (!draining_) load();
  });
}

void WorkerActor::execute(const Batch& batch) {
  std::vector<WorkItem> items;
  items.reserve(batch.entries.size());
  for (const Batch::Entry& entry : batch.entries) {
    if (!backend_ || status_.state != ReplicaState::ready) {
      entry.reply->fail({Errc::unavailable, "the back end is not ready", {}, {}});
    } else {
      items.push_back({table_->add(entry.reply), entry.request, entry.reply->deadline(), entry.reply->credit()});
    }
  }
  if (items.empty()) return;
  backend_->execute(std::move(items));
  if (!expiry_timer_) expiry_timer_ = context().after(expiry_interval, [this] { drop_expired(); });
}

/// A caller whose deadline passes cancels. Where that gets lost, a stream that waits for credit would wait for ever.
void WorkerActor::drop_expired() {
  expiry_timer_ = {};
  for (const WorkId id : table_->expire(context().now() - expiry_interval))
    if (backend_) backend_->cancel(id);
  if (table_->size() > 0) expiry_timer_ = context().after(expiry_interval, [this] { drop_expired(); });
}

void WorkerActor::cancel(const CancelWork& cancel) {
  const WorkId id = table_->cancel(cancel.reply);
  if (id && backend_) backend_->cancel(id);
}

void WorkerActor::credit(const CreditWork& credit) {
  const WorkId id = table_->find(credit.reply);
  if (id && backend_) backend_->credit(id, credit.bytes);
}

void WorkerActor::drain() {
  draining_ = true;
  if (status_.state == ReplicaState::failed || status_.state == ReplicaState::backing_off || !backend_) {
    set_state(ReplicaState::stopped);
    return;
  }
  if (status_.state == ReplicaState::ready) set_state(ReplicaState::draining);
  stop_if_drained();
}

void WorkerActor::stop_if_drained() {
  if (!draining_ || table_->size() > 0 || status_.state == ReplicaState::stopped) return;
  ++life_;
  drop_backend();
  set_state(ReplicaState::stopped);
}

}  // namespace troupe::worker
