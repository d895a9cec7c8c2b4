#pragma once
// WebSocketParser: bytes of a client to messages (RFC 6455, section 5), and messages to bytes of a server. No sockets.
//
// Ours because the connection's buffers, bounds and time-outs are: Beast's stream brings its own.

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/http/websocket.hpp"

namespace troupe::http {

enum class Opcode : uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// Appends one whole frame, unmasked as a server's are.
void append_frame(std::string& out, Opcode opcode, std::string_view payload);
void append_close_frame(std::string& out, CloseCode code, std::string_view reason);

/// The answer to a client's sec-websocket-key. None where that is no key: 16 bytes in base64.
std::string accept_key(std::string_view key);
bool is_websocket_key(std::string_view key);

/// Reads what one client sends: masked frames without extensions; text messages, whole or in fragments.
class WebSocketParser {
 public:
  enum class Event : uint8_t {
    more,    ///< Wants more bytes.
    text,    ///< A message is whole.
    ping,    ///< To be answered with a pong of `control`.
    pong,    ///< Of no consequence.
    close,   ///< The client ends the connection.
    failed,  ///< `code` and `reason` say why; the connection can't go on.
  };
  struct Outcome {
    size_t consumed = 0;
    Event event = Event::more;
    CloseCode code = CloseCode::normal;  ///< Of `failed`.
    std::string_view reason;             ///< Of `failed`.
  };

  static constexpr size_t control_bytes_max = 125;
  /// More fragments than this must have so many bytes on average.
  static constexpr size_t fragments_free = 1024;
  static constexpr size_t fragment_bytes_min = 16;

  explicit WebSocketParser(size_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}

  /// Up to the next event; what was not consumed must be fed again. Appends to `message`, which the caller takes and
  /// empties at `text`.
  Outcome feed(std::string_view bytes, std::string& message);
  /// Payload of the latest ping, pong or close.
  std::string_view control() const noexcept { return control_; }

 private:
  enum class State : uint8_t { head, payload };

  Outcome fail(size_t consumed, CloseCode code, std::string_view reason);
  /// 0: there is not enough of it yet.
  size_t read_head(std::string_view bytes, Outcome& outcome, size_t message_bytes);
  Outcome begin_frame(uint8_t first, bool masked, uint64_t length, size_t message_bytes);
  Outcome end_frame(size_t consumed, const std::string& message);
  bool is_control() const noexcept { return (static_cast<uint8_t>(opcode_) & 8) != 0; }

  const size_t message_bytes_max_;
  State state_ = State::head;
  Opcode opcode_ = Opcode::text;
  bool is_final_ = false;
  bool in_message_ = false;  ///< Between its first and its last fragment.
  uint64_t left_ = 0;        ///< Of the frame's payload.
  uint32_t mask_at_ = 0;
  unsigned char mask_[4] = {};
  size_t fragments_ = 0;
  std::string control_;
};

}  // namespace troupe::http
