#include "cluster/node/key_actor.hpp"

#include "cluster/node/identity.hpp"
#include "runtime/protocol/key_rotation.hpp"
#include "storage/crash_point.hpp"

namespace troupe::cluster {
namespace {

constexpr Duration try_patience = std::chrono::seconds{5};

}  // namespace

KeyActor::KeyActor(actor::Context& context, KeyActorOptions options) : Actor(context), options_(std::move(options)) {
  serve<protocol::KeyRotation>([this](const auto& wish, actor::Reply reply) {
    const auto asker = std::make_shared<actor::Reply>(std::move(reply));
    const Status done = wish->key.empty() ? offer(*asker) : use(wish->key, asker);
    if (!done) asker->fail(done.error());
  });
}

Status KeyActor::offer(actor::Reply& reply) {
  TROUPE_TRY(const bus::CurveKeys next, load_or_create_next_keys(options_.data_dir));
  storage::crash_point("key.after_next");
  reply.finish(protocol::KeyRotation{next.public_key});
  return {};
}

Status KeyActor::use(const std::string& key, const std::shared_ptr<actor::Reply>& reply) {
  TROUPE_TRY(const bus::CurveKeys current, load_or_create_node_keys(options_.data_dir));
  if (current.public_key == key) {
    change(current, reply);
    return {};
  }
  TROUPE_TRY(const bus::CurveKeys next, load_or_create_next_keys(options_.data_dir));
  if (next.public_key != key)
    return fail(Errc::failed_precondition, "the key that this node has made is another one by now; begin again");
  options_.transport->try_keys(
      next, options_.head_control, try_patience,
      context().bind<Result<bus::Peer>>([this, next, reply](const Result<bus::Peer>& tried) {
        if (!tried)
          return reply->fail({tried.error().code, "the new key is not let in: " + tried.error().message, {}, {}});
        if (const Status adopted = adopt(); !adopted) return reply->fail(adopted.error());
        change(next, reply);
      }));
  return {};
}

Status KeyActor::adopt() {
  storage::crash_point("key.before_adopt");
  TROUPE_CHECK(adopt_next_keys(options_.data_dir));
  storage::crash_point("key.after_adopt");
  return {};
}

void KeyActor::change(const bus::CurveKeys& keys, const std::shared_ptr<actor::Reply>& reply) {
  options_.transport->change_keys(keys, context().bind<Status>([this, key = keys.public_key,
                                                                reply](const Status& changed) {
    if (!changed)
      return reply->fail({changed.error().code,
                          fmt::format("{}; the new key is this node's from its next start on", changed.error().message),
                          {},
                          {}});
    options_.log.info("this node uses another key", observe::kv("key", key));
    options_.on_changed(key);
    reply->finish(protocol::KeyRotation{key});
  }));
}

}  // namespace troupe::cluster
