// The HTTP server in TLS, asked by OpenSSL's client side.

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <future>

#include "runtime/http/self_signed.hpp"
#include "runtime/http/server.hpp"
#include "runtime/http/tls.hpp"
#include "test/integration/gateway/raw_client.hpp"

using namespace troupe;
using namespace troupe::http;
using namespace std::chrono_literals;
using troupe::testing::RawClient;
namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;

namespace {

using ResponderPtr = std::shared_ptr<HttpResponder>;

/// Its time goes as the test says, so that the server looks at its files when the test wants it to.
class SteppedClock final : public Clock {
 public:
  Time now() const noexcept override { return real_.now() + Duration{ahead_.load()}; }
  WallTime wall() const noexcept override { return real_.wall(); }
  void advance(Duration by) { ahead_ += by.count(); }

 private:
  SystemClock real_;
  std::atomic<Duration::rep> ahead_{0};
};

void write(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file) << text;
}

struct Site {
  explicit Site(Handler handler = echo, HttpOptions options = {}) {
    char name[] = "/tmp/troupe-tls-XXXXXX";
    folder = ::mkdtemp(name);
    renew(1);
    auto loaded = TlsCertificate::load(files(), clock.wall(),
                                       [this](const Status& status) { status ? ++renewals : ++failed_renewals; });
    BOOST_TEST_REQUIRE(loaded.has_value());
    options.tls = *loaded;
    auto listening = HttpServer::listen(std::move(options), clock, std::move(handler));
    BOOST_TEST_REQUIRE(listening.has_value());
    server = std::move(*listening);
  }
  ~Site() {
    server.reset();
    std::filesystem::remove_all(folder);
  }
  static void echo(const HttpRequest& request, ResponderPtr responder) {
    responder->respond(200, "text/plain", request.method + ' ' + request.target + ' ' + request.body);
  }

  TlsFiles files() const { return {folder / "tls.crt", folder / "tls.key"}; }
  void renew(uint64_t serial) {
    const auto made = make_self_signed({"127.0.0.1"}, clock.wall(), serial);
    BOOST_TEST_REQUIRE(made.has_value());
    authority = made->certificate;
    write(files().key, made->key);
    write(files().certificate, made->certificate);
  }
  uint64_t cut(Cut why) const { return server->stats().cut(why); }

  SteppedClock clock;
  std::filesystem::path folder;
  std::string authority;
  std::atomic<int> renewals{0}, failed_renewals{0};
  std::unique_ptr<HttpServer> server;
};

/// A blocking client that trusts `authority` for `host`.
class TlsClient {
 public:
  explicit TlsClient(const Site& site, const std::string& host = "127.0.0.1", int version_max = TLS1_3_VERSION)
      : TlsClient(site, site.authority, host, version_max) {}
  TlsClient(const Site& site, const std::string& authority, const std::string& host, int version_max) {
    SSL_CTX_set_max_proto_version(context_.native_handle(), version_max);
    context_.add_certificate_authority(asio::buffer(authority));
    stream_.emplace(io_, context_);
    stream_->set_verify_mode(ssl::verify_peer);
    stream_->set_verify_callback(ssl::host_name_verification(host));
    stream_->next_layer().connect({asio::ip::address_v4::loopback(), site.server->port()});
    stream_->handshake(ssl::stream_base::client, error);
  }

  void send(const std::string& bytes) { asio::write(*stream_, asio::buffer(bytes), error); }
  std::string read_until_close() {
    std::string text;
    asio::read(*stream_, asio::dynamic_buffer(text), error);
    return text;
  }
  std::string ask(const std::string& target, const std::string& body = "", bool close = false) {
    send("POST " + target + " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) +
         (close ? "\r\nConnection: close" : "") + "\r\n\r\n" + body);
    std::string text;
    const size_t head = asio::read_until(*stream_, asio::dynamic_buffer(text), "\r\n\r\n", error);
    const size_t length = std::stoul(text.substr(text.find("content-length: ") + 16));
    while (!error && text.size() < head + length) {
      char more[16384];
      text.append(more, stream_->read_some(asio::buffer(more), error));
    }
    return text.substr(head);
  }
  std::string protocol() const {
    return SSL_get_version(const_cast<ssl::stream<asio::ip::tcp::socket>&>(*stream_).native_handle());
  }
  auto& stream() { return *stream_; }

  boost::system::error_code error;

