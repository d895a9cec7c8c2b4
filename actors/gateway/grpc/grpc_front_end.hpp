#pragma once
// GrpcFrontEnd: the gateway's gRPC door, for the Open Inference Protocol as Triton's and KServe's clients speak it.
// What it answers is in rpc_methods.hpp.
//
// gRPC's own threads read and write (its callback API: as many as half the CPUs, 2 to 16); one of ours accepts
// connections and looks after calls that get nowhere. gRPC's headers are needed by the .cpp files alone.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "actors/gateway/front_end.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"
#include "runtime/http/tls.hpp"

namespace troupe::gateway {

struct GrpcFrontEndOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 0;  ///< 0 = any free one.
  std::string port_option = "--grpc-port";
  /// None: in the clear. The files are read anew once they have changed.
  std::optional<http::TlsFiles> tls{};

  ByteCount message_bytes_max = 16_MiB;    ///< Of a request, also once it is decompressed. More: RESOURCE_EXHAUSTED.
  ByteCount requests_bytes_max = 512_MiB;  ///< Of all requests that are being answered. More: RESOURCE_EXHAUSTED.
  ByteCount unread_bytes_max = 512_MiB;  ///< Of messages that gRPC has not read to their end; it reads no faster then.
  /// Unsent bytes of a call; a client that lets more wait is cut off, but for a single answer, which may be longer.
  ByteCount call_buffer_bytes_max = 32_MiB;
  ByteCount answers_bytes_max =
      512_MiB;  ///< Unsent bytes of all calls; one that has some unsent and adds more is cut off.

  uint32_t connections_max = 4096;  ///< And at most a quarter of the files the process may open. More are cut off.
  uint32_t connections_per_address_max = 2048;  ///< Of an IPv4 address or IPv6 /64.
  uint32_t calls_per_connection_max = 1024;     ///< More wait at the client.
  uint32_t calls_max = 10000;                   ///< More: RESOURCE_EXHAUSTED.

  Duration handshake_timeout = std::chrono::seconds{10};
  Duration message_timeout = std::chrono::seconds{60};  ///< From a call's beginning to its first message.
  Duration write_timeout = std::chrono::seconds{30};    ///< Without the client taking what waits for it, and so long as
  ByteCount read_rate_min = 16_KiB;                     ///< its bytes take at so many a second.
  Duration idle_timeout = std::chrono::minutes{10};     ///< Of a connection without calls.

  /// Counts clients that were cut off or refused, by reason: "connections", "connections_of_address", "calls",
  /// "message_slow", "message_malformed", "requests_full", "reader_slow", "reader_behind", "answers_full". On any
  /// thread.
  std::function<void(std::string_view reason)> on_cut{};
};

class GrpcFrontEnd {
 public:
  /// Binds and serves until stopped. What `front_end` points to must outlive it. failed_precondition, naming address
  /// and option, where the port is taken.
  static Result<std::unique_ptr<GrpcFrontEnd>> listen(GrpcFrontEndOptions options, FrontEnd front_end);
  virtual ~GrpcFrontEnd() = default;

  virtual uint16_t port() const noexcept = 0;
  /// "grpc://127.0.0.1:8001", or "grpcs://…".
  virtual std::string url() const = 0;

  /// Takes no more connections and calls, lets those under way end for at most `patience`, then cancels the rest.
  /// Idempotent. Destruction stops without patience.
  virtual void stop(Duration patience) = 0;
};

}  // namespace troupe::gateway
