#pragma once
// ClientStream: a client's connection to an HTTP server, in the clear or in TLS, for Beast's algorithms. Only for .cpp
// files: includes Boost.Beast.

#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include "cluster/cli/http_call.hpp"

namespace troupe::cli {

/// Trusts what `ca_file` holds, else what the system trusts. Errors name the file.
Result<std::shared_ptr<boost::asio::ssl::context>> client_tls_context(const std::string& ca_file);

class ClientStream {
 public:
  using executor_type = boost::beast::tcp_stream::executor_type;

  /// `tls` is used where `at` is https, and must outlive the stream.
  ClientStream(boost::asio::io_context& io, const HostPort& at, boost::asio::ssl::context& tls)
      : is_tls_(at.is_tls), host_(at.host), stream_(io, tls) {}

  executor_type get_executor() { return stream_.get_executor(); }
  boost::beast::tcp_stream& tcp() { return stream_.next_layer(); }
  bool is_open() { return tcp().socket().is_open(); }

  /// Connects and, in TLS, checks that the server's certificate is trusted and for its host. `handler(error_code)`.
  template <class Endpoints, class Handler>
  void connect(const Endpoints& endpoints, Handler handler) {
    tcp().async_connect(endpoints, [this, handler = std::move(handler)](const auto& error, const auto&) mutable {
      if (error || !is_tls_) return handler(error);
      stream_.set_verify_mode(boost::asio::ssl::verify_peer);
      stream_.set_verify_callback(boost::asio::ssl::host_name_verification(host_));
      SSL_set_tlsext_host_name(stream_.native_handle(), host_.c_str());
      stream_.async_handshake(boost::asio::ssl::stream_base::client, std::move(handler));
    });
  }

  template <class Buffers, class Handler>
  auto async_read_some(const Buffers& buffers, Handler&& handler) {
    return is_tls_ ? stream_.async_read_some(buffers, std::forward<Handler>(handler))
                   : tcp().async_read_some(buffers, std::forward<Handler>(handler));
  }
  template <class Buffers, class Handler>
  auto async_write_some(const Buffers& buffers, Handler&& handler) {
    return is_tls_ ? stream_.async_write_some(buffers, std::forward<Handler>(handler))
                   : tcp().async_write_some(buffers, std::forward<Handler>(handler));
  }

 private:
  const bool is_tls_;
  const std::string host_;
  boost::beast::ssl_stream<boost::beast::tcp_stream> stream_;
};

}  // namespace troupe::cli
