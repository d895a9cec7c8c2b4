#pragma once
// Options of an HTTP server.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/base/clock.hpp"
#include "runtime/base/units.hpp"
#include "runtime/http/cors.hpp"

namespace troupe::http {

class TlsCertificate;

/// Why a server ended a connection, or refused one, to protect itself and its other clients.
enum class Cut : uint8_t {
  connections,             ///< As many as may be are open.
  connections_of_address,  ///< As many as may be are open from the client's address.
  header_slow,             ///< A header that did not arrive in time.
  header_large,            ///< A header of too many bytes or fields.
  body_slow,               ///< A body that stopped, or came too slowly.
  body_large,              ///< A body over the limit.
  chunks_small,            ///< A body in chunks so small that their framing is most of it.
  malformed,               ///< Not HTTP, or not as spoken here.
  reader_slow,             ///< The client took nothing of its answer, or too little.
  reader_behind,           ///< More of a stream waited for the client than may.
  bodies_full,             ///< More of all bodies together is here than may, and this one had a large share.
  handshake,               ///< TLS could not be agreed on, or not in time; plain HTTP on a TLS port is such.
  buffers_full,            ///< More waited for all clients together than may, and this one had a large share.
};
inline constexpr size_t cut_count = 13;

/// "header_slow"
std::string_view to_string(Cut cut) noexcept;

struct HttpOptions {
  std::string host = "127.0.0.1";           ///< Address or name to listen on.
  uint16_t port = 0;                        ///< 0 = any free one; HttpServer::port() tells which.
  std::string port_option = "--http-port";  ///< What a user sets to change it; named in errors.
  unsigned io_threads = 2;                  ///< >= 1; each serves its share of the connections alone.
  std::shared_ptr<TlsCertificate> tls{};    ///< Empty: in the clear.

  ByteCount header_bytes_max = 16_KiB;     ///< Request line and fields together; more is 431.
  uint32_t header_fields_max = 100;        ///< More is 431.
  ByteCount body_bytes_max = 16_MiB;       ///< More is 413.
  ByteCount pipelined_bytes_max = 64_KiB;  ///< Read ahead while an answer is owed; beyond it the socket is left alone.
  ByteCount stream_buffer_bytes_max = 4_MiB;  ///< Unsent bytes of a stream; a client that lets more wait is cut off.
  ByteCount websocket_buffer_bytes_max = 32_MiB;  ///< Likewise, of all that is under way over one WebSocket.
  /// Unsent bytes of all connections. Beyond it, streams that let more than 64 KiB wait are cut off, and whole answers
  /// longer than that become 503.
  ByteCount buffers_bytes_max = 512_MiB;

  /// Bytes of all bodies that are being read or answered. Beyond it, those longer than 64 KiB become 503.
  ByteCount bodies_bytes_max = 512_MiB;

  uint32_t connections_max = 10000;  ///< And at most half of the files the process may open. More are answered 503.
  uint32_t connections_per_address_max = 5000;  ///< Of an IPv4 address or IPv6 /64. More are answered 429.

  Duration header_timeout = std::chrono::seconds{10};  ///< From a header's first byte; and until a connection's first.
  Duration body_timeout = std::chrono::seconds{30};    ///< Without a byte of the body.
  ByteCount body_rate_min{1024};  ///< Bytes a second that a body must average once it has lasted body_timeout.
  Duration keep_alive_timeout = std::chrono::seconds{75};  ///< Between requests.
  Duration write_timeout = std::chrono::seconds{30};       ///< Without the client taking a byte.
  ByteCount read_rate_min{1024};  ///< Bytes a second that a client must average over each write_timeout it is behind.

  /// Whole answers of so many bytes go compressed to clients whose accept-encoding asks for it. Shorter ones are not
  /// worth it; longer ones would hold up the other clients of their I/O thread. Streams never are: each of their pieces
  /// must leave at once, and is short.
  ByteCount compress_bytes_min = 1_KiB;
  ByteCount compress_bytes_max = 4_MiB;

  CorsPolicy cors{};  ///< Which pages of other origins may ask here.

  /// Counts what was cut off; on an I/O thread. Must not block.
  std::function<void(Cut)> on_cut{};
};

}  // namespace troupe::http
