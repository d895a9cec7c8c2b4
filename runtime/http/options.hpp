#pragma once
// Options of an HTTP server.

#include <cstdint>
#include <string>

#include "runtime/base/clock.hpp"
#include "runtime/base/units.hpp"

namespace troupe::http {

struct HttpOptions {
  std::string host = "127.0.0.1";           ///< Address or name to listen on.
  uint16_t port = 0;                        ///< 0 = any free one; HttpServer::port() tells which.
  std::string port_option = "--http-port";  ///< What a user sets to change it; named in errors.
  unsigned io_threads = 2;                  ///< >= 1; each serves its share of the connections alone.

  ByteCount header_bytes_max = 16_KiB;     ///< Request line and fields together; more is 431.
  ByteCount body_bytes_max = 16_MiB;       ///< More is 413.
  ByteCount pipelined_bytes_max = 64_KiB;  ///< Read ahead while an answer is owed; beyond it the socket is left alone.
  ByteCount stream_buffer_bytes_max = 4_MiB;  ///< Unsent bytes of a stream; a client that lets more wait is cut off.
  uint32_t connections_max = 10000;           ///< More are answered 503 and closed.

  Duration header_timeout = std::chrono::seconds{10};      ///< From a request's first byte to the end of its header.
  Duration body_timeout = std::chrono::seconds{30};        ///< Without a byte of the body.
  Duration keep_alive_timeout = std::chrono::seconds{75};  ///< Between requests.
  Duration write_timeout = std::chrono::seconds{30};       ///< Without the client taking a byte.
};

}  // namespace troupe::http
