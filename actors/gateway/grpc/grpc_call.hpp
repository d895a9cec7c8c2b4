#pragma once
// GrpcCall: one call on gRPC's callback API, for a RpcHandler. Only for .cpp files: includes gRPC.

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <deque>
#include <mutex>
#include <unordered_map>

#include "actors/gateway/grpc/byte_budget.hpp"
#include "actors/gateway/grpc/grpc_front_end.hpp"
#include "actors/gateway/grpc/rpc_methods.hpp"
#include "runtime/base/handover.hpp"

namespace troupe::gateway {

class GrpcCall;

/// What all calls of a door share. Thread-safe.
class GrpcCalls {
 public:
  GrpcCalls(GrpcFrontEndOptions options, FrontEnd front_end);

  /// The calls that are open now.
  std::vector<std::shared_ptr<GrpcCall>> open() const;
  /// New calls are refused from now on.
  void close() { is_closed_.store(true); }

  /// Lets a call in; unavailable or overloaded where it is to be refused. It is one of the open ones either way.
  Status enter(const std::shared_ptr<GrpcCall>& call);
  void leave(GrpcCall* call);
  void cut(std::string_view reason) const {
    if (options.on_cut) options.on_cut(reason);
  }

  const GrpcFrontEndOptions options;
  const Clock& clock;
  const RpcMethods methods;
  ByteBudget requests;
  ByteBudget answers;

 private:
  std::atomic<bool> is_closed_{false};
  mutable std::mutex mutex_;
  std::unordered_map<GrpcCall*, std::weak_ptr<GrpcCall>> calls_;
};

class GrpcCall final : public RpcCall,
                       public grpc::ServerGenericBidiReactor,
                       public std::enable_shared_from_this<GrpcCall> {
 public:
  /// Begins to answer; lives until gRPC has done with it, and its handler with that.
  static grpc::ServerGenericBidiReactor* open(std::shared_ptr<GrpcCalls> calls,
                                              grpc::GenericCallbackServerContext* context);

  GrpcCall(std::shared_ptr<GrpcCalls> calls, grpc::GenericCallbackServerContext* context);

  const http::Headers& metadata() const override { return metadata_; }
  std::optional<Time> deadline() const override { return deadline_; }
  size_t unsent() const override;
  void read() override;
  void add_metadata(const http::HeaderList& fields) override;
  void send(ProtoPieces message, std::function<void()> on_written) override;
  void send_last(ProtoPieces message) override;
  void finish(GrpcStatus status) override;

  /// Each second: ends what gets nowhere.
  void tick();
  void stop();

 private:
  struct Outgoing {
    grpc::ByteBuffer buffer;
    size_t bytes = 0;
    std::function<void()> on_written;
  };

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  Result<Bytes> take_message();
  /// All of these with mutex_ held.
  void push(ProtoPieces message, std::function<void()> on_written);
  void end(GrpcStatus status);
  void pump();
  void apply_metadata();
  grpc::Status apply_end();
  void cut(std::string_view reason, std::string_view why);
  void drop_waiting();
  void drop_front();
  bool is_over() const { return end_.has_value() || is_finished_; }
  std::shared_ptr<RpcHandler> handler() const;

  const std::shared_ptr<GrpcCalls> calls_;
  grpc::GenericCallbackServerContext* const context_;  ///< gRPC's, until OnDone().
  const Time begun_;
  http::Headers metadata_;
  std::optional<Time> deadline_;
  grpc::ByteBuffer incoming_;       ///< Belongs to gRPC while a read is under way.
  std::shared_ptr<GrpcCall> self_;  ///< Until OnDone().
  Handover handover_;               ///< From the thread of gRPC that opens it to those that call it back.

  mutable std::mutex mutex_;  ///< Of what follows. Handlers are not called with it held; gRPC calls nobody back from
                              ///< within a Start….
  std::shared_ptr<RpcHandler> handler_;
  http::HeaderList fields_;     ///< That have not gone yet.
  std::deque<Outgoing> queue_;  ///< The first one is being written while is_writing_.
  size_t unsent_ = 0;           ///< Bytes in the queue.
  std::optional<GrpcStatus> end_;
  Time write_begun_{};
  bool has_message_ = false;
  bool has_begun_ = false;  ///< The fields have gone.
  bool is_writing_ = false;
  bool is_finished_ = false;  ///< gRPC has been told the end.
};

}  // namespace troupe::gateway
