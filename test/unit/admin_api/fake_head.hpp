#pragma once
// An admin API over a head that answers as a test says, and a client of it without sockets.

#include <boost/test/unit_test.hpp>
#include <condition_variable>
#include <map>
#include <nlohmann/json.hpp>

#include "cluster/head/admin.hpp"
#include "cluster/head/admin_api.hpp"
#include "runtime/actor/host.hpp"
#include "runtime/observe/log_sink.hpp"

namespace troupe::cluster::testing {

/// One answer, waited for from the test's thread.
class AwaitedResponder final : public http::HttpResponder {
 public:
  void respond(int status, std::string_view, std::string body, http::HeaderList headers) override {
    const std::lock_guard lock(mutex_);
    status_ = status;
    body_ = std::move(body);
    for (auto& [name, value] : headers) headers_[name] = value;
    answered_.notify_all();
  }
  void begin_stream(int, std::string_view, http::HeaderList) override {}
  void write(std::string) override {}
  void end() override {}
  void abort() override {}
  void on_disconnect(std::function<void()>) override {}
  void when_unsent(size_t, std::function<void()>) override {}
  void post(std::function<void()> action) override { action(); }

  void wait() {
    std::unique_lock lock(mutex_);
    BOOST_REQUIRE(answered_.wait_for(lock, std::chrono::seconds{60}, [this] { return status_ != 0; }));
  }
  int status() const { return status_; }
  nlohmann::json body() const { return nlohmann::json::parse(body_); }
  std::string message() const { return body().at("error").at("message"); }
  std::string code() const { return body().at("error").at("code"); }
  std::string header(const std::string& name) const { return headers_.contains(name) ? headers_.at(name) : ""; }

 private:
  std::mutex mutex_;
  std::condition_variable answered_;
  int status_ = 0;
  std::string body_;
  std::map<std::string, std::string> headers_;
};

using Answer = std::function<Result<std::string>(const AdminCall&)>;

using OnRefusal = std::function<void(const RefusedWrite&)>;
using OnUntold = std::function<void(const UntoldWrites&)>;

/// Answers each call by `answer`; crashes where that throws.
class FakeHead final : public actor::Actor {
 public:
  FakeHead(actor::Context& context, Answer answer, OnRefusal on_refusal, OnUntold on_untold) : Actor(context) {
    on<AdminCall>([answer = std::move(answer)](const AdminCall& call) { call.done(answer(call)); });
    on<RefusedWrite>(std::move(on_refusal));
    on<UntoldWrites>(std::move(on_untold));
  }
};

inline constexpr const char* key = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

struct Site {
  explicit Site(Answer answer) : Site(std::move(answer), {}) {}
  Site(Answer answer, AdminApiOptions changed) {
    head = host->spawn_actor<FakeHead>(
                   "head", {}, std::move(answer),
                   [this](const RefusedWrite& refusal) {
                     const std::lock_guard lock(lines_mutex);
                     refusals.push_back(refusal);
                   },
                   [this](const UntoldWrites& more) {
                     const std::lock_guard lock(lines_mutex);
                     untold += more.count;
                   })
               .value();
    changed.admin_key = key;
    changed.key_file = "/data/admin.key";
    changed.port = 8265;
    changed.log = observe::Logger(sink, "admin");
    handler = make_admin_api(head, std::move(changed));
  }
  ~Site() { host->stop_all(); }

  using Headers = std::map<std::string, std::string>;

  std::shared_ptr<AwaitedResponder> ask(std::string method, std::string target, std::string body, Headers headers) {
    http::HttpRequest request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.body = std::move(body);
    request.remote_address = "127.0.0.1:50000";
    headers.try_emplace("Host", "127.0.0.1:8265");
    for (const auto& [name, value] : headers) request.headers.add(name, value);
    auto responder = std::make_shared<AwaitedResponder>();
    handler(request, responder);
    responder->wait();
    return responder;
  }
  std::shared_ptr<AwaitedResponder> get(std::string target, Headers headers = {}) {
    return ask("GET", std::move(target), "", std::move(headers));
  }
  /// With the key.
  std::shared_ptr<AwaitedResponder> write(std::string method, std::string target, std::string body = {},
                                          Headers headers = {}) {
    headers.try_emplace("Authorization", std::string("Bearer ") + key);
    return ask(std::move(method), std::move(target), std::move(body), std::move(headers));
  }
  /// The lines logged so far.
  std::vector<nlohmann::json> log() const {
    const std::lock_guard lock(lines_mutex);
    return lines;
  }

  /// Once the head has been told of what was refused so far: it takes one after the other.
  std::vector<RefusedWrite> take_refusals() {
    get("/api/v1/status");
    const std::lock_guard lock(lines_mutex);
    return std::exchange(refusals, {});
  }

  /// As take_refusals(): how many it was told of as a number.
  uint64_t take_untold() {
    get("/api/v1/status");
    const std::lock_guard lock(lines_mutex);
    return std::exchange(untold, 0);
  }

  SystemClock clock;
  mutable std::mutex lines_mutex;
  std::vector<nlohmann::json> lines;
  std::vector<RefusedWrite> refusals;
  uint64_t untold = 0;
  std::shared_ptr<observe::LogSink> sink = observe::LogSink::to_function(
      [this](std::string_view line) {
        const std::lock_guard lock(lines_mutex);
        lines.push_back(nlohmann::json::parse(line));
      },
      {}, clock);
  std::unique_ptr<actor::Host> host =
      actor::Host::make({NodeId{1}, Incarnation{1}, {}}, clock, actor::make_caf_executor(1), nullptr);
  actor::Ref head;
  http::Handler handler;
};

}  // namespace troupe::cluster::testing