 private:
  asio::io_context io_;
  ssl::context context_{ssl::context::tls_client};
  std::optional<ssl::stream<asio::ip::tcp::socket>> stream_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(http_tls)

BOOST_AUTO_TEST_CASE(a_connection_serves_many_requests) {
  Site site;
  TlsClient client(site);

  for (int i = 0; i < 50; ++i) BOOST_TEST(client.ask("/x", "hello") == "POST /x hello");
  BOOST_TEST(client.protocol() == "TLSv1.3");
  BOOST_TEST(site.server->stats().connections_total == 1u);
  BOOST_TEST(site.server->url().starts_with("https://"));
}

BOOST_AUTO_TEST_CASE(large_bodies_go_both_ways) {
  Site site;
  TlsClient client(site);
  const std::string body(3 << 20, 'x');

  BOOST_TEST((client.ask("/", body) == "POST / " + body));
}

BOOST_AUTO_TEST_CASE(a_stream_comes_in_pieces) {
  std::promise<ResponderPtr> asked;
  Site site([&](const HttpRequest&, ResponderPtr responder) {
    responder->begin_stream(200, "text/event-stream");
    responder->write("first");
    asked.set_value(std::move(responder));
  });
  TlsClient client(site);
  client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  std::string text;
  asio::read_until(client.stream(), asio::dynamic_buffer(text), "first", client.error);
  BOOST_TEST(!client.error);

  const ResponderPtr responder = asked.get_future().get();
  responder->write("second");
  responder->end();

  BOOST_TEST((text + client.read_until_close()).ends_with("5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n"));
}

BOOST_AUTO_TEST_CASE(the_end_of_an_answer_is_told_from_its_being_cut_off) {
  Site site;
  TlsClient client(site);

  BOOST_TEST(client.ask("/", "", true) == "POST / ");
  client.read_until_close();

  BOOST_TEST((client.error == asio::error::eof));  // close_notify came; without it this is stream_truncated.
}

BOOST_AUTO_TEST_CASE(a_client_that_trusts_another_authority_does_not_go_on) {
  Site site;
  const std::string other = make_self_signed({"127.0.0.1"}, site.clock.wall(), 9)->certificate;

  BOOST_TEST(bool(TlsClient(site, other, "127.0.0.1", TLS1_3_VERSION).error));
  BOOST_TEST(bool(TlsClient(site, "elsewhere.example").error));
  BOOST_TEST(!TlsClient(site).error);
}

BOOST_AUTO_TEST_CASE(versions_before_1_2_are_refused) {
  Site site;

  BOOST_TEST(bool(TlsClient(site, "127.0.0.1", TLS1_1_VERSION).error));
  BOOST_TEST(!TlsClient(site, "127.0.0.1", TLS1_2_VERSION).error);
}

BOOST_AUTO_TEST_CASE(what_is_not_tls_is_cut_off_and_counted) {
  Site site;
  TlsClient bystander(site);
  {
    RawClient plain(site.server->port());
    plain.get("/");
    plain.read_all();
  }
  RawClient garbage(site.server->port());
  garbage.send(std::string(4096, '\xff'));
  garbage.read_all();

  BOOST_TEST(site.cut(Cut::handshake) == 2u);
  BOOST_TEST(bystander.ask("/y") == "POST /y ");
}

BOOST_AUTO_TEST_CASE(a_handshake_that_never_ends_is_cut_off) {
  HttpOptions options;
  options.header_timeout = 200ms;
  Site site(Site::echo, std::move(options));
  RawClient silent(site.server->port());
  silent.send("\x16\x03\x01");  // A record that begins, and no more.

  BOOST_TEST(silent.read_all().empty());
  BOOST_TEST(site.cut(Cut::handshake) == 1u);
}

BOOST_AUTO_TEST_CASE(a_renewed_certificate_is_taken_and_open_connections_stay) {
  Site site;
  TlsClient before(site);
  const std::string old_authority = site.authority;
  site.renew(2);
  site.clock.advance(2s);

  TlsClient after(site);

  BOOST_TEST(!after.error);
  BOOST_TEST(after.ask("/new") == "POST /new ");
  BOOST_TEST(before.ask("/old") == "POST /old ");
  BOOST_TEST(bool(TlsClient(site, old_authority, "127.0.0.1", TLS1_3_VERSION).error));
  BOOST_TEST(site.renewals == 1);
}

BOOST_AUTO_TEST_CASE(a_renewal_that_cannot_be_used_leaves_the_old_one) {
  Site site;
  write(site.files().certificate, "no certificate");
  site.clock.advance(2s);

  BOOST_TEST(!TlsClient(site).error);
  BOOST_TEST(!TlsClient(site).error);
  BOOST_TEST(site.failed_renewals == 1);
}

BOOST_AUTO_TEST_CASE(files_that_cannot_be_used_are_named) {
  Site site;
  const WallTime now = site.clock.wall();
  const auto why = [&](TlsFiles files, WallTime wall) {
    const auto loaded = TlsCertificate::load(std::move(files), wall);
    BOOST_TEST_REQUIRE(!loaded.has_value());
    return loaded.error().field + ": " + loaded.error().message;
  };
  TlsFiles swapped = site.files(), missing = site.files(), foreign = site.files();
  std::swap(swapped.certificate, swapped.key);
  missing.key = site.folder / "nothing";
  foreign.key = site.folder / "other.key";
  write(foreign.key, make_self_signed({"a"}, now, 3)->key);

  BOOST_TEST(why(swapped, now).starts_with("--tls-cert: "));
  BOOST_TEST(why(missing, now).find("nothing (--tls-key) is not there") != std::string::npos);
  BOOST_TEST(why(foreign, now).starts_with("--tls-key: "));
  BOOST_TEST(why(site.files(), now + std::chrono::hours{24 * 4000}).find("expired at") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_self_signed_certificate_says_who_it_is_for) {
  Site site;
  write(site.files().certificate,
        make_self_signed({"10.1.2.3", "::1", "gw.example"}, site.clock.wall(), 7)->certificate);

  const auto info = read_certificate(site.files().certificate);

  BOOST_TEST_REQUIRE(info.has_value());
  BOOST_TEST(info->is_self_signed);
  BOOST_TEST((info->is_for("10.1.2.3") && info->is_for("::1") && info->is_for("gw.example")));
  BOOST_TEST(!info->is_for("10.1.2.4"));
  BOOST_TEST(info->sha256.size() == 95u);
}

BOOST_AUTO_TEST_SUITE_END()
