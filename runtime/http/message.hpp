#pragma once
// What a server hands to its handler and how the handler answers. Plain structs, no socket in sight, so that handlers
// are tested without one.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/http/websocket.hpp"

namespace troupe::http {

/// The fields of a request in the order they came. Names compare without case. Keeps its memory when cleared.
class Headers {
 public:
  void add(std::string_view name, std::string_view value);
  /// The first field of that name.
  std::optional<std::string_view> find(std::string_view name) const;
  size_t size() const noexcept { return fields_.size(); }
  std::string_view name(size_t index) const;
  std::string_view value(size_t index) const;
  void clear() noexcept;

 private:
  struct Field {
    uint32_t begin, name_bytes, value_bytes;
  };
  std::string text_;
  std::vector<Field> fields_;
};

/// One request, whole. The server reuses it for the connection's next one: copy what must outlive the handler's call. A
/// handler may move `body` away, and so share its memory with whom it hands the work to.
struct HttpRequest {
  std::string method;  ///< As sent: "GET".
  std::string target;  ///< As sent: "/v1/models?limit=2".
  Headers headers;
  std::string body;
  std::string remote_address;  ///< "127.0.0.1:51234"
  size_t io_thread = 0;        ///< Which of the server's I/O threads serves it; handlers keep per-thread scratch by it.

  std::string_view path() const noexcept;   ///< The target up to '?', not decoded.
  std::string_view query() const noexcept;  ///< What follows '?', or empty.
};

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// The way back to one request's client. Thread-safe as long as calls follow each other; on the connection's thread
/// (inside the handler and inside post()) they take effect at once, from others they are handed over. Exactly one
/// respond(), or begin_stream(), write()s and end(), or abort(); what comes later, or after the client has gone, is
/// ignored. Dropping it unanswered answers 500 (or cuts the stream).
class HttpResponder {
 public:
  virtual ~HttpResponder() = default;

  virtual void respond(int status, std::string_view content_type, std::string body, HeaderList headers = {}) = 0;

  /// Chunked transfer encoding; each write() leaves at once. A client that reads so slowly that more than
  /// HttpOptions::stream_buffer_bytes_max wait is disconnected.
  virtual void begin_stream(int status, std::string_view content_type, HeaderList headers = {}) = 0;
  virtual void write(std::string chunk) = 0;
  virtual void end() = 0;
  /// Closes the connection at once: the answer can't be completed.
  virtual void abort() = 0;

  /// Runs `callback` once, on the connection's thread, if the client goes before it has its whole answer. It must not
  /// hold the responder. Call it from the connection's thread only.
  virtual void on_disconnect(std::function<void()> callback) = 0;

  /// Runs `callback` once, on the connection's thread, when at most `bytes` of the stream wait to be sent: at once
  /// where that is so. Several may wait; dropped with the stream. It must not hold the responder. Call it from
  /// the connection's thread only.
  virtual void when_unsent(size_t bytes, std::function<void()> callback) = 0;

  /// Makes the connection a WebSocket, in the place of an answer; only inside the handler's call, before which no event
  /// comes. `headers` go into the answer to its handshake. None where the request asks for no WebSocket as spoken here,
  /// or the server stops: that has been answered then.
  virtual std::shared_ptr<WebSocket> upgrade(HeaderList headers, WebSocketEvents events);

  /// Runs `action` on the connection's thread: at once when already there. Dropped when the server is gone.
  virtual void post(std::function<void()> action) = 0;
};

/// Runs on an I/O thread: must not block. May answer later from elsewhere. An exception becomes a 500.
using Handler = std::function<void(HttpRequest&, std::shared_ptr<HttpResponder>)>;

/// "Not Found"; "Unknown" for codes without a name here.
std::string_view reason_phrase(int status) noexcept;

/// Decodes %41 and, in queries, '+'. None for a broken escape.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

/// The body of an error the server itself answers, for the path that was asked (empty if none could be read).
using ErrorBody = std::function<std::string(int status, std::string_view path, std::string_view message)>;

/// {"error":{"message":…,"type":…,"param":null,"code":null}}: OpenAI's shape.
std::string default_error_body(int status, std::string_view path, std::string_view message);

}  // namespace troupe::http
