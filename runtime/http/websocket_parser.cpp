#include "runtime/http/websocket_parser.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "runtime/base/assert.hpp"
#include "runtime/base/base64.hpp"
#include "runtime/observe/text.hpp"

namespace troupe::http {
namespace {

constexpr std::string_view key_guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455, section 1.3.
constexpr uint8_t final_bit = 0x80;
constexpr uint8_t reserved_bits = 0x70;
constexpr uint8_t opcode_bits = 0x0f;
constexpr uint8_t mask_bit = 0x80;
constexpr uint8_t length_of_16_bits = 126;
constexpr uint8_t length_of_64_bits = 127;
constexpr size_t mask_bytes = 4;

uint8_t byte_at(std::string_view bytes, size_t index) {
  return static_cast<uint8_t>(bytes[index]);
}

uint64_t big_endian(std::string_view bytes) {
  uint64_t number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<uint8_t>(c);
  return number;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    uint64_t eight = 0;
    if (text.size() >= sizeof eight) {
      std::memcpy(&eight, text.data(), sizeof eight);
      if ((eight & 0x8080808080808080) == 0) {
        text.remove_prefix(sizeof eight);
        continue;
      }
    }
    const size_t length = observe::utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

/// Those that may be sent (RFC 6455, section 7.4).
bool is_close_code(uint64_t code) {
  return (code >= 1000 && code <= 1011 && code != 1004 && code != 1005 && code != 1006) ||
         (code >= 3000 && code <= 4999);
}

}  // namespace

void append_frame(std::string& out, Opcode opcode, std::string_view payload) {
  out += static_cast<char>(final_bit | static_cast<uint8_t>(opcode));
  const uint64_t size = payload.size();
  size_t length_bytes = 0;
  if (size < length_of_16_bits) {
    out += static_cast<char>(size);
  } else if (size <= 0xffff) {
    out += static_cast<char>(length_of_16_bits);
    length_bytes = 2;
  } else {
    out += static_cast<char>(length_of_64_bits);
    length_bytes = 8;
  }
  while (length_bytes-- > 0) out += static_cast<char>(size >> (8 * length_bytes) & 0xff);
  out += payload;
}

void append_close_frame(std::string& out, CloseCode code, std::string_view reason) {
  const auto number = static_cast<uint16_t>(code);
  std::string payload{static_cast<char>(number >> 8), static_cast<char>(number & 0xff)};
  payload += observe::sanitize(reason, WebSocketParser::control_bytes_max - payload.size());
  append_frame(out, Opcode::close, payload);
}

bool is_websocket_key(std::string_view key) {
  const auto bytes = base64_decode(key);
  return bytes && bytes->size() == 16;
}

std::string accept_key(std::string_view key) {
  const std::string text = std::string(key) + std::string(key_guid);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  TROUPE_ASSERT(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) == 1);
  return base64_encode({reinterpret_cast<const char*>(digest.data()), size});
}

WebSocketParser::Outcome WebSocketParser::fail(size_t consumed, CloseCode code, std::string_view reason) {
  return {consumed, Event::failed, code, reason};
}

WebSocketParser::Outcome WebSocketParser::feed(std::string_view bytes, std::string& message) {
  size_t consumed = 0;
  for (;;) {
    if (state_ == State::head) {
      Outcome outcome;
      const size_t head = read_head(bytes.substr(consumed), outcome, message.size());
      if (outcome.event == Event::failed) return outcome;
      if (head == 0) return {consumed, Event::more, {}, {}};
      consumed += head;
      state_ = State::payload;
    }
    std::string& to = is_control() ? control_ : message;
    const size_t count = static_cast<size_t>(std::min<uint64_t>(left_, bytes.size() - consumed));
    const size_t begin = to.size();
    to.append(bytes.substr(consumed, count));
    for (size_t i = begin; i < to.size(); ++i) to[i] = static_cast<char>(to[i] ^ mask_[mask_at_++ % mask_bytes]);
    consumed += count;
    left_ -= count;
    if (left_ > 0) return {consumed, Event::more, {}, {}};
    state_ = State::head;
    const Outcome outcome = end_frame(consumed, message);
    if (outcome.event != Event::more) return outcome;
  }
}

size_t WebSocketParser::read_head(std::string_view bytes, Outcome& outcome, size_t message_bytes) {
  if (bytes.size() < 2) return 0;
  const uint8_t second = byte_at(bytes, 1);
  const bool masked = (second & mask_bit) != 0;
  uint64_t length = second & ~mask_bit;
  const size_t length_bytes = length == length_of_16_bits ? 2 : length == length_of_64_bits ? 8 : 0;
  const size_t head = 2 + length_bytes + (masked ? mask_bytes : 0);
  if (bytes.size() < head) return 0;
  if (length_bytes > 0) {
    length = big_endian(bytes.substr(2, length_bytes));
    const uint64_t least = length_bytes == 2 ? length_of_16_bits : 0x10000;
    if (length < least || length >> 63 != 0) {
      outcome = fail(0, CloseCode::protocol_error, "a frame's length is not in its shortest form");
      return 0;
    }
  }
  outcome = begin_frame(byte_at(bytes, 0), masked, length, message_bytes);
  if (outcome.event == Event::failed) return 0;
  std::memcpy(mask_, bytes.data() + head - mask_bytes, mask_bytes);
  return head;
}

WebSocketParser::Outcome WebSocketParser::begin_frame(uint8_t first, bool masked, uint64_t length,
                                                      size_t message_bytes) {
  const auto opcode = static_cast<Opcode>(first & opcode_bits);
  const bool is_final = (first & final_bit) != 0;
  if (!masked) return fail(0, CloseCode::protocol_error, "a client's frames must be masked");
  if ((first & reserved_bits) != 0) return fail(0, CloseCode::protocol_error, "no extension was agreed on");
  switch (opcode) {
    case Opcode::close:
    case Opcode::ping:
    case Opcode::pong:
      if (!is_final || length > control_bytes_max)
        return fail(0, CloseCode::protocol_error, "a control frame must be whole, with at most 125 bytes");
      control_.clear();
      break;
    case Opcode::binary:
      return fail(0, CloseCode::unsupported_data, "messages here are text: JSON");
    case Opcode::text:
    case Opcode::continuation:
      if ((opcode == Opcode::continuation) != in_message_)
        return fail(0, CloseCode::protocol_error, "a message begins with a text frame and goes on with continuations");
      if (length > message_bytes_max_ - std::min(message_bytes_max_, message_bytes))
        return fail(0, CloseCode::too_large, "the message is too large");
      fragments_ = in_message_ ? fragments_ + 1 : 0;
      if (fragments_ > fragments_free + message_bytes / fragment_bytes_min)
        return fail(0, CloseCode::policy, "the message comes in fragments that are too small");
      in_message_ = true;
      break;
    default:
      return fail(0, CloseCode::protocol_error, "a frame's opcode is unknown");
  }
  opcode_ = opcode;
  is_final_ = is_final;
  left_ = length;
  mask_at_ = 0;
  return {};
}

WebSocketParser::Outcome WebSocketParser::end_frame(size_t consumed, const std::string& message) {
  switch (opcode_) {
    case Opcode::ping:
      return {consumed, Event::ping, {}, {}};
    case Opcode::pong:
      return {consumed, Event::pong, {}, {}};
    case Opcode::close:
      if (control_.size() == 1 || (control_.size() >= 2 && (!is_close_code(big_endian(control().substr(0, 2))) ||
                                                            !is_utf8(control().substr(2)))))
        return fail(consumed, CloseCode::protocol_error, "a close frame's code or reason is not valid");
      return {consumed, Event::close, {}, {}};
    default:
      break;
  }
  if (!is_final_) return {consumed, Event::more, {}, {}};
  in_message_ = false;
  if (!is_utf8(message)) return fail(consumed, CloseCode::invalid_text, "a text message must be UTF-8");
  return {consumed, Event::text, {}, {}};
}

}  // namespace troupe::http
