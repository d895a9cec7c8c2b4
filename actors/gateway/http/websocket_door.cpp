#include "actors/gateway/http/websocket_door.hpp"

#include <atomic>
#include <unordered_map>

#include "actors/gateway/http/error_answer.hpp"
#include "actors/gateway/http/websocket_frames.hpp"

namespace troupe::gateway {
namespace {

using http::HttpRequest;
using ResponderPtr = std::shared_ptr<http::HttpResponder>;

constexpr std::chrono::milliseconds come_back{1000};
/// An answer that would make more wait for the client is replaced by an error: it may read, but not fast enough.
constexpr size_t unsent_most = 16 << 20;

/// One connection, and what is under way over it. Lives on the connection's thread.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// Names one of the requests of a connection: clients may use an id again.
  using Serial = uint64_t;

  Connection(CallsPtr calls, http::Handler serve, const HttpRequest& handshake)
      : calls_(std::move(calls)),
        serve_(std::move(serve)),
        remote_address_(handshake.remote_address),
        io_thread_(handshake.io_thread) {
    for (const char* field : {"authorization", "x-api-key"}) {
      if (const auto value = handshake.headers.find(field)) credentials_.emplace_back(field, *value);
    }
  }

  void open(std::shared_ptr<http::WebSocket> socket) { socket_ = std::move(socket); }
  http::WebSocket& socket() { return *socket_; }

  void on_message(std::string_view text);
  void on_drain();
  void on_closed();

  // For responders; ignored once the request has ended.
  bool is_under_way(Serial serial) const { return under_way_.contains(serial); }
  void send(Serial serial, std::string frame) {
    if (is_under_way(serial)) socket_->send(std::move(frame));
  }
  void finish(Serial serial, std::string frame);
  void on_disconnect(Serial serial, std::function<void()> callback);

 private:
  struct UnderWay {
    std::string id;
    std::function<void()> disconnected;
  };

  void request(ClientFrame frame);
  void cancel(const std::string& id);
  void authenticate(const ClientFrame& frame);
  HttpRequest as_http(ClientFrame frame) const;
  Status may_begin(const std::string& id) const;
  std::optional<Serial> find(std::string_view id) const;
  void forget(Serial serial);

  const CallsPtr calls_;
  const http::Handler serve_;
  const std::string remote_address_;
  const size_t io_thread_;
  http::HeaderList credentials_;
  std::shared_ptr<http::WebSocket> socket_;
  std::unordered_map<Serial, UnderWay> under_way_;
  Serial last_serial_ = 0;
  bool is_draining_ = false;
};

/// Turns the answer to one request into frames.
class FrameResponder final : public http::HttpResponder {
 public:
  FrameResponder(std::shared_ptr<Connection> connection, Connection::Serial serial, std::string id)
      : connection_(std::move(connection)), serial_(serial), id_(std::move(id)) {}

  ~FrameResponder() override {
    if (has_ended_) return;
    finish(format_error_frame(id_, {Errc::internal, "the request was dropped unanswered", {}, {}}));
  }

  void respond(int status, std::string_view content_type, std::string body, http::HeaderList headers) override {
    has_ended_ = true;
    if (content_type != "application/json" && !body.empty()) {
      return finish(format_error_frame(
          id_, {Errc::unimplemented, "binary data does not go over a WebSocket; ask for JSON", "binary_data", {}}));
    }
    finish(format_answer_frame(id_, status < 400 ? "answer" : "error", status, headers, body));
  }
  void begin_stream(int status, std::string_view, http::HeaderList headers) override {
    send(format_answer_frame(id_, "begin", status, headers, {}));
  }
  void write(std::string chunk) override {
    // Calls follow each other, so the splitter is used by one thread at a time.
    for (StreamEvent& event : events_.feed(chunk)) {
      if (event.name == "error") {
        has_ended_ = true;
        return finish(format_stream_frame(id_, event.name, event.data));
      }
      if (event.data != "[DONE]") send(format_stream_frame(id_, "part", event.data));
    }
  }
  void end() override {
    if (!std::exchange(has_ended_, true)) finish(format_end_frame(id_));
  }
  void abort() override {
    has_ended_ = true;
    finish(format_error_frame(id_, {Errc::internal, "the answer can't be completed", {}, {}}));
  }

  void on_disconnect(std::function<void()> callback) override {
    connection_->on_disconnect(serial_, std::move(callback));
  }
  void when_unsent(size_t bytes, std::function<void()> callback) override {
    connection_->socket().when_unsent(bytes, [connection = connection_, serial = serial_, callback] {
      if (connection->is_under_way(serial)) callback();
    });
  }
  void post(std::function<void()> action) override { connection_->socket().post(std::move(action)); }

 private:
  void send(std::string frame) {
    post([connection = connection_, serial = serial_, frame = std::move(frame)] { connection->send(serial, frame); });
  }
  void finish(std::string frame) {
    post([connection = connection_, serial = serial_, frame = std::move(frame)] { connection->finish(serial, frame); });
  }

