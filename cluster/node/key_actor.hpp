#pragma once
// KeyActor: exchanges this node's keys when the head asks for it, at "keys" on every node but the head. On a thread of
// its own, because disks block.
//
// The head asks twice. First the node makes a pair, keeps it in its folder beside the one it uses, and answers with its
// public key; the head puts that on the list of all nodes. Then the node tries whether the head lets the new pair in,
// makes it its own on disk, and connects and listens with it from then on. Whenever the node dies, the pair that it
// starts with is on the list.

#include <filesystem>
#include <functional>
#include <string>

#include "runtime/actor/actor.hpp"
#include "runtime/bus/zmq/zmq_transport.hpp"
#include "runtime/observe/log.hpp"
#include "runtime/protocol/key_rotation.hpp"

namespace troupe::cluster {

struct KeyActorOptions {
  std::filesystem::path data_dir;
  std::string head_control;  ///< Bus endpoint of the head.
  bus::ZmqTransport* transport = nullptr;
  /// Told, on this actor, that the node connects and listens with another key now.
  std::function<void(const std::string& public_key)> on_changed;
  observe::Logger log;
};

/// Serves protocol::KeyRotation, to nodes that may command this one.
class KeyActor final : public actor::Actor {
 public:
  KeyActor(actor::Context& context, KeyActorOptions options);

 private:
  Status offer(actor::Reply& reply);
  Status use(const std::string& key, const std::shared_ptr<actor::Reply>& reply);
  Status adopt();
  void change(const bus::CurveKeys& keys, const std::shared_ptr<actor::Reply>& reply);

  KeyActorOptions options_;
};

}  // namespace troupe::cluster
