#include "actors/cache_shard/cache_shard_actor.hpp"

#include "runtime/protocol/answer_parts.hpp"

namespace troupe::cache_shard {
namespace {

CachedResult as_cached(protocol::ResultPart whole) {
  whole.cached = true;
  whole.load.reset();
  return std::make_shared<const protocol::ResultPart>(std::move(whole));
}

}  // namespace

/// Passes an answer on to who asked first, and tells the shard how it ended; dropped before that, its balancer is gone.
class CacheShardActor::Recorder final : public balancer::ResponseSink {
 public:
  Recorder(std::shared_ptr<balancer::ResponseSink> sink, std::function<void(CachedResult)> landed,
           std::function<void()> failed)
      : sink_(std::move(sink)), landed_(std::move(landed)), failed_(std::move(failed)) {}
  ~Recorder() override {
    // The flight holds the asker's sink too: it must not wait for an answer that nobody will bring.
    if (!has_ended_) failed_();
  }

  void on_part(std::shared_ptr<const protocol::ResultPart> part, bool last) override {
    protocol::join(parts_, *part);
    has_ended_ = last;
    // Only answers of one part are cached: see is_cacheable().
    if (last) parts_.size() == 1 ? landed_(as_cached(std::move(parts_.front()))) : failed_();
    sink_->on_part(std::move(part), last);
  }
  void on_error(const Error& error) override {
    has_ended_ = true;
    failed_();
    sink_->on_error(error);
  }

 private:
  std::shared_ptr<balancer::ResponseSink> sink_;
  std::function<void(CachedResult)> landed_;
  std::function<void()> failed_;
  std::vector<protocol::ResultPart> parts_;
  bool has_ended_ = false;
};

CacheShardActor::CacheShardActor(actor::Context& context, CacheOptions options)
    : Actor(context), options_(options), cache_(options.capacity) {
  on<Lookup>([this](const Lookup& message) { lookup(message); });
  on<balancer::CancelDispatch>([this](const balancer::CancelDispatch& message) { cancel(message); });
}

void CacheShardActor::lookup(const Lookup& lookup) {
  if (CachedResult hit = cache_.find(lookup.key, context().now())) {
    lookup.dispatch.sink->on_part(std::move(hit), true);
    return;
  }
  if (flights_.waiting() >= options_.waiting_max) {
    lookup.dispatch.sink->on_error(
        {Errc::overloaded, "too many requests wait for the same answers", {}, std::chrono::seconds{1}});
    return;
  }
  if (flights_.join(lookup)) {
    fly(lookup);
    return;
  }
  // The one that flies may have more time than this one.
  if (const auto& deadline = lookup.dispatch.deadline)
    context().after(*deadline - context().now(), [this, id = lookup.dispatch.id, sink = lookup.dispatch.sink] {
      if (flights_.withdraw(id)) sink->on_error({Errc::deadline_exceeded, "the deadline passed", {}, {}});
    });
}

void CacheShardActor::fly(const Lookup& lookup) {
  balancer::Dispatch dispatch = lookup.dispatch;
  dispatch.sink = std::make_shared<Recorder>(
      lookup.dispatch.sink,
      context().bind<CachedResult>([this, lookup](const CachedResult& result) { landed(lookup, result); }),
      context().bind<>([this, id = lookup.dispatch.id] { failed(id); }));
  if (const Status sent = lookup.balancer.send(dispatch); !sent) dispatch.sink->on_error(sent.error());
}

void CacheShardActor::landed(const Lookup& leader, const CachedResult& result) {
  cache_.insert(leader.key, result, leader.ttl, context().now());
  // One that was cancelled meanwhile leads no more: another flies for those who wait.
  if (!flights_.flying(leader.dispatch.id)) return;
  for (const Lookup& follower : flights_.land(leader.key)) follower.dispatch.sink->on_part(result, true);
}

void CacheShardActor::failed(balancer::DispatchId leader) {
  const auto flying = flights_.flying(leader);
  if (!flying) return;
  // Each gets an attempt of its own, one after the other: an error is nobody else's answer.
  if (const auto next = flights_.next(flying->key)) fly(*next);
}

void CacheShardActor::cancel(const balancer::CancelDispatch& cancel) {
  if (flights_.withdraw(cancel.id)) return;
  const auto flying = flights_.flying(cancel.id);
  if (!flying) return;
  static_cast<void>(flying->balancer.send(cancel));
  failed(cancel.id);
}

}  // namespace troupe::cache_shard
