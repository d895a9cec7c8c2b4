#include "runtime/http/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <cstring>
#include <exception>
#include <functional>
#include <iterator>

#include "runtime/http/content_coding.hpp"
#include "runtime/http/responder.hpp"

namespace troupe::http::internal {
namespace {

constexpr size_t read_bytes_first = 4 << 10;
constexpr size_t read_bytes_max = 64 << 10;
constexpr Duration linger_time = std::chrono::seconds{2};
/// What a connection may hold of bodies and of answers even where all together hold too much.
constexpr size_t bytes_fair = 64 << 10;

/// Empties `buffer`, and gives its memory back where it is more than `bytes_kept`.
void release(std::string& buffer, size_t bytes_kept) {
  if (buffer.capacity() > bytes_kept) std::string().swap(buffer);
  buffer.clear();
}

/// Appends a field's value without what could end the line.
void append_value(std::string& out, std::string_view value) {
  for (char c : value) out += (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) ? ' ' : c;
}

}  // namespace

Session::Session(std::shared_ptr<IoLoop> loop, boost::asio::ip::tcp::socket socket,
                 std::shared_ptr<boost::asio::ssl::context> tls, std::unique_ptr<ConnectionPass> pass)
    : loop_(std::move(loop)),
      options_(loop_->shared().options),
      stream_(std::move(socket), std::move(tls)),
      pass_(std::move(pass)),
      parser_(options_.header_bytes_max.value, options_.body_bytes_max.value, options_.header_fields_max) {
  boost::system::error_code ec;
  stream_.socket().set_option(boost::asio::ip::tcp::no_delay(true), ec);
  const auto remote = stream_.socket().remote_endpoint(ec);
  if (!ec) request_.remote_address = fmt::format("{}:{}", remote.address().to_string(), remote.port());
  request_.io_thread = loop_->index();
}

void Session::start() {
  if (!stream_.is_tls()) return begin();
  state_ = State::greeting;
  deadline_ = now() + options_.header_timeout;
  stream_.handshake([self = shared_from_this()](const boost::system::error_code& ec) { self->on_greeted(ec); });
}

void Session::on_greeted(const boost::system::error_code& ec) {
  if (state_ == State::closed) return;
  if (ec) return cut_off(Cut::handshake);
  begin();
}

void Session::begin() {
  next_request();
  // One that never says anything is no keep-alive connection yet.
  if (state_ == State::reading) deadline_ = now() + options_.header_timeout;
}

void Session::refuse(ConnectionBounds::Verdict verdict) {
  const bool is_address = verdict == ConnectionBounds::Verdict::address_full;
  const int status = is_address ? 429 : 503;
  loop_->shared().count(is_address ? Cut::connections_of_address : Cut::connections);
  if (stream_.is_tls()) return close();
  keep_alive_ = false;
  is_broken_ = true;
  state_ = State::answering;
  const std::string body = loop_->shared().error_body(
      status, {},
      is_address ? "too many connections from this address; use fewer" : "too many connections; come back later");
  respond(number_, status, "application/json", body, {{"retry-after", "1"}});
  read();
}

void Session::drain() {
  draining_ = true;
  keep_alive_ = false;
  if (const auto events = events_) return events->on_drain();
  if (state_ == State::greeting || (state_ == State::reading && !parser_.has_begun())) close();
}

void Session::close() {
  if (state_ == State::closed) return;
  const auto self = shared_from_this();
  const bool owed = state_ == State::answering || state_ == State::streaming;
  state_ = State::closed;
  boost::system::error_code ec;
  stream_.socket().close(ec);
  release(out_, 0);
  release(tail_, 0);
  release(sending_, 0);
  sent_ = 0;
  account();
  loop_->shared().body_bytes.fetch_sub(std::exchange(body_accounted_, 0), std::memory_order_relaxed);
  loop_->remove(self);
  pass_.reset();
  drained_.clear();
  if (const auto events = std::exchange(events_, nullptr)) events->on_closed();
  if (const auto callback = std::exchange(disconnected_, nullptr); owed && callback) callback();
}

void Session::check_time(Time now) {
  if (state_ == State::closed) return;
  if (is_writing_ && reads_too_slowly(now)) return cut_off(Cut::reader_slow);
  if (!deadline_ || now < *deadline_) return;
  if (state_ == State::upgraded) return check_websocket(now);
  if (state_ == State::greeting) return cut_off(Cut::handshake);
  if (state_ != State::reading || (!parser_.has_begun() && number_ > 0)) return close();
  if (!parser_.has_begun()) return cut_off(Cut::header_slow);
  body_begun_ ? fail_request(408, "the request's body came too slowly", Cut::body_slow)
              : fail_request(408, "the request took too long to arrive", Cut::header_slow);
}

void Session::cut_off(Cut cut) {
  loop_->shared().count(cut);
  close();
}

/// Of an answer that the client does not take at once, it must take some and enough in each write_timeout.
bool Session::reads_too_slowly(Time now) {
  if (now - write_window_ < options_.write_timeout) return false;
  const double seconds = std::chrono::duration<double>(now - write_window_).count();
  const bool is_too_slow = taken_bytes_ == 0 || static_cast<double>(taken_bytes_) <
                                                    seconds * static_cast<double>(options_.read_rate_min.value);
  write_window_ = now;
  taken_bytes_ = 0;
  return is_too_slow;
}

/// The next byte must come in time, and all so far must have come fast enough.
Time Session::body_deadline() const {
  const double seconds = static_cast<double>(request_.body.size()) /
                         static_cast<double>(std::max<uint64_t>(1, options_.body_rate_min.value));
  const auto earned = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  return std::min(now() + options_.body_timeout, *body_begun_ + options_.body_timeout + earned);
}

// --- Reading ---------------------------------------------------------------------------------------------------------

/// False where the buffer is as large as it may be and full.
bool Session::make_room() {
  if (in_begin_ == in_end_) in_begin_ = in_end_ = 0;
  if (in_end_ < in_.size()) return true;
  if (in_begin_ > 0) {
    std::memmove(in_.data(), in_.data() + in_begin_, in_end_ - in_begin_);
    in_end_ -= in_begin_;
    in_begin_ = 0;
    return true;
  }
  const size_t bound = state_ == State::reading
                           ? std::max<size_t>(read_bytes_max, options_.header_bytes_max.value)
                           : std::max<size_t>(read_bytes_first, options_.pipelined_bytes_max.value);
  if (in_.size() >= bound) return false;
  in_.resize(std::min(bound, std::max(read_bytes_first, in_.size() * 2)));
  return true;
}

void Session::read() {
  if (is_reading_ || state_ == State::closed) return;
  if (state_ == State::upgraded && is_behind()) return;
  if (!make_room()) return;
  is_reading_ = true;
  stream_.read_some(
      boost::asio::buffer(in_.data() + in_end_, in_.size() - in_end_),
      [self = shared_from_this()](const boost::system::error_code& ec, size_t count) { self->on_read(ec, count); });
}

void Session::on_read(const boost::system::error_code& ec, size_t count) {
  is_reading_ = false;
  if (state_ == State::closed) return;
  if (ec) {
    // The answer is complete: a client that only closed its sending side can still read it.
    if (ec == boost::asio::error::eof && state_ == State::finishing) {
      keep_alive_ = false;
      return;
    }
    return close();
  }
  in_end_ += count;
  if (state_ == State::lingering) in_begin_ = in_end_;
  if (state_ == State::reading) return parse();
  if (state_ == State::upgraded) return heard();
  read();
}

void Session::parse() {
  const std::string_view bytes(in_.data() + in_begin_, in_end_ - in_begin_);
  const bool had_begun = parser_.has_begun();
  const ParseOutcome outcome = parser_.feed(bytes);
  in_begin_ += outcome.consumed;
  account_body();
  if (bodies_are_full()) {
    request_.body = {};
    account_body();
    return fail_request(503, "too many large requests are here; come back later", Cut::bodies_full);
  }
  switch (outcome.state) {
    case ParseState::done:
      return dispatch();
    case ParseState::failed:
      return fail_request(outcome.status, outcome.message, outcome.cut);
    case ParseState::header:
      if (!had_begun && parser_.has_begun()) deadline_ = now() + options_.header_timeout;
      break;
    case ParseState::body:
      if (!body_begun_) body_begun_ = now();
      deadline_ = body_deadline();
      if (parser_.expects_continue() && parser_.is_http_1_1() && !has_continued_ && request_.body.empty()) {
        has_continued_ = true;
        out_ += "HTTP/1.1 100 Continue\r\n\r\n";
        flush();
      }
      break;
  }
  // A read begun during the last answer may still be pending: its buffer must stay where it is.
  if (!is_reading_ && !make_room()) {
    return fail_request(400, "this is not valid HTTP: a line without an end", Cut::malformed);
  }
  read();
}

void Session::dispatch() {
  state_ = State::answering;
  deadline_.reset();
  ++number_;
  keep_alive_ = parser_.keep_alive() && !draining_;
  is_head_ = request_.method == "HEAD";
  loop_->shared().requests_total.fetch_add(1, std::memory_order_relaxed);
  read();
  if (const auto allowed = options_.cors.preflight(request_)) return respond(number_, 204, {}, {}, *allowed);
  if (const Status decoded = decode_body(); !decoded) return refuse_body(decoded.error());
  const std::shared_ptr<HttpResponder> responder = std::make_shared<Responder>(shared_from_this(), number_);
  try {
    loop_->shared().handler(request_, responder);
  } catch (const std::exception& e) {
    responder->respond(500, "application/json",
                       loop_->shared().error_body(500, request_.path(), fmt::format("internal error: {}", e.what())));
  }
  if (state_ == State::upgraded) parse_messages();
}

/// Undoes the content coding of the request's body.
Status Session::decode_body() {
  const auto name = request_.headers.find("content-encoding");
  if (!name || request_.body.empty()) return {};
  const auto coding = coding_from_name(*name);
  if (!coding) {
    return fail(Errc::unimplemented, "content-encoding must be one of {}, found \"{}\"", codings_known,
                name->substr(0, 40));
  }
  if (*coding == Coding::identity) return {};
  TROUPE_TRY(request_.body, decode(*coding, request_.body, options_.body_bytes_max.value));
  account_body();
  if (!bodies_are_full()) return {};
  return fail(Errc::unavailable, "too many large requests are here; come back later");
}

/// The request was read to its end, so the connection goes on.
void Session::refuse_body(const Error& error) {
  int status = 400;
  HeaderList headers;
  if (error.code == Errc::unimplemented) {
    status = 415;
    headers.emplace_back("accept-encoding", codings_known);
  } else if (error.code == Errc::too_large) {
    status = 413;
    loop_->shared().count(Cut::body_large);
  } else if (error.code == Errc::unavailable || error.code == Errc::resource_exhausted) {
    status = 503;
    headers.emplace_back("retry-after", "1");
    loop_->shared().count(Cut::bodies_full);
  }
  respond(number_, status, "application/json", loop_->shared().error_body(status, request_.path(), error.message),
          headers);
}

bool Session::bodies_are_full() const {
  return request_.body.size() > bytes_fair &&
         loop_->shared().body_bytes.load(std::memory_order_relaxed) > options_.bodies_bytes_max.value;
}

void Session::fail_request(int status, std::string_view message, Cut cut) {
  loop_->shared().count(cut);
  ++number_;
  keep_alive_ = false;
  is_broken_ = true;
  is_head_ = request_.method == "HEAD";
  state_ = State::answering;
  deadline_.reset();
  const HeaderList headers = status == 503 ? HeaderList{{"retry-after", "1"}} : HeaderList{};
  respond(number_, status, "application/json", loop_->shared().error_body(status, request_.path(), message), headers);
  read();
}

void Session::next_request() {
  state_ = State::reading;
  has_continued_ = is_chunked_ = false;
  body_begun_.reset();
  release(out_, bytes_fair);
  release(sending_, bytes_fair);
  parser_.begin(request_);
  account_body();
  if (in_end_ > in_begin_) return parse();
  if (draining_) return close();
  deadline_ = now() + options_.keep_alive_timeout;
  read();
}

// --- Answering -------------------------------------------------------------------------------------------------------

void Session::append_fields(const HeaderList& fields) {
  for (const auto& [name, value] : fields) {
    append_value(out_, name);
    out_ += ": ";
    append_value(out_, value);
    out_ += "\r\n";
  }
}

/// `more`: further header lines, as they are.
void Session::append_head(int status, std::string_view content_type, const HeaderList& headers,
                          std::optional<size_t> content_length, std::string_view more) {
  fmt::format_to(std::back_inserter(out_), "HTTP/1.1 {} {}\r\n", status, reason_phrase(status));
  if (!content_type.empty()) {
    out_ += "content-type: ";
    append_value(out_, content_type);
    out_ += "\r\n";
  }
  if (content_length) fmt::format_to(std::back_inserter(out_), "content-length: {}\r\n", *content_length);
  if (is_chunked_) out_ += "transfer-encoding: chunked\r\n";
  if (!keep_alive_) {
    out_ += "connection: close\r\n";
  } else if (!parser_.is_http_1_1()) {
    out_ += "connection: keep-alive\r\n";
  }
  append_fields(headers);
  append_fields(options_.cors.answer_headers(request_));
  out_ += more;
  out_ += "\r\n";
}

void Session::respond(uint64_t number, int status, std::string_view content_type, std::string body,
                      const HeaderList& headers) {
  if (!owes(number, State::answering)) return;
  if (body.size() > bytes_fair &&
      loop_->shared().unsent_bytes.load(std::memory_order_relaxed) + body.size() > options_.buffers_bytes_max.value) {
    loop_->shared().count(Cut::buffers_full);
    const std::string error =
        loop_->shared().error_body(503, request_.path(), "too many answers wait for their clients; come back later");
    return respond(number, 503, "application/json", error, {{"retry-after", "1"}});
  }
  const bool bodiless = status == 204 || status == 304;
  std::string more;
  if (may_compress(body.size())) {
    more = "vary: accept-encoding\r\n";
    const Coding coding = choose_coding(request_.headers.find("accept-encoding").value_or(""));
    if (coding != Coding::identity) {
      body = encode(coding, body);
      more += fmt::format("content-encoding: {}\r\n", to_string(coding));
    }
  }
  append_head(status, content_type, headers, bodiless ? std::nullopt : std::optional(body.size()), more);
  if (!bodiless && !is_head_) body.size() > bytes_fair ? void(tail_ = std::move(body)) : void(out_ += body);
  finish();
}

bool Session::may_compress(size_t bytes) const {
  return bytes >= options_.compress_bytes_min.value && bytes <= options_.compress_bytes_max.value && !is_head_;
}

void Session::begin_stream(uint64_t number, int status, std::string_view content_type, const HeaderList& headers) {
  if (!owes(number, State::answering)) return;
  is_chunked_ = parser_.is_http_1_1();
  if (!is_chunked_) keep_alive_ = false;  // HTTP/1.0: the end of the connection is the end of the body.
  append_head(status, content_type, headers, std::nullopt);
  state_ = State::streaming;
  flush();
}

void Session::write(uint64_t number, std::string_view chunk) {
  if (!owes(number, State::streaming) || is_head_ || chunk.empty()) return;
  if (!may_wait(chunk.size(), options_.stream_buffer_bytes_max)) return;
  if (is_chunked_) fmt::format_to(std::back_inserter(out_), "{:x}\r\n", chunk.size());
  out_ += chunk;
  if (is_chunked_) out_ += "\r\n";
  flush();
}

/// Whether so much more may wait for the client, where `bytes_max` may in all; else it is cut off.
bool Session::may_wait(size_t bytes, ByteCount bytes_max) {
  const size_t waiting = unsent() + bytes;
  const uint64_t of_all = loop_->shared().unsent_bytes.load(std::memory_order_relaxed) + bytes;
  if (waiting > bytes_max.value) {
    cut_off(Cut::reader_behind);
  } else if (waiting > bytes_fair && of_all > options_.buffers_bytes_max.value) {
    cut_off(Cut::buffers_full);
  }
  return state_ != State::closed;
}

void Session::end(uint64_t number) {
  if (!owes(number, State::streaming)) return;
  if (is_chunked_ && !is_head_) out_ += "0\r\n\r\n";
  finish();
}

void Session::abort(uint64_t number) {
  if (owes(number, State::answering) || owes(number, State::streaming)) {
    disconnected_ = nullptr;
    close();
  }
}

void Session::dropped(uint64_t number) {
  if (owes(number, State::streaming)) return abort(number);
  respond(number, 500, "application/json",
          loop_->shared().error_body(500, request_.path(), "internal error: the request was dropped unanswered"), {});
}

void Session::on_disconnect(uint64_t number, std::function<void()> callback) {
  if (number != number_) return;
  if (state_ == State::closed) return callback();
  if (state_ == State::answering || state_ == State::streaming) disconnected_ = std::move(callback);
}

void Session::when_unsent(uint64_t number, size_t bytes, std::function<void()> callback) {
  if (!owes(number, State::streaming) && !owes(number, State::upgraded)) return;
  drained_.push_back({bytes, std::move(callback)});
  tell_drained();
}

void Session::tell_drained() {
  if (drained_.empty()) return;
  const auto is_due = [this](const Drained& waiting) { return unsent() <= waiting.unsent_max; };
  // A callback may write more or ask again.
  const auto first = std::stable_partition(drained_.begin(), drained_.end(), std::not_fn(is_due));
  std::vector<Drained> due(std::make_move_iterator(first), std::make_move_iterator(drained_.end()));
  drained_.erase(first, drained_.end());
  for (const Drained& one : due) one.callback();
}

void Session::finish() {
  state_ = State::finishing;
  disconnected_ = nullptr;
  drained_.clear();
  flush();
}

void Session::flush() {
  account();
  if (is_writing_ || out_.empty() || state_ == State::closed) return;
  std::swap(out_, sending_);
  sent_ = 0;
  is_writing_ = true;
  write_window_ = now();
  taken_bytes_ = 0;
  send();
}

void Session::send() {
  stream_.write_some(
      boost::asio::buffer(sending_.data() + sent_, sending_.size() - sent_),
      [self = shared_from_this()](const boost::system::error_code& ec, size_t count) { self->on_written(ec, count); });
}

/// Keep the server's sums: of bodies, and of what waits for clients.
void Session::account_body() {
  const size_t held = request_.body.size();
  loop_->shared().body_bytes.fetch_add(held - body_accounted_, std::memory_order_relaxed);
  body_accounted_ = held;
}

void Session::account() {
  const size_t waiting = unsent();
  loop_->shared().unsent_bytes.fetch_add(waiting - accounted_, std::memory_order_relaxed);
  accounted_ = waiting;
}

void Session::on_written(const boost::system::error_code& ec, size_t count) {
  if (state_ == State::closed) return;
  if (ec) return close();
  sent_ += count;
  taken_bytes_ += count;
  account();
  tell_drained();
  if (state_ == State::closed) return;
  if (sent_ < sending_.size()) return send();
  sending_.clear();
  sent_ = 0;
  if (!out_.empty()) {  // The client stays behind: its window goes on.
    std::swap(out_, sending_);
    return send();
  }
  if (!tail_.empty()) {
    sending_ = std::exchange(tail_, {});
    return send();
  }
  is_writing_ = false;
  if (state_ == State::finishing) return all_written();
  if (state_ == State::upgraded) parse_messages();
}

void Session::all_written() {
  if (keep_alive_) return next_request();
  if (is_broken_ || stream_.is_tls()) return linger();
  boost::system::error_code ec;
  stream_.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_both, ec);
  close();
}

/// Closing with unread bytes would reset the connection and could take the answer from the client. In TLS the client is
/// told that the answer has ended, and not been cut off.
void Session::linger() {
  state_ = State::lingering;
  deadline_ = now() + linger_time;
  if (stream_.is_tls()) {
    stream_.say_goodbye([self = shared_from_this()](const boost::system::error_code&) { self->close(); });
  } else {
    boost::system::error_code ec;
    stream_.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_send, ec);
  }
  in_begin_ = in_end_;
  read();
}

}  // namespace troupe::http::internal
