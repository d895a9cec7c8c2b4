#pragma once
// Session: one connection. Reads a request, hands it over, writes the answer, again and again. Internal to the server.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/http/byte_stream.hpp"
#include "runtime/http/io_loop.hpp"
#include "runtime/http/request_parser.hpp"
#include "runtime/http/websocket_parser.hpp"

namespace troupe::http::internal {

/// Lives on its loop's thread; every function belongs there. One read is pending nearly always, so that a client's
/// going is noticed while its answer is being made.
class Session : public std::enable_shared_from_this<Session> {
 public:
  /// `tls` empty: in the clear.
  Session(std::shared_ptr<IoLoop> loop, boost::asio::ip::tcp::socket socket,
          std::shared_ptr<boost::asio::ssl::context> tls, std::unique_ptr<ConnectionPass> pass);

  void start();
  /// Says 503 (or 429, of its address) and closes: there are too many connections. In TLS it says nothing: a handshake
  /// costs more than such an answer is worth.
  void refuse(ConnectionBounds::Verdict verdict);
  /// Closes when the present answer is out, at once if none is owed.
  void drain();
  void close();
  void check_time(Time now);

  IoLoop& loop() noexcept { return *loop_; }

  // For responders. `number` names the request; calls about another than the present one are ignored.
  void respond(uint64_t number, int status, std::string_view content_type, std::string body, const HeaderList& headers);
  void begin_stream(uint64_t number, int status, std::string_view content_type, const HeaderList& headers);
  void write(uint64_t number, std::string_view chunk);
  void end(uint64_t number);
  void abort(uint64_t number);
  void dropped(uint64_t number);
  void on_disconnect(uint64_t number, std::function<void()> callback);
  void when_unsent(uint64_t number, size_t bytes, std::function<void()> callback);
  /// False where it has answered that it can't.
  bool upgrade(uint64_t number, const HeaderList& headers, WebSocketEvents events);

  // For WebSockets; ignored unless the session is one.
  void send_message(std::string_view text);
  void end_websocket(CloseCode code, std::string_view reason);
  uint64_t number() const noexcept { return number_; }
  size_t unsent() const noexcept { return out_.size() + tail_.size() + sending_.size() - sent_; }

 private:
  enum class State : uint8_t {
    greeting,   ///< TLS is being agreed on.
    reading,    ///< A request, or idle between two.
    answering,  ///< The handler owes an answer.
    streaming,  ///< Its beginning is out.
    upgraded,   ///< A WebSocket.
    finishing,  ///< The answer is complete but not all sent.
    lingering,  ///< All sent; what the client still sends is thrown away, so that it can read the answer.
    closed,
  };

  void on_greeted(const boost::system::error_code& ec);
  void begin();
  void read();
  bool make_room();
  void on_read(const boost::system::error_code& ec, size_t count);
  void parse();
  void dispatch();
  Status decode_body();
  void refuse_body(const Error& error);
  bool bodies_are_full() const;
  void fail_request(int status, std::string_view message, Cut cut);
  void cut_off(Cut cut);
  Time body_deadline() const;
  void next_request();
  void heard();
  void parse_messages();
  bool is_behind() const noexcept;
  void take_message(const WebSocketParser::Outcome& outcome);
  void send_control(Opcode opcode, std::string_view payload);
  void check_websocket(Time now);

  void append_head(int status, std::string_view content_type, const HeaderList& headers,
                   std::optional<size_t> content_length, std::string_view more = {});
  void append_fields(const HeaderList& fields);
  bool may_compress(size_t bytes) const;
  bool may_wait(size_t bytes, ByteCount bytes_max);
  void finish();
  void flush();
  void send();
  void on_written(const boost::system::error_code& ec, size_t count);
  void all_written();
  void linger();
  void account();
  void tell_drained();
  void account_body();
  bool reads_too_slowly(Time now);

  bool owes(uint64_t number, State state) const noexcept { return number == number_ && state_ == state; }
  Time now() const { return loop_->shared().clock.now(); }

  const std::shared_ptr<IoLoop> loop_;
  const HttpOptions& options_;
  ByteStream stream_;
  std::unique_ptr<ConnectionPass> pass_;
  State state_ = State::reading;
  std::optional<Time> deadline_;    ///< Of the state; none while the handler works.
  std::optional<Time> body_begun_;  ///< Of the request being read.

  HttpRequest request_;
  RequestParser parser_;
  uint64_t number_ = 0;  ///< Counts the requests of this connection.
  bool has_continued_ = false;
  bool is_head_ = false;
  bool keep_alive_ = true;
  bool is_chunked_ = false;
  bool is_broken_ = false;  ///< The request was not read to its end: linger.
  bool draining_ = false;
  std::function<void()> disconnected_;
  std::optional<WebSocketParser> messages_;
  std::shared_ptr<WebSocketEvents> events_;
  bool is_pinged_ = false;
  struct Drained {
    size_t unsent_max = 0;
    std::function<void()> callback;
  };
  std::vector<Drained> drained_;  ///< Bounded by its user: a stream has a few steps of credit.

  std::vector<char> in_;
  size_t in_begin_ = 0, in_end_ = 0;
  bool is_reading_ = false;

  std::string out_;      ///< Waits for the write under way.
  std::string tail_;     ///< Goes after out_: the long body of a whole answer, as it was handed over.
  std::string sending_;  ///< Being written, from sent_ on.
  size_t sent_ = 0;
  bool is_writing_ = false;
  Time write_window_{};        ///< Since then the client is behind, or write_timeout has been watched anew.
  size_t taken_bytes_ = 0;     ///< By the client, since write_window_.
  size_t body_accounted_ = 0;  ///< What ServerShared::body_bytes has of us.
  size_t accounted_ = 0;       ///< What ServerShared::unsent_bytes has of us.
};

}  // namespace troupe::http::internal
