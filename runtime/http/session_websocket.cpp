// What a Session does once it is a WebSocket.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "runtime/http/session.hpp"

namespace troupe::http::internal {
namespace {

/// Of keep_alive_timeout: a WebSocket that has said nothing for so long is pinged, and closed after as long again.
constexpr int pings_of_timeout = 3;

/// Whether one of the field's comma-separated words is `token`, without case.
bool has_token(const Headers& headers, std::string_view field, std::string_view token) {
  std::string_view rest = headers.find(field).value_or("");
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(','), rest.size());
    std::string word(rest.substr(0, end));
    std::erase(word, ' ');
    std::ranges::transform(word, word.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (word == token) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

bool asks_for_websocket(const HttpRequest& request) {
  const Headers& headers = request.headers;
  return request.method == "GET" && has_token(headers, "upgrade", "websocket") &&
         has_token(headers, "connection", "upgrade") && headers.find("sec-websocket-version") == "13" &&
         is_websocket_key(headers.find("sec-websocket-key").value_or(""));
}

}  // namespace

bool Session::upgrade(uint64_t number, const HeaderList& headers, WebSocketEvents events) {
  if (!owes(number, State::answering)) return false;
  if (draining_) {
    respond(number, 503, "application/json", loop_->shared().error_body(503, request_.path(), "the server stops"),
            {{"retry-after", "1"}});
    return false;
  }
  if (!parser_.is_http_1_1() || !asks_for_websocket(request_)) {
    const std::string body = loop_->shared().error_body(
        426, request_.path(), "this is a WebSocket: ask with GET, upgrade: websocket and sec-websocket-version: 13");
    respond(number, 426, "application/json", body, {{"upgrade", "websocket"}, {"sec-websocket-version", "13"}});
    return false;
  }
  fmt::format_to(std::back_inserter(out_),
                 "HTTP/1.1 101 {}\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: {}\r\n",
                 reason_phrase(101), accept_key(request_.headers.find("sec-websocket-key").value_or("")));
  append_fields(headers);
  out_ += "\r\n";
  state_ = State::upgraded;
  disconnected_ = nullptr;
  request_.body.clear();
  account_body();
  messages_.emplace(options_.body_bytes_max.value);
  events_ = std::make_shared<WebSocketEvents>(std::move(events));
  deadline_ = now() + options_.keep_alive_timeout / pings_of_timeout;
  flush();
  return true;
}

void Session::heard() {
  is_pinged_ = false;
  deadline_ = now() + options_.keep_alive_timeout / pings_of_timeout;
  parse_messages();
}

/// As far as the client reads what it is answered.
void Session::parse_messages() {
  while (state_ == State::upgraded && in_begin_ < in_end_ && !is_behind()) {
    const std::string_view bytes(in_.data() + in_begin_, in_end_ - in_begin_);
    const WebSocketParser::Outcome outcome = messages_->feed(bytes, request_.body);
    in_begin_ += outcome.consumed;
    account_body();
    if (bodies_are_full()) {
      loop_->shared().count(Cut::bodies_full);
      return end_websocket(CloseCode::policy, "too many large messages are here; come back later");
    }
    if (outcome.event == WebSocketParser::Event::more) break;
    take_message(outcome);
  }
  read();
}

/// It lets so much wait that it is not to ask for more.
bool Session::is_behind() const noexcept {
  constexpr size_t unsent_high = 256 << 10;
  return unsent() > unsent_high;
}

void Session::take_message(const WebSocketParser::Outcome& outcome) {
  switch (outcome.event) {
    case WebSocketParser::Event::more:
    case WebSocketParser::Event::pong:
      return;
    case WebSocketParser::Event::ping:
      return send_control(Opcode::pong, messages_->control());
    case WebSocketParser::Event::close:
      return end_websocket(CloseCode::normal, {});
    case WebSocketParser::Event::failed:
      loop_->shared().count(outcome.code == CloseCode::too_large ? Cut::body_large : Cut::malformed);
      return end_websocket(outcome.code, outcome.reason);
    case WebSocketParser::Event::text:
      break;
  }
  std::string message = std::exchange(request_.body, {});
  account_body();
  const auto events = events_;  // Closing drops them.
  events->on_message(std::move(message));
}

void Session::send_message(std::string_view text) {
  if (state_ != State::upgraded || !may_wait(text.size(), options_.websocket_buffer_bytes_max)) return;
  append_frame(out_, Opcode::text, text);
  flush();
}

void Session::send_control(Opcode opcode, std::string_view payload) {
  if (!may_wait(payload.size(), options_.websocket_buffer_bytes_max)) return;
  append_frame(out_, opcode, payload);
  flush();
}

/// One that is silent may be gone without having said so.
void Session::check_websocket(Time now) {
  if (is_pinged_) return close();
  is_pinged_ = true;
  deadline_ = now + options_.keep_alive_timeout / pings_of_timeout;
  send_control(Opcode::ping, {});
}

void Session::end_websocket(CloseCode code, std::string_view reason) {
  if (state_ != State::upgraded) return;
  append_close_frame(out_, code, reason);
  keep_alive_ = false;
  is_broken_ = true;  // What else the client sends is thrown away.
  deadline_.reset();
  const auto events = std::exchange(events_, nullptr);
  finish();
  events->on_closed();
}

}  // namespace troupe::http::internal
