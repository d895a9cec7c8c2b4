#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <deque>
#include <nlohmann/json.hpp>

#include "cluster/cli/admin_client.hpp"
#include "cluster/cli/client_stream.hpp"
#include "cluster/cli/exit.hpp"
#include "cluster/cli/load.hpp"
#include "cluster/cli/tensor_text.hpp"

namespace troupe::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

constexpr uint64_t answer_bytes_max = 256 << 20;
constexpr size_t due_max = 100'000;

/// A request as it goes over the wire, made once and sent many times.
struct Prepared {
  std::string text;
  bool is_stream = false;
};

Prepared prepare(const LoadWork& work, const protocol::Work& request, const std::string& host,
                 const std::string& api_key) {
  nlohmann::json body;
  std::string target;
  Prepared prepared;
  if (const auto* generate = std::get_if<protocol::Generate>(&request)) {
    target = "/v1/completions";
    body = {{"model", work.version.empty() ? work.model : work.model + "@" + work.version},
            {"prompt", std::get<protocol::PlainText>(generate->prompt).text},
            {"max_tokens", generate->sampling.max_tokens},
            {"temperature", generate->sampling.temperature}};
    prepared.is_stream = generate->stream;
    if (prepared.is_stream) body.update({{"stream", true}, {"stream_options", {{"include_usage", true}}}});
  } else {
    target = "/v2/models/" + work.model + (work.version.empty() ? "" : "/versions/" + work.version) + "/infer";
    body["inputs"] = nlohmann::json::array();
    for (const protocol::Tensor& tensor : std::get<protocol::Infer>(request).inputs)
      body["inputs"].push_back(json_of(tensor));
  }
  const std::string text = body.dump();
  prepared.text =
      fmt::format("POST {} HTTP/1.1\r\nHost: {}\r\n{}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                  target, host, api_key.empty() ? "" : "Authorization: Bearer " + api_key + "\r\n", text.size(), text);
  return prepared;
}

/// The number after the last `"completion_tokens":`; a whole JSON parse would cost more than the rest of the client.
uint64_t completion_tokens(std::string_view body) {
  constexpr std::string_view key = "\"completion_tokens\":";
  const size_t at = body.rfind(key);
  uint64_t tokens = 0;
  if (at != std::string_view::npos) std::from_chars(body.data() + at + key.size(), body.data() + body.size(), tokens);
  return tokens;
}

class Connection;

/// What the connections of one run share; all on one thread.
struct Loop {
  asio::io_context& io;
  const HostPort& at;
  asio::ssl::context& tls;
  Clock& clock;
  asio::ip::tcp::resolver::results_type endpoints;
  std::vector<Prepared> requests;
  Duration timeout;
  LoadPace pace;
  LoadResult& result;
  Status status;
  uint32_t connections_left = 0;                       ///< Of an open loop: still to be made where none is idle.
  std::vector<std::shared_ptr<Connection>> idle = {};  ///< Of an open loop.
  std::deque<Time> due = {};                           ///< Of an open loop: requests that wait for a connection.
};

/// One connection, one request at a time.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  explicit Connection(Loop& loop) : loop_(loop) { stream_.emplace(loop.io, loop.at, loop.tls); }

  /// For a request that should begin, or have begun, at `at`.
  void ask(Time at) {
    begun_ = at;
    stream_->is_open() ? send() : connect();
  }

  void connect() {
    stream_->tcp().expires_after(loop_.timeout);
    stream_->connect(loop_.endpoints, [self = shared_from_this()](error_code error) {
      if (!error) return self->loop_.pace.is_open() ? self->send() : self->begin();
      self->loop_.status =
          fail({Errc::unavailable, "nobody answers at the HTTP door: " + error.message(), address_field, {}});
    });
  }

 private:
  void begin() {
    begun_ = loop_.clock.now();
    if (!loop_.status || !loop_.pace.may_begin(begun_)) return;
    send();
  }

  /// The request of an open loop has ended.
  void rest() {
    if (loop_.due.empty()) return loop_.idle.push_back(shared_from_this());
    const Time at = loop_.due.front();
    loop_.due.pop_front();
    ask(at);
  }

  void send() {
    request_ = &loop_.requests[loop_.pace.count() % loop_.requests.size()];
    has_text_ = false;
    parser_.emplace();
    parser_->body_limit(answer_bytes_max);
    stream_->tcp().expires_after(loop_.timeout);
    asio::async_write(*stream_, asio::buffer(request_->text), [self = shared_from_this()](error_code error, size_t) {
      error ? self->broke(error) : self->read();
    });
  }

  void read() {
    http::async_read_some(*stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, size_t) {
      if (error) return self->broke(error);
      self->got_some();
    });
  }

  void got_some() {
    if (!has_text_ && request_->is_stream && parser_->is_header_done() && !parser_->get().body().empty()) {
      has_text_ = true;
      loop_.result.first_token.record(loop_.clock.now() - begun_);
    }
    if (!parser_->is_done()) return read();
    const auto& answer = parser_->get();
    const std::string& body = answer.body();
    const bool failed_late = request_->is_stream && body.find("data: {\"error\"") != std::string::npos;
    if (answer.result_int() == 200 && !failed_late) {
      ++loop_.result.answered;
      loop_.result.latency.record(loop_.clock.now() - begun_);
      loop_.result.tokens += completion_tokens(body);
    } else {
      Error error = failed_late ? Error{Errc::lost, "the stream ended with an error", {}, {}}
                                : error_of(answer.result_int(), body);
      unsigned seconds = 0;
      const auto told = answer[http::field::retry_after];
      std::from_chars(told.data(), told.data() + told.size(), seconds);
      error.retry_after = std::chrono::seconds{seconds};
      loop_.result.add_error(error, loop_.clock.now() - begun_);
    }
    if (!answer.keep_alive()) return reconnect();
    loop_.pace.is_open() ? rest() : begin();
  }

  void broke(error_code error) {
    loop_.result.add_error(
        {error == beast::error::timeout ? Errc::deadline_exceeded : Errc::io_error, error.message(), {}, {}});
    reconnect();
  }

  void reconnect() {
    buffer_.clear();
    stream_.emplace(loop_.io, loop_.at, loop_.tls);
    loop_.pace.is_open() ? rest() : connect();
  }

  Loop& loop_;
  std::optional<ClientStream> stream_;
  beast::flat_buffer buffer_;
  std::optional<http::response_parser<http::string_body>> parser_;
  const Prepared* request_ = nullptr;
  Time begun_{};
  bool has_text_ = false;
};