  const std::shared_ptr<Connection> connection_;
  const Connection::Serial serial_;
  const std::string id_;
  EventSplitter events_;
  bool has_ended_ = false;
};

void Connection::on_message(std::string_view text) {
  HttpRequest asking;
  asking.io_thread = io_thread_;
  std::string id;
  auto frame = parse_client_frame(text, calls_->parser(asking), id);
  if (!frame) return socket_->send(format_error_frame(find(id) ? std::string() : id, frame.error()));
  switch (frame->op) {
    case ClientOp::request:
      return request(std::move(*frame));
    case ClientOp::cancel:
      return cancel(frame->id);
    case ClientOp::authenticate:
      return authenticate(*frame);
  }
}

std::optional<Connection::Serial> Connection::find(std::string_view id) const {
  for (const auto& [serial, request] : under_way_) {
    if (request.id == id) return serial;
  }
  return std::nullopt;
}

Status Connection::may_begin(const std::string& id) const {
  if (is_draining_) return fail(Error{Errc::unavailable, "this gateway is shutting down", {}, come_back});
  if (under_way_.size() < websocket_requests_max) return {};
  return fail(Error{Errc::overloaded,
                    fmt::format("{} requests are under way over this connection, as many as may be; {} was not begun",
                                under_way_.size(), id),
                    {},
                    come_back});
}

void Connection::request(ClientFrame frame) {
  if (find(frame.id)) {
    // Without the id: its answer is still to come.
    const Error error{Errc::invalid_argument, fmt::format("the request {} is under way already", frame.id), "id", {}};
    return socket_->send(format_error_frame({}, error));
  }
  if (const Status may = may_begin(frame.id); !may) return socket_->send(format_error_frame(frame.id, may.error()));
  const Serial serial = ++last_serial_;
  under_way_.emplace(serial, UnderWay{frame.id, {}});
  const auto responder = std::make_shared<FrameResponder>(shared_from_this(), serial, frame.id);
  HttpRequest asked = as_http(std::move(frame));
  serve_(asked, responder);
}

HttpRequest Connection::as_http(ClientFrame frame) const {
  HttpRequest request;
  request.method = "POST";
  request.target = std::move(frame.path);
  request.body = std::move(frame.body);
  request.remote_address = remote_address_;
  request.io_thread = io_thread_;
  for (const http::HeaderList* fields : {&credentials_, &std::as_const(frame.headers)}) {
    for (const auto& [name, value] : *fields) request.headers.add(name, value);
  }
  return request;
}

/// A cancel may cross with the answer: an id that is not under way is none to complain about.
void Connection::cancel(const std::string& id) {
  const auto serial = find(id);
  if (!serial) return;
  const auto callback = std::exchange(under_way_.at(*serial).disconnected, nullptr);
  finish(*serial, format_error_frame(id, {Errc::cancelled, "the request was cancelled", {}, {}}));
  if (callback) callback();
}

void Connection::authenticate(const ClientFrame& frame) {
  HttpRequest asking;
  asking.headers.add("x-api-key", frame.key);
  if (const auto known = calls_->models_of(asking); !known) return socket_->send(format_error_frame({}, known.error()));
  credentials_ = {{"x-api-key", frame.key}};
  socket_->send(R"({"event":"authenticated"})");
}

void Connection::finish(Serial serial, std::string frame) {
  const auto found = under_way_.find(serial);
  if (found == under_way_.end()) return;
  if (socket_->unsent() + frame.size() > unsent_most) {
    const Error error{Errc::unavailable, "too much waits for this client to read it", {}, come_back};
    frame = format_error_frame(found->second.id, error);
  }
  socket_->send(std::move(frame));
  under_way_.erase(serial);
  if (is_draining_ && under_way_.empty()) socket_->close(http::CloseCode::going_away, "the gateway shuts down");
}

void Connection::on_disconnect(Serial serial, std::function<void()> callback) {
  const auto found = under_way_.find(serial);
  if (found != under_way_.end()) found->second.disconnected = std::move(callback);
}

void Connection::on_drain() {
  is_draining_ = true;
  if (under_way_.empty()) socket_->close(http::CloseCode::going_away, "the gateway shuts down");
}

void Connection::on_closed() {
  const auto under_way = std::exchange(under_way_, {});
  for (const auto& [serial, request] : under_way) {
    if (request.disconnected) request.disconnected();
  }
}

/// A page may ask from where it came, or from an origin that is allowed.
bool may_ask(const HttpRequest& request, const http::CorsPolicy& cors) {
  const auto origin = request.headers.find("origin");
  if (!origin || cors.allows(*origin)) return true;
  const size_t mark = origin->find("://");
  return mark != origin->npos && request.headers.find("host") == origin->substr(mark + 3);
}

void open(const CallsPtr& calls, const http::Handler& serve, const HttpRequest& request, ResponderPtr responder) {
  Call call = calls->open(request, std::move(responder));
  const auto status = [&]() -> Status {
    if (!may_ask(request, calls->front_end().cors)) {
      return fail(Error{Errc::permission_denied,
                        "pages of this origin may not ask here; start the gateway with --cors-origin to let them",
                        "origin",
                        {}});
    }
    const bool has_key = request.headers.find("authorization") || request.headers.find("x-api-key");
    if (!has_key) return {};
    if (const auto models = calls->models_of(request); !models) return fail(models.error());
    return {};
  }();
  if (!status) return answer_openai_error(call.answer, status.error());
  const auto connection = std::make_shared<Connection>(calls, serve, request);
  const auto socket = call.answer.responder->upgrade(
      {{"x-request-id", call.answer.request_id}},
      {[connection](const std::string& text) { connection->on_message(text); },
       [connection] { connection->on_drain(); }, [connection] { connection->on_closed(); }});
  if (socket) connection->open(socket);
}

}  // namespace

void add_websocket_route(http::Routes& routes, const CallsPtr& calls, http::Handler serve) {
  routes.add(
      "GET", "/v1/ws",
      [calls, serve = std::move(serve)](const HttpRequest& request, const http::PathParameters&,
                                        ResponderPtr responder) { open(calls, serve, request, std::move(responder)); });
}

}  // namespace troupe::gateway
