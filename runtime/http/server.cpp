#include "runtime/http/server.hpp"

#include <fmt/format.h>

#include <boost/asio/ip/tcp.hpp>
#include <vector>

#include "runtime/http/io_loop.hpp"
#include "runtime/http/session.hpp"
#include "runtime/http/tls.hpp"

namespace troupe::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using internal::ConnectionPass;
using internal::IoLoop;
using internal::ServerShared;
using internal::Session;

/// Empty where the client has gone already.
std::string address_of(const tcp::socket& socket) {
  boost::system::error_code ec;
  const auto address = socket.remote_endpoint(ec).address();
  if (ec) return {};
  const auto key = [](const auto& bytes) {
    return address_key({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  };
  return address.is_v4() ? key(address.to_v4().to_bytes()) : key(address.to_v6().to_bytes());
}

class Server final : public HttpServer {
 public:
  Server(std::shared_ptr<ServerShared> shared, std::vector<std::shared_ptr<IoLoop>> loops, tcp::acceptor acceptor)
      : shared_(std::move(shared)),
        loops_(std::move(loops)),
        acceptor_(std::move(acceptor)),
        accept_again_(loops_.front()->context()),
        endpoint_(acceptor_.local_endpoint()) {}
  ~Server() override { stop(Duration{0}); }

  void start() {
    accept();
    for (const auto& loop : loops_) loop->start();
  }

  uint16_t port() const noexcept override { return endpoint_.port(); }
  std::string url() const override {
    const std::string address = endpoint_.address().to_string();
    return fmt::format("{}://{}:{}", shared_->options.tls ? "https" : "http",
                       endpoint_.address().is_v6() ? fmt::format("[{}]", address) : address, port());
  }
  HttpStats stats() const override {
    HttpStats stats{shared_->connections.inside(),
                    shared_->connections_total.load(std::memory_order_relaxed),
                    shared_->requests_total.load(std::memory_order_relaxed),
                    shared_->unsent_bytes.load(std::memory_order_relaxed),
                    {}};
    for (size_t i = 0; i < cut_count; ++i) stats.cuts[i] = shared_->cuts[i].load(std::memory_order_relaxed);
    return stats;
  }

  void stop(Duration patience) override {
    if (std::exchange(is_stopped_, true)) return;
    loops_.front()->post([this] {
      boost::system::error_code ec;
      acceptor_.close(ec);
      accept_again_.cancel();
    });
    for (const auto& loop : loops_) loop->post([loop = loop.get()] { loop->drain(); });
    shared_->connections.close(patience);
    for (const auto& loop : loops_) loop->close();
    boost::system::error_code ec;
    acceptor_.close(ec);
  }

 private:
  void accept() {
    acceptor_.async_accept(loops_[next_]->context(), [this](const boost::system::error_code& ec, tcp::socket socket) {
      if (!acceptor_.is_open()) return;
      if (ec) return accept_later();
      admit(loops_[next_], std::move(socket));
      next_ = (next_ + 1) % loops_.size();
      accept();
    });
  }

  /// Out of file descriptors, mostly: others must close first.
  void accept_later() {
    accept_again_.expires_after(std::chrono::milliseconds{50});
    accept_again_.async_wait([this](const boost::system::error_code& ec) {
      if (!ec && acceptor_.is_open()) accept();
    });
  }

  void admit(const std::shared_ptr<IoLoop>& loop, tcp::socket socket) {
    auto pass = ConnectionPass::enter(shared_, address_of(socket));
    if (!pass) return;
    shared_->connections_total.fetch_add(1, std::memory_order_relaxed);
    const auto verdict = pass->verdict();
    const auto& certificate = shared_->options.tls;
    auto tls = certificate ? certificate->context(shared_->clock.now(), shared_->clock.wall()) : nullptr;
    loop->post([loop, verdict, socket = std::move(socket), tls = std::move(tls), pass = std::move(pass)]() mutable {
      const auto session = std::make_shared<Session>(loop, std::move(socket), std::move(tls), std::move(pass));
      if (!loop->add(session)) return session->close();
      verdict == ConnectionBounds::Verdict::serve ? session->start() : session->refuse(verdict);
    });
  }

  const std::shared_ptr<ServerShared> shared_;
  const std::vector<std::shared_ptr<IoLoop>> loops_;
  tcp::acceptor acceptor_;
  asio::steady_timer accept_again_;
  const tcp::endpoint endpoint_;
  size_t next_ = 0;
  bool is_stopped_ = false;
};

tl::unexpected<Error> cannot_listen(const HttpOptions& options, const boost::system::error_code& ec) {
  const std::string advice = ec == asio::error::address_in_use
                                 ? fmt::format("; set {} to another port, or to 0 for a free one", options.port_option)
                                 : fmt::format("; check the host and {}", options.port_option);
  return fail(Error{Errc::failed_precondition,
                    fmt::format("cannot listen on {}:{}: {}{}", options.host, options.port, ec.message(), advice),
                    options.port_option,
                    {}});
}

Result<tcp::acceptor> bind(const HttpOptions& options, asio::io_context& context) {
  boost::system::error_code ec;
  tcp::resolver resolver(context);
  const auto found = resolver.resolve(options.host, std::to_string(options.port),
                                      tcp::resolver::passive | tcp::resolver::numeric_service, ec);
  if (ec) return cannot_listen(options, ec);
  const tcp::endpoint endpoint = found.begin()->endpoint();
  tcp::acceptor acceptor(context);
  if (acceptor.open(endpoint.protocol(), ec)) return cannot_listen(options, ec);
  if (acceptor.set_option(tcp::acceptor::reuse_address(true), ec)) return cannot_listen(options, ec);
  if (acceptor.bind(endpoint, ec)) return cannot_listen(options, ec);
  if (acceptor.listen(asio::socket_base::max_listen_connections, ec)) return cannot_listen(options, ec);
  return acceptor;
}

}  // namespace

std::string_view to_string(Cut cut) noexcept {
  switch (cut) {
    case Cut::connections:
      return "connections";
    case Cut::connections_of_address:
      return "connections_of_address";
    case Cut::header_slow:
      return "header_slow";
    case Cut::header_large:
      return "header_large";
    case Cut::body_slow:
      return "body_slow";
    case Cut::body_large:
      return "body_large";
    case Cut::chunks_small:
      return "chunks_small";
    case Cut::malformed:
      return "malformed";
    case Cut::reader_slow:
      return "reader_slow";
    case Cut::reader_behind:
      return "reader_behind";
    case Cut::bodies_full:
      return "bodies_full";
    case Cut::handshake:
      return "handshake";
    case Cut::buffers_full:
      return "buffers_full";
  }
  return "unknown";
}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(HttpOptions options, Clock& clock, Handler handler,
                                                       ErrorBody error_body) {
  if (options.io_threads == 0) return fail_field("io_threads", "io_threads must be at least 1, found 0");
  if (options.header_bytes_max < 1_KiB) {
    return fail_field("header_bytes_max", "header_bytes_max must be at least 1KiB, found {}",
                      format_bytes(options.header_bytes_max));
  }
  options.connections_max = within_open_files(options.connections_max, 2);
  auto shared = std::make_shared<ServerShared>(std::move(options), clock, std::move(handler), std::move(error_body));
  std::vector<std::shared_ptr<IoLoop>> loops;
  for (unsigned i = 0; i < shared->options.io_threads; ++i) loops.push_back(std::make_shared<IoLoop>(i, shared));
  TROUPE_TRY(tcp::acceptor acceptor, bind(shared->options, loops.front()->context()));
  auto server = std::make_unique<Server>(std::move(shared), std::move(loops), std::move(acceptor));
  server->start();
  return server;
}

}  // namespace troupe::http
