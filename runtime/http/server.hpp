#pragma once
// HttpServer: HTTP/1.1 on a port, for a handler. Keep-alive, pipelining (one request at a time), chunked streams,
// 100-continue, HEAD; limits and timeouts on everything.

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"
#include "runtime/http/message.hpp"
#include "runtime/http/options.hpp"

namespace troupe::http {

struct HttpStats {
  uint64_t connections_open = 0;
  uint64_t connections_total = 0;
  uint64_t requests_total = 0;                ///< Well-formed ones.
  uint64_t unsent_bytes = 0;                  ///< Of answers that wait for their clients.
  std::array<uint64_t, cut_count> cuts = {};  ///< By Cut.

  uint64_t cut(Cut why) const { return cuts[static_cast<size_t>(why)]; }
};

/// Each connection lives on one of `io_threads` threads, and so does the handler's call for it.
class HttpServer {
 public:
  /// Binds and serves until stopped. `clock` must outlive the server. failed_precondition, naming the address and
  /// `options.port_option`, where the address can't be had; invalid_argument for options out of range.
  static Result<std::unique_ptr<HttpServer>> listen(HttpOptions options, Clock& clock, Handler handler,
                                                    ErrorBody error_body = default_error_body);
  virtual ~HttpServer() = default;

  virtual uint16_t port() const noexcept = 0;
  /// "http://127.0.0.1:8000"
  virtual std::string url() const = 0;
  virtual HttpStats stats() const = 0;

  /// Closes the door, lets answers under way finish for at most `patience`, then closes the rest. Idempotent. Not from
  /// a handler. Destruction stops without patience.
  virtual void stop(Duration patience) = 0;
};

}  // namespace troupe::http
