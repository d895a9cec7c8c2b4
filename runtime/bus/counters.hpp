#pragma once
// What a transport's lane has carried and refused.

#include <atomic>
#include <cstdint>

namespace troupe::bus {

/// Counters of one lane since start; they only grow. Written by the lane, read by anyone (relaxed).
struct TransportCounters {
  using Counter = std::atomic<uint64_t>;

  Counter messages_sent{0};  ///< Handed to the network; not known to have arrived.
  Counter bytes_sent{0};     ///< Bodies and attachments of those.
  Counter messages_received{0};
  Counter bytes_received{0};
  Counter frames_shared{0};  ///< Frames sent straight from the memory of their Bytes.
  Counter frames_copied{0};  ///< Small bodies, copied.

  Counter overloaded{0};     ///< send() refused: a queue was full.
  Counter undeliverable{0};  ///< Accepted by send() and dropped later: no way to the node, or it was lost.
  Counter malformed{
      0};             ///< Dropped: frames missing, too many or over limits, an envelope or hello that does not decode.
  Counter forged{0};  ///< Dropped: the source is not who is connected.
  Counter guest_refused{0};       ///< Dropped: from a key that is not on the allow-list, and more than a guest may say.
  Counter handshakes_refused{0};  ///< Connections turned away: without a key, with a wrong one, or of a replay.
  Counter stale_source{0};        ///< Dropped: from an earlier life of a node whose later one is known.
  Counter stale_target{
      0};  ///< Not delivered: meant for an earlier life of this node. Requests are answered with an error.
  Counter too_many_peers{0};  ///< Dropped: a stranger when peers_max was reached.

  Counter connections{0};     ///< Connections made by this node.
  Counter idle_closed{0};     ///< Of those, closed for want of traffic.
  Counter disconnections{0};  ///< Connections that broke, of either direction.
};

}  // namespace troupe::bus
