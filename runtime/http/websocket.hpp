#pragma once
// WebSocket: one connection of RFC 6455 as a handler sees it: text messages in and out. No socket in sight.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace troupe::http {

/// Why a connection is closed (RFC 6455, section 7.4.1).
enum class CloseCode : uint16_t {
  normal = 1000,
  going_away = 1001,  ///< The server stops.
  protocol_error = 1002,
  unsupported_data = 1003,  ///< A binary message.
  invalid_text = 1007,      ///< Not UTF-8.
  policy = 1008,
  too_large = 1009,
};

/// Thread-safe, but for unsent(); on the connection's thread calls take effect at once, from others they are handed
/// over. What is called after the connection has closed is ignored.
class WebSocket {
 public:
  virtual ~WebSocket() = default;

  /// One text message, which must be UTF-8. Where more than HttpOptions::websocket_buffer_bytes_max wait for the
  /// client, it is disconnected.
  virtual void send(std::string text) = 0;
  /// Says why, and ends the connection once the client has answered that, or does not.
  virtual void close(CloseCode code, std::string_view reason) = 0;

  /// Bytes that wait for the client. On the connection's thread only.
  virtual size_t unsent() const = 0;
  /// As HttpResponder::when_unsent.
  virtual void when_unsent(size_t bytes, std::function<void()> callback) = 0;
  /// As HttpResponder::post.
  virtual void post(std::function<void()> action) = 0;
};

/// What a handler hears of a connection, on its thread. Dropped with the connection; may hold the WebSocket.
struct WebSocketEvents {
  std::function<void(std::string message)> on_message;
  std::function<void()> on_drain;   ///< The server is about to stop: finish what is under way, then close.
  std::function<void()> on_closed;  ///< Once, and last.
};

}  // namespace troupe::http
