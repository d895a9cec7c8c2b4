#pragma once
// RequestParser: bytes to HttpRequest; heads by Boost.Beast's parser. No sockets: fuzzed and tested as it is.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/http/message.hpp"
#include "runtime/http/options.hpp"

namespace troupe::http {

enum class ParseState : uint8_t {
  header,  ///< Wants more bytes of the header.
  body,    ///< Wants more bytes of the body.
  done,    ///< The request is whole; what was not consumed belongs to the next one.
  failed,  ///< `status` and `message` say why; the connection can't go on.
};

struct ParseOutcome {
  size_t consumed = 0;
  ParseState state = ParseState::header;
  int status = 0;  ///< Of `failed`: 400, 413, 431, 501 or 505.
  std::string message;
  Cut cut = Cut::malformed;  ///< Of `failed`.
};

/// One request after the other. Not thread-safe.
class RequestParser {
 public:
  RequestParser(size_t header_bytes_max, size_t body_bytes_max, size_t header_fields_max = 100);
  ~RequestParser();

  /// Begins a request that is written into `request` (whose strings keep their memory; remote_address and io_thread are
  /// left alone). It must outlive the parsing.
  void begin(HttpRequest& request);

  /// Feeds the connection's bytes; those not consumed must be fed again, followed by new ones.
  ParseOutcome feed(std::string_view bytes);

  /// A byte of the present request has been consumed.
  bool has_begun() const noexcept;

  /// Valid once the header is read.
  bool keep_alive() const noexcept;        ///< The client wants the connection kept.
  bool is_http_1_1() const noexcept;       ///< Knows chunked encoding.
  bool expects_continue() const noexcept;  ///< Waits for "100 Continue" before it sends the body.

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::http
