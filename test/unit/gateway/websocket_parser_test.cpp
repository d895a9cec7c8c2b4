#include "runtime/http/websocket_parser.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe::http;
using Event = WebSocketParser::Event;

namespace {

/// A frame as a client sends it.
std::string masked(Opcode opcode, std::string_view payload, bool is_final = true) {
  std::string frame;
  append_frame(frame, opcode, payload);
  if (!is_final) frame[0] = static_cast<char>(frame[0] & 0x7f);
  frame[1] = static_cast<char>(frame[1] | 0x80);
  const size_t head = frame.size() - payload.size();
  const std::string mask = "\x11\x22\x33\x44";
  for (size_t i = 0; i < payload.size(); ++i) frame[head + i] = static_cast<char>(payload[i] ^ mask[i % 4]);
  frame.insert(head, mask);
  return frame;
}

/// What is heard of bytes that come in steps: "text hello; ping x; failed 1002".
std::string heard(std::string_view bytes, size_t step, size_t message_bytes_max = 1 << 20) {
  WebSocketParser parser(message_bytes_max);
  std::string message;
  std::string pending;
  std::string all;
  for (size_t at = 0; at < bytes.size(); at += step) {
    pending += bytes.substr(at, step);
    for (;;) {
      const auto outcome = parser.feed(pending, message);
      pending.erase(0, outcome.consumed);
      if (outcome.event == Event::more) break;
      if (!all.empty()) all += "; ";
      if (outcome.event == Event::failed) return all + "failed " + std::to_string(static_cast<int>(outcome.code));
      if (outcome.event == Event::text) all += "text " + std::exchange(message, {});
      if (outcome.event == Event::ping) all += "ping " + std::string(parser.control());
      if (outcome.event == Event::pong) all += "pong";
      if (outcome.event == Event::close) all += "close";
    }
  }
  return all;
}

std::string heard(std::string_view bytes) {
  const std::string at_once = heard(bytes, bytes.size());
  BOOST_TEST(heard(bytes, 1) == at_once);
  BOOST_TEST(heard(bytes, 3) == at_once);
  return at_once;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(websocket_parser)

/// RFC 6455, section 1.3.
BOOST_AUTO_TEST_CASE(the_handshake_s_key_is_answered_as_in_the_standard) {
  BOOST_TEST(accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  BOOST_TEST(is_websocket_key("dGhlIHNhbXBsZSBub25jZQ=="));
  BOOST_TEST(!is_websocket_key("dGhlIHNhbXBsZSBub25j"));
  BOOST_TEST(!is_websocket_key(""));
}

/// RFC 6455, section 5.7.
BOOST_AUTO_TEST_CASE(the_standard_s_frames_are_read_and_written) {
  BOOST_TEST(heard(std::string_view("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11)) == "text Hello");
  std::string frame;
  append_frame(frame, Opcode::text, "Hello");
  BOOST_TEST(frame == "\x81\x05Hello");
}

BOOST_AUTO_TEST_CASE(messages_of_every_length_come_whole) {
  for (const size_t size : {0u, 1u, 125u, 126u, 127u, 65535u, 65536u, 70000u}) {
    const std::string text(size, 'x');
    BOOST_TEST((heard(masked(Opcode::text, text), 4096) == "text " + text));
  }
}

BOOST_AUTO_TEST_CASE(fragments_are_joined_and_control_frames_may_stand_between) {
  BOOST_TEST(heard(masked(Opcode::text, "Hel", false) + masked(Opcode::ping, "p") +
                   masked(Opcode::continuation, "l", false) + masked(Opcode::continuation, "o") +
                   masked(Opcode::text, "again")) == "ping p; text Hello; text again");
  BOOST_TEST(heard(masked(Opcode::text, "\xc3", false) + masked(Opcode::continuation, "\xa4")) == "text ä");
}

BOOST_AUTO_TEST_CASE(what_breaks_the_protocol_fails_with_its_code) {
  std::string unmasked;
  append_frame(unmasked, Opcode::text, "x");
  const auto with_first = [](char first) {
    std::string frame = masked(Opcode::text, "x");
    frame[0] = first;
    return frame;
  };

  BOOST_TEST(heard(unmasked) == "failed 1002");
  BOOST_TEST(heard(with_first('\xc1')) == "failed 1002");  // A reserved bit.
  BOOST_TEST(heard(with_first('\x83')) == "failed 1002");  // A reserved opcode.
  BOOST_TEST(heard(with_first('\x80')) == "failed 1002");  // A continuation of nothing.
  BOOST_TEST(heard(masked(Opcode::text, "a", false) + masked(Opcode::text, "b")) == "failed 1002");
  BOOST_TEST(heard(masked(Opcode::ping, "a", false)) == "failed 1002");
  BOOST_TEST(heard(masked(Opcode::ping, std::string(126, 'x'))) == "failed 1002");
  BOOST_TEST(heard(masked(Opcode::binary, "a")) == "failed 1003");
  BOOST_TEST(heard(masked(Opcode::text, "\xff")) == "failed 1007");
  BOOST_TEST(heard(std::string("\x81\xfe\x00\x05", 4) + std::string("aaaa")) == "failed 1002");  // Not the shortest.
  BOOST_TEST(heard(std::string("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10) + "mask") == "failed 1002");
}

BOOST_AUTO_TEST_CASE(a_message_over_the_bound_fails_before_it_has_come) {
  BOOST_TEST(heard(masked(Opcode::text, "12345").substr(0, 6), 6, 4) == "failed 1009");
  BOOST_TEST(heard(masked(Opcode::text, "123", false) + masked(Opcode::continuation, "45"), 100, 4) == "failed 1009");
  BOOST_TEST(heard(masked(Opcode::text, "1234"), 100, 4) == "text 1234");
}

BOOST_AUTO_TEST_CASE(a_message_in_crumbs_fails) {
  std::string crumbs = masked(Opcode::text, "", false);
  for (int i = 0; i < 1100; ++i) crumbs += masked(Opcode::continuation, "", false);

  BOOST_TEST(heard(crumbs, 4096) == "failed 1008");
}

BOOST_AUTO_TEST_CASE(closes_are_read_and_checked) {
  BOOST_TEST(heard(masked(Opcode::close, "")) == "close");
  BOOST_TEST(heard(masked(Opcode::close, "\x03\xe8 bye")) == "close");
  BOOST_TEST(heard(masked(Opcode::close, "\x03")) == "failed 1002");
  BOOST_TEST(heard(masked(Opcode::close, "\x03\xed")) == "failed 1002");  // 1005 is never sent.
  BOOST_TEST(heard(masked(Opcode::close, "\x03\xe8\xff")) == "failed 1002");
  std::string frame;
  append_close_frame(frame, CloseCode::going_away, std::string(200, 'x'));
  BOOST_TEST(frame.size() == 127u);
  BOOST_TEST(frame.substr(0, 5) == "\x88\x7d\x03\xe9x");
}

BOOST_AUTO_TEST_SUITE_END()
