#pragma once
// ZmqFrontEnd: the gateway's ZeroMQ door. A client's DEALER sends what a node would (runtime/wire/envelope.hpp):
//
//   [envelope: kind request, message_type serve_request, target path "gateway"][ServeRequest][attachments …]
//
// or a KeyedRequest, for a request that has an idempotency key; or RecordOutcomes, for events of experiments, which is
// answered by one OutcomesRecorded once they are safe against a loss of power. Withdrawn, they may be recorded all the
// same.
//
// Where the door has a key pair, every connection is encrypted and clients pin the public key (CURVE). Any client's key
// will do: an API key says who it is. What does not encrypt, or pins another key, gets no connection.
//
// A client that has an API key puts it into the target path, after a '#', so that it goes no further than this door:
// "gateway#KEY". It gets parts and errors with the same correlation id, which is the client's to choose, unique among
// its open requests. Kind cancel withdraws. What can't be read is counted and dropped; what is readable but wrong is
// answered by an error.

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "actors/experiment/events/event_recorder.hpp"
#include "actors/gateway/door.hpp"
#include "actors/gateway/key_ring.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"
#include "runtime/bus/zmq/curve.hpp"
#include "runtime/wire/limits.hpp"

namespace troupe::gateway {

struct ZmqFrontEndOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 0;                       ///< 0 = any free one.
  std::string port_option = "--zmq-port";  ///< Named in errors.
  uint32_t connections_max = 4096;  ///< And at most a quarter of the files the process may open. More are cut off.
  uint32_t connections_per_address_max = 2048;  ///< Of an IPv4 address or IPv6 /64.
  uint32_t in_flight_per_client_max = 1024;     ///< Open requests of one client; more are answered overloaded.
  uint32_t clients_max = 4096;                  ///< With open requests at a time.
  uint32_t answers_max = 65536;      ///< Pieces of answers that wait to be sent; a stream that adds more is cut off.
  uint32_t client_queue_max = 4096;  ///< Messages that wait for a client to read them. One that lets more wait is
                                     ///< cut off: its requests end with an error and are withdrawn.
  ByteCount client_unread_max = 64_MiB;                         ///< Bytes of those; a single answer may be longer.
  ByteCount clients_unread_max = 512_MiB;                       ///< Of all clients together.
  std::shared_ptr<KeyRing> keys = nullptr;                      ///< None: everybody may ask.
  std::shared_ptr<experiment::EventRecorder> events = nullptr;  ///< None: outcomes are not taken.
  std::optional<bus::CurveKeys> curve{};                        ///< The door's own pair; none: in the clear.
  wire::Limits limits;
  /// Counts clients that were cut off or refused and frames that were dropped, by reason: "connections",
  /// "connections_of_address", "reader_behind", "malformed", "not_encrypted", "handshake" (no ZeroMQ; encrypted for
  /// another key; given up half-way). On the front end's thread.
  std::function<void(std::string_view reason)> on_cut{};
};

struct ZmqFrontEndStats {
  uint64_t requests = 0;
  uint64_t malformed = 0;    ///< Dropped: no readable envelope, or of a kind no client sends.
  uint64_t unreachable = 0;  ///< Answers for clients that had gone.
  uint64_t cut_off = 0;      ///< Clients that let too much of their answers wait.
  uint64_t refused = 0;      ///< Connections that did not come about, or were too many.
};

/// One thread of its own serves the socket; answers come to it through a lock-free queue.
class ZmqFrontEnd {
 public:
  /// Binds and serves until stopped. `clock` must outlive it. failed_precondition, naming address and option, where the
  /// port is taken.
  static Result<std::unique_ptr<ZmqFrontEnd>> listen(ZmqFrontEndOptions options, Clock& clock, Door door,
                                                     std::shared_ptr<DispatchIds> ids, uint64_t seed);
  virtual ~ZmqFrontEnd() = default;

  virtual uint16_t port() const noexcept = 0;
  /// "tcp://127.0.0.1:8003"
  virtual std::string endpoint() const = 0;
  virtual ZmqFrontEndStats stats() const = 0;

  /// Stops the thread; open requests are withdrawn. Idempotent. Destruction stops.
  virtual void stop() = 0;
};

}  // namespace troupe::gateway
