#pragma once
// ByteStream: the bytes of one connection, in the clear or in TLS. Internal to the server.

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <memory>
#include <optional>

namespace troupe::http::internal {

/// One read and one write may be under way. Used on one thread.
class ByteStream {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  /// `tls` empty: in the clear.
  ByteStream(Socket socket, std::shared_ptr<boost::asio::ssl::context> tls) : socket_(std::move(socket)) {
    if (tls) tls_ = std::make_unique<Tls>(socket_, *tls);
  }

  bool is_tls() const noexcept { return tls_ != nullptr; }
  Socket& socket() noexcept { return socket_; }

  /// Of TLS only: the server's side of the handshake.
  template <class Handler>
  void handshake(Handler handler) {
    tls_->async_handshake(boost::asio::ssl::stream_base::server, std::move(handler));
  }
  template <class Buffer, class Handler>
  void read_some(const Buffer& buffer, Handler handler) {
    tls_ ? tls_->async_read_some(buffer, std::move(handler)) : socket_.async_read_some(buffer, std::move(handler));
  }
  template <class Buffer, class Handler>
  void write_some(const Buffer& buffer, Handler handler) {
    tls_ ? tls_->async_write_some(buffer, std::move(handler)) : socket_.async_write_some(buffer, std::move(handler));
  }
  /// Of TLS only: says that nothing more comes, and waits until the other side has said so too.
  template <class Handler>
  void say_goodbye(Handler handler) {
    tls_->async_shutdown(std::move(handler));
  }

 private:
  using Tls = boost::asio::ssl::stream<Socket&>;

  Socket socket_;
  std::unique_ptr<Tls> tls_;
};

}  // namespace troupe::http::internal
