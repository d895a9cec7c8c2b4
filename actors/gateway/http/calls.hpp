#pragma once
// Calls: what all APIs of the HTTP door do around a request's body: read its headers, know who asks, hand it on.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/gateway/call_fields.hpp"
#include "actors/gateway/http/answers.hpp"
#include "actors/gateway/http/front_end.hpp"
#include "actors/gateway/http/json.hpp"
#include "actors/gateway/http/model_pages.hpp"
#include "runtime/http/message.hpp"
#include "runtime/http/routes.hpp"

namespace troupe::gateway {

/// One request for an answer of a model, as its headers say it.
struct Call : CallFields {
  AnswerContext answer;
};

/// Thread-safe: handlers run on the server's I/O threads, and each of those has scratch of its own here.
class Calls {
 public:
  using Models = std::vector<std::string>;  ///< Those that a key may use; empty = all.

  explicit Calls(HttpFrontEnd front_end);

  const HttpFrontEnd& front_end() const noexcept { return front_end_; }
  JsonParser& parser(const http::HttpRequest& request) const { return scratch(request).parser; }
  Random& random(const http::HttpRequest& request) const { return scratch(request).random; }

  /// Where to answer, and under which request id: with this even a request that is refused is answered.
  Call open(const http::HttpRequest& request, std::shared_ptr<http::HttpResponder> responder) const;
  /// Who may not ask at all is told here, before anything of the body is read.
  Status read_headers(const http::HttpRequest& request, Call& call) const;

  /// Hands `serve` to the gateway, which answers into `sink`; withdraws it when the client goes.
  Status submit(Call& call, protocol::ServeRequest serve, std::shared_ptr<balancer::ResponseSink> sink) const;

  /// Which models the request's key may see.
  Result<Models> models_of(const http::HttpRequest& request) const;
  /// As CallIdentity has it.
  std::string request_id(const http::HttpRequest& request) const;

 private:
  struct Scratch {
    explicit Scratch(uint64_t seed) : random(seed) {}
    JsonParser parser;
    SeededRandom random;
  };

  Scratch& scratch(const http::HttpRequest& request) const;

  const HttpFrontEnd front_end_;
  std::vector<std::unique_ptr<Scratch>> scratch_;
};

using CallsPtr = std::shared_ptr<const Calls>;

/// GET `pattern` shows a page to everybody.
void add_page(http::Routes& routes, CallsPtr calls, std::string_view pattern,
              std::function<Page(const http::PathParameters&)> page);

/// GET `pattern` shows a page of models to those with a key, where keys are required.
void add_model_page(http::Routes& routes, CallsPtr calls, std::string_view pattern,
                    std::function<Page(const http::PathParameters&, const Calls::Models&)> page);

}  // namespace troupe::gateway
