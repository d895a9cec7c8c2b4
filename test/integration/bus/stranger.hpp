#pragma once
// One who speaks ZeroMQ to a node without being one: frames of its choice under an id of its choice.

#include <zmq.hpp>

#include "test/integration/bus/bus_node.hpp"

namespace troupe::bus::test {

inline std::string identity(uint64_t node, uint64_t incarnation) {
  std::string id;
  for (const uint64_t value : {node, incarnation, uint64_t{4}, uint64_t{2}})
    for (int shift = 56; shift >= 0; shift -= 8) id.push_back(static_cast<char>(value >> shift));
  return id;
}

inline std::string envelope(uint64_t node, uint64_t incarnation, wire::Kind kind = wire::Kind::request,
                            protocol::MessageType type = protocol::MessageType::none) {
  wire::Envelope e;
  e.kind = kind;
  e.message_type = static_cast<uint16_t>(type);
  e.correlation_id = CorrelationId{1};
  e.source_node = NodeId{node};
  e.source_incarnation = Incarnation{incarnation};
  std::string frame;
  wire::encode(e, frame);
  return frame;
}

/// A bare DEALER under an id of its choice, with the keys of a node that is let in.
class Stranger {
 public:
  Stranger(const std::string& id, const std::string& endpoint, uint64_t keys = 7, uint64_t victim = 1)
      : socket_(context_, zmq::socket_type::dealer) {
    socket_.set(zmq::sockopt::curve_publickey, keys_of(keys).public_key);
    socket_.set(zmq::sockopt::curve_secretkey, keys_of(keys).secret_key);
    socket_.set(zmq::sockopt::curve_serverkey, keys_of(victim).public_key);
    socket_.set(zmq::sockopt::routing_id, id);
    socket_.set(zmq::sockopt::linger, 2000);
    socket_.connect(endpoint);
  }
  void send(const std::vector<std::string>& frames) {
    for (size_t i = 0; i < frames.size(); ++i)
      socket_.send(zmq::buffer(frames[i]), i + 1 < frames.size() ? zmq::send_flags::sndmore : zmq::send_flags::none);
  }

 private:
  zmq::context_t context_;
  zmq::socket_t socket_;
};

}  // namespace troupe::bus::test
