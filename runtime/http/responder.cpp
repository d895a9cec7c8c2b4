#include "runtime/http/responder.hpp"

#include "runtime/http/session.hpp"

namespace troupe::http::internal {
namespace {

template <class Action>
void run_on(const std::shared_ptr<Session>& session, Action action) {
  IoLoop& loop = session->loop();
  if (loop.on_thread()) {
    action(*session);
  } else {
    loop.post([session, action = std::move(action)]() mutable { action(*session); });
  }
}

}  // namespace

Responder::~Responder() {
  if (has_ended_.load(std::memory_order_relaxed)) return;
  run_on(session_, [number = number_](Session& session) { session.dropped(number); });
}

void Responder::respond(int status, std::string_view content_type, std::string body, HeaderList headers) {
  has_ended_.store(true, std::memory_order_relaxed);
  IoLoop& loop = session_->loop();
  if (loop.on_thread()) return session_->respond(number_, status, content_type, std::move(body), headers);
  loop.post([session = session_, number = number_, status, content_type = std::string(content_type),
             body = std::move(body), headers = std::move(headers)]() mutable {
    session->respond(number, status, content_type, std::move(body), headers);
  });
}

void Responder::begin_stream(int status, std::string_view content_type, HeaderList headers) {
  run_on(session_, [number = number_, status, content_type = std::string(content_type), headers = std::move(headers)](
                       Session& session) { session.begin_stream(number, status, content_type, headers); });
}

void Responder::write(std::string chunk) {
  run_on(session_, [number = number_, chunk = std::move(chunk)](Session& session) { session.write(number, chunk); });
}

void Responder::end() {
  has_ended_.store(true, std::memory_order_relaxed);
  run_on(session_, [number = number_](Session& session) { session.end(number); });
}

void Responder::abort() {
  has_ended_.store(true, std::memory_order_relaxed);
  run_on(session_, [number = number_](Session& session) { session.abort(number); });
}

void Responder::on_disconnect(std::function<void()> callback) {
  run_on(session_, [number = number_, callback = std::move(callback)](Session& session) mutable {
    session.on_disconnect(number, std::move(callback));
  });
}

void Responder::when_unsent(size_t bytes, std::function<void()> callback) {
  run_on(session_, [number = number_, bytes, callback = std::move(callback)](Session& session) mutable {
    session.when_unsent(number, bytes, std::move(callback));
  });
}

std::shared_ptr<WebSocket> Responder::upgrade(HeaderList headers, WebSocketEvents events) {
  has_ended_.store(true, std::memory_order_relaxed);
  if (!session_->upgrade(number_, headers, std::move(events))) return nullptr;
  return std::make_shared<SessionSocket>(session_);
}

void Responder::post(std::function<void()> action) {
  run_on(session_, [action = std::move(action)](Session&) { action(); });
}

void SessionSocket::send(std::string text) {
  run_on(session_, [text = std::move(text)](Session& session) { session.send_message(text); });
}

void SessionSocket::close(CloseCode code, std::string_view reason) {
  run_on(session_, [code, reason = std::string(reason)](Session& session) { session.end_websocket(code, reason); });
}

size_t SessionSocket::unsent() const {
  return session_->unsent();
}

void SessionSocket::when_unsent(size_t bytes, std::function<void()> callback) {
  run_on(session_, [bytes, callback = std::move(callback)](Session& session) mutable {
    session.when_unsent(session.number(), bytes, std::move(callback));
  });
}

void SessionSocket::post(std::function<void()> action) {
  run_on(session_, [action = std::move(action)](Session&) { action(); });
}

}  // namespace troupe::http::internal
