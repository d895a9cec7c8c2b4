#include "cluster/cli/http_call.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "cluster/cli/exit.hpp"
#include "runtime/base/units.hpp"

namespace troupe::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

constexpr uint64_t answer_bytes_max = 256 << 20;

/// Resolve, connect, write, read: one after the other on one io_context, under one deadline.
class Exchange {
 public:
  explicit Exchange(const HttpCall& call)
      : request_(http::string_to_verb(call.method), call.target, 11, call.body), stream_(io_) {
    request_.set(http::field::host, call.host + ":" + call.port);
    request_.set(http::field::connection, "close");
    for (const auto& [name, value] : call.headers) request_.set(name, value);
    request_.prepare_payload();
    parser_.body_limit(answer_bytes_max);
  }

  /// What failed and where; none: parser has the answer.
  boost::system::error_code run(const HttpCall& call, Duration timeout) {
    asio::ip::tcp::resolver resolver(io_);
    const auto endpoints = resolver.resolve(call.host, call.port, error_);
    if (error_) return error_;
    stream_.expires_after(timeout);
    stream_.async_connect(endpoints, [this](auto error, const auto&) {
      if (fails(error)) return;
      is_connected_ = true;
      http::async_write(stream_, request_, [this](auto write_error, size_t) {
        if (fails(write_error)) return;
        http::async_read(stream_, buffer_, parser_, [this](auto read_error, size_t) { fails(read_error); });
      });
    });
    io_.run();
    return error_;
  }

  bool is_connected() const { return is_connected_; }
  HttpAnswer answer() { return {parser_.get().result_int(), std::move(parser_.get().body())}; }

 private:
  bool fails(boost::system::error_code error) {
    error_ = error;
    return error.failed();
  }

  asio::io_context io_;
  http::request<http::string_body> request_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  http::response_parser<http::string_body> parser_;
  boost::system::error_code error_;
  bool is_connected_ = false;
};

}  // namespace

Result<HttpAnswer> http_call(const HttpCall& call, Duration timeout) {
  Exchange exchange(call);
  const boost::system::error_code error = exchange.run(call, timeout);
  if (!error) return exchange.answer();
  if (error == beast::error::timeout && exchange.is_connected())
    return fail(Errc::deadline_exceeded, "http://{}:{}{} did not answer within {}", call.host, call.port, call.target,
                format_duration(timeout));
  return fail({Errc::unavailable,
               fmt::format("nobody answers at http://{}:{} ({})", call.host, call.port, error.message()),
               address_field,
               {}});
}

}  // namespace troupe::cli
