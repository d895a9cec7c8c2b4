#pragma once
// Responder: the HttpResponder of one request of a Session; SessionSocket: a Session that has become a WebSocket.
// Internal to the server.

#include <atomic>
#include <memory>

#include "runtime/http/message.hpp"

namespace troupe::http::internal {

class Session;

class Responder final : public HttpResponder {
 public:
  Responder(std::shared_ptr<Session> session, uint64_t number) : session_(std::move(session)), number_(number) {}
  ~Responder() override;

  void respond(int status, std::string_view content_type, std::string body, HeaderList headers) override;
  void begin_stream(int status, std::string_view content_type, HeaderList headers) override;
  void write(std::string chunk) override;
  void end() override;
  void abort() override;
  void on_disconnect(std::function<void()> callback) override;
  void when_unsent(size_t bytes, std::function<void()> callback) override;
  std::shared_ptr<WebSocket> upgrade(HeaderList headers, WebSocketEvents events) override;
  void post(std::function<void()> action) override;

 private:
  const std::shared_ptr<Session> session_;
  const uint64_t number_;
  std::atomic<bool> has_ended_{false};
};

class SessionSocket final : public WebSocket {
 public:
  explicit SessionSocket(std::shared_ptr<Session> session) : session_(std::move(session)) {}

  void send(std::string text) override;
  void close(CloseCode code, std::string_view reason) override;
  size_t unsent() const override;
  void when_unsent(size_t bytes, std::function<void()> callback) override;
  void post(std::function<void()> action) override;

 private:
  const std::shared_ptr<Session> session_;
};

}  // namespace troupe::http::internal