/// Begins what is due, and waits until more is.
void keep_schedule(Loop& loop, asio::steady_timer& timer) {
  while (loop.status && loop.pace.next_begin() <= loop.clock.now()) {
    const Time at = loop.pace.next_begin();
    if (!loop.pace.may_begin(at)) return;
    if (!loop.idle.empty()) {
      const auto connection = std::move(loop.idle.back());
      loop.idle.pop_back();
      connection->ask(at);
    } else if (loop.connections_left > 0) {
      --loop.connections_left;
      std::make_shared<Connection>(loop)->ask(at);
    } else if (loop.due.size() < due_max) {
      loop.due.push_back(at);
    } else {
      loop.result.add_error({Errc::resource_exhausted, "too many requests wait for a connection of the bench", {}, {}});
    }
  }
  if (!loop.status) return;
  timer.expires_at(loop.pace.next_begin());
  timer.async_wait([&loop, &timer](error_code error) {
    if (!error) keep_schedule(loop, timer);
  });
}

class HttpLoad final : public LoadDriver {
 public:
  HttpLoad(HostPort at, std::string api_key, Duration timeout, Clock& clock)
      : at_(std::move(at)), api_key_(std::move(api_key)), timeout_(timeout), clock_(clock) {}

  Status run(const LoadWork& work, uint32_t concurrency, LoadLimit limit, LoadResult& result) override {
    asio::io_context io(1);
    TROUPE_TRY(const auto tls, client_tls_context(at_.is_tls ? at_.ca_file : std::string()));
    error_code error;
    asio::ip::tcp::resolver resolver(io);
    const auto endpoints = resolver.resolve(at_.host, at_.port, error);
    if (error) return fail({Errc::unavailable, fmt::format("{}: {}", at_.host, error.message()), address_field, {}});
    std::vector<Prepared> requests;
    for (const auto& request : work.requests)
      requests.push_back(prepare(work, request, at_.host + ":" + at_.port, api_key_));
    Loop loop{io,     at_, *tls, clock_, endpoints, std::move(requests), timeout_, LoadPace(limit, clock_.now()),
              result, {}};
    asio::steady_timer timer(io);
    if (loop.pace.is_open()) {
      loop.connections_left = concurrency;
      keep_schedule(loop, timer);
    } else {
      for (uint32_t i = 0; i < concurrency; ++i) std::make_shared<Connection>(loop)->connect();
    }
    io.run();
    result.elapsed = clock_.now() - loop.pace.begun();
    return loop.status;
  }

 private:
  const HostPort at_;
  const std::string api_key_;
  const Duration timeout_;
  Clock& clock_;
};

}  // namespace

Result<std::unique_ptr<LoadDriver>> make_http_load(HostPort at, const std::string& api_key, Duration timeout,
                                                   Clock& clock) {
  return std::make_unique<HttpLoad>(std::move(at), api_key, timeout, clock);
}

}  // namespace troupe::cli
