#pragma once
// RpcCall and RpcHandler: one call of a client, and what answers it. Between them runs everything that knows gRPC
// itself; handlers do not, and are tested without it.

#include <functional>
#include <optional>

#include "actors/gateway/grpc/grpc_status.hpp"
#include "actors/gateway/grpc/protobuf.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/http/message.hpp"

namespace troupe::gateway {

/// The way back to one call's client. Thread-safe. What is sent after the end, or after the client has gone, is
/// dropped.
class RpcCall {
 public:
  virtual ~RpcCall() = default;

  /// What the client says around its call.
  virtual const http::Headers& metadata() const = 0;
  /// By the call's own timeout.
  virtual std::optional<Time> deadline() const = 0;
  /// Bytes of messages that were sent and have not left.
  virtual size_t unsent() const = 0;

  /// Asks for the client's next message, or the end of them. Not again before that has come.
  virtual void read() = 0;

  /// Goes with the first message or the end, whichever comes first; ignored after.
  virtual void add_metadata(const http::HeaderList& fields) = 0;
  /// `on_written` runs once the message has left for the client, on any thread; dropped where it never does. A client
  /// that lets too much wait is cut off.
  virtual void send(ProtoPieces message, std::function<void()> on_written) = 0;
  /// The message, and the call ends well.
  virtual void send_last(ProtoPieces message) = 0;
  /// Once all that was sent has left.
  virtual void finish(GrpcStatus status) = 0;

  void fail(const Error& error) { finish(grpc_status(error)); }
};

/// Called on any thread, on_message() and on_end() one after the other, the others at any time. Must not block.
class RpcHandler {
 public:
  virtual ~RpcHandler() = default;

  virtual void on_message(Bytes message) = 0;
  /// The client sends no more messages.
  virtual void on_end() = 0;
  /// The client has gone, its deadline has passed, or it was cut off: nothing more reaches it.
  virtual void on_cancel() {}
  /// Each second.
  virtual void on_tick() {}
  /// The door is about to close: what has nothing under way ends now.
  virtual void on_stop() {}
};

}  // namespace troupe::gateway
