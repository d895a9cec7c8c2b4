// LaneWorker: asks who is at an address, by a connection of its own under a random id of no node.

#include "runtime/base/random.hpp"
#include "runtime/bus/zmq/lane.hpp"
#include "runtime/protocol/cluster.hpp"
#include "runtime/wire/schema.hpp"

namespace troupe::bus::internal {
namespace {

constexpr size_t discoveries_max = 64;

}  // namespace

void LaneWorker::begin(Discover question) {
  if (discoveries_.size() >= discoveries_max)
    return question.found(fail(Errc::overloaded, "{} questions who is there are open already", discoveries_.size()));
  const Incarnation asker{secure_random_u64()};
  auto socket = Socket::dealer(context_, lane_, options_, question.keys.value_or(keys_),
                               routing_id({}, asker, random_nonce()), options_.discover_key, false);
  if (!socket) return question.found(fail(std::move(socket.error())));
  auto monitor = Monitor::of(context_, *socket, fmt::format("discover-{}-{}", static_cast<int>(lane_), last_token_));
  if (!monitor) return question.found(fail(std::move(monitor.error())));
  if (const Status connected = socket->connect(question.endpoint); !connected)
    return question.found(fail(connected.error()));

  const CorrelationId id{secure_random_u64() | 1};
  wire::Message message = hello(id, false);
  message.envelope.source_incarnation = asker;
  std::string header;
  wire::encode(message.envelope, header);
  (void)socket->send({}, header, message.body, counters_);
  const uint64_t token = watch(socket->fd(), {Watch::What::discovery, {}});
  const uint64_t monitor_token = watch(monitor->fd(), {Watch::What::discovery_monitor, {}, token});
  discoveries_.emplace(
      token, Discovery{std::move(*monitor), std::move(*socket), monitor_token, id, std::move(question.endpoint),
                       now_ + question.patience, std::move(question.found)});
  discovery_changed(token);  // A descriptor is silent until its socket was found empty once.
  if (discoveries_.contains(token)) serve_discovery(token);
}

void LaneWorker::discovery_changed(uint64_t token) {
  const auto found = discoveries_.find(token);
  if (found == discoveries_.end()) return;
  const std::string& endpoint = found->second.endpoint;
  while (const auto event = found->second.monitor.next()) {
    if (event->what == Monitor::What::refused)
      return finish(token, fail(Errc::permission_denied, "the node at {} refuses this node's key", endpoint));
    if (event->what == Monitor::What::failed)
      return finish(token, fail(Errc::unauthenticated,
                                "what listens at {} does not prove the key {}, which this node expects there", endpoint,
                                options_.discover_key));
  }
}

void LaneWorker::serve_discovery(uint64_t token) {
  Discovery& discovery = discoveries_.at(token);
  do {
    while (discovery.socket.receive(incoming_)) {
      const auto answer = open(incoming_);
      if (!answer || answer->envelope.kind != wire::Kind::hello ||
          answer->envelope.correlation_id != discovery.question)
        continue;
      const auto body = wire::decode_body<protocol::Hello>(answer->body, options_.limits);
      if (!body || !body->node || body->node != answer->envelope.source_node || body->control.empty()) {
        defect(counters_.malformed, "an answer to the question who is there");
        continue;
      }
      return finish(
          token, Peer{body->node, body->incarnation, body->control, body->request, body->bulk, options_.discover_key});
    }
  } while (discovery.socket.events().readable);
}

void LaneWorker::finish(uint64_t token, Result<Peer> result) {
  auto discovery = discoveries_.extract(token);
  forget(discovery.mapped().socket.fd(), token);
  forget(discovery.mapped().monitor.fd(), discovery.mapped().monitor_token);
  discovery.mapped().socket.close(Duration{0});
  discovery.mapped().found(std::move(result));
}

}  // namespace troupe::bus::internal
