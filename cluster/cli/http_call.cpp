#include "cluster/cli/http_call.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "cluster/cli/client_stream.hpp"
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
  Exchange(const HttpCall& call, asio::ssl::context& tls)
      : request_(http::string_to_verb(call.method), call.target, 11, call.body), stream_(io_, call.at, tls) {
    request_.set(http::field::host, call.at.host + ":" + call.at.port);
    request_.set(http::field::connection, "close");
    for (const auto& [name, value] : call.headers) request_.set(name, value);
    request_.prepare_payload();
    parser_.body_limit(answer_bytes_max);
  }

  /// What failed and where; none: parser has the answer.
  boost::system::error_code run(const HttpCall& call, Duration timeout) {
    asio::ip::tcp::resolver resolver(io_);
    const auto endpoints = resolver.resolve(call.at.host, call.at.port, error_);
    if (error_) return error_;
    stream_.tcp().expires_after(timeout);
    stream_.connect(endpoints, [this](boost::system::error_code error) {
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
  ClientStream stream_;
  beast::flat_buffer buffer_;
  http::response_parser<http::string_body> parser_;
  boost::system::error_code error_;
  bool is_connected_ = false;
};

}  // namespace

Result<HostPort> parse_address(const std::string& text, const std::string& port_if_none) {
  HostPort at;
  std::string rest = text;
  for (const auto& [scheme, is_tls] : {std::pair("http://", false), {"https://", true}}) {
    if (rest.rfind(scheme, 0) != 0) continue;
    rest = rest.substr(std::string_view(scheme).size());
    at.is_tls = is_tls;
    break;
  }
  rest = rest.substr(0, rest.find('/'));
  const auto wrong = [&] {
    return fail(
        {Errc::invalid_argument, fmt::format("'{}' is no address; one looks like 127.0.0.1:8265", text), {}, {}});
  };
  if (rest.rfind('[', 0) == 0) {  // [::1]:8265
    const size_t end = rest.find(']');
    if (end == std::string::npos) return wrong();
    const std::string after = rest.substr(end + 1);
    if (!after.empty() && after[0] != ':') return wrong();
    at.host = rest.substr(1, end - 1);
    at.port = after.size() > 1 ? after.substr(1) : port_if_none;
    return at;
  }
  const size_t colon = rest.find(':');
  at.host = rest.substr(0, colon);
  at.port = colon == std::string::npos ? port_if_none : rest.substr(colon + 1);
  const bool is_number = at.port.size() <= 5 && at.port.find_first_not_of("0123456789") == std::string::npos;
  if (at.host.empty() || at.port.empty() || !is_number) return wrong();
  return at;
}

Result<std::shared_ptr<asio::ssl::context>> client_tls_context(const std::string& ca_file) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  boost::system::error_code error;
  ca_file.empty() ? context->set_default_verify_paths(error) : context->load_verify_file(ca_file, error);
  if (error) return fail_field("--ca-file", "{} holds no certificate that can be read: {}", ca_file, error.message());
  return context;
}

Result<HttpAnswer> http_call(const HttpCall& call, Duration timeout) {
  TROUPE_TRY(const auto tls, client_tls_context(call.at.is_tls ? call.at.ca_file : std::string()));
  Exchange exchange(call, *tls);
  const boost::system::error_code error = exchange.run(call, timeout);
  if (!error) return exchange.answer();
  const std::string url = call.at.url();
  if (error == beast::error::timeout && exchange.is_connected())
    return fail(Errc::deadline_exceeded, "{}{} did not answer within {}", url, call.target, format_duration(timeout));
  if (error.category() == asio::error::get_ssl_category())
    return fail(Errc::unauthenticated,
                "{} cannot be trusted, or does not speak https ({}); --ca-file FILE or TROUPE_CA_FILE names the "
                "certificate that it is verified with",
                url, error.message());
  return fail({Errc::unavailable, fmt::format("nobody answers at {} ({})", url, error.message()), address_field, {}});
}

}  // namespace troupe::cli
