#include "actors/gateway/grpc/grpc_front_end.hpp"

#include <grpc/support/log.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "actors/gateway/grpc/grpc_call.hpp"
#include "actors/gateway/grpc/listener.hpp"

namespace troupe::gateway {
namespace {

using ConnectionAcceptor = grpc::experimental::ExternalConnectionAcceptor;

constexpr std::chrono::seconds tick_every{1};
constexpr std::chrono::seconds certificate_look_every{1};
constexpr ByteCount metadata_bytes_max = 16_KiB;
constexpr std::chrono::seconds keepalive_time{60};
constexpr std::chrono::seconds keepalive_timeout{20};
/// Clients may ping as often; who does more is taken for a flood.
constexpr std::chrono::seconds ping_interval_min{5};

int milliseconds(Duration duration) {
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(duration).count());
}

std::shared_ptr<grpc::ServerCredentials> credentials_of(const GrpcFrontEndOptions& options) {
  if (!options.tls) return grpc::InsecureServerCredentials();
  const auto provider = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      options.tls->key.string(), options.tls->certificate.string(),
      static_cast<unsigned>(certificate_look_every.count()));
  grpc::experimental::TlsServerCredentialsOptions tls(provider);
  tls.watch_identity_key_cert_pairs();
  tls.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  return grpc::experimental::TlsServerCredentials(tls);
}

void set_bounds(grpc::ServerBuilder& builder, const GrpcFrontEndOptions& options) {
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.message_bytes_max.value));
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, static_cast<int>(options.calls_per_connection_max));
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, static_cast<int>(metadata_bytes_max.value));
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, milliseconds(options.handshake_timeout));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, milliseconds(options.idle_timeout));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, milliseconds(keepalive_time));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, milliseconds(keepalive_timeout));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, milliseconds(ping_interval_min));
  grpc::ResourceQuota quota("troupe grpc door");
  quota.Resize(options.unread_bytes_max.value);
  builder.SetResourceQuota(quota);
}

/// What gRPC says is a line for each connection that comes to nothing, for whole logs of them: who wants it says so.
void quieten() {
  if (std::getenv("GRPC_VERBOSITY") == nullptr) gpr_set_log_function([](gpr_log_func_args*) {});
}

/// All paths go to one place: what is unknown is answered there too, and messages come as bytes.
class Service final : public grpc::CallbackGenericService {
 public:
  explicit Service(std::shared_ptr<GrpcCalls> calls) : calls_(std::move(calls)) {}
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    return GrpcCall::open(calls_, context);
  }

 private:
  const std::shared_ptr<GrpcCalls> calls_;
};

class Server final : public GrpcFrontEnd {
 public:
  Server(std::shared_ptr<GrpcCalls> calls, std::unique_ptr<Listener> listener)
      : calls_(std::move(calls)), listener_(std::move(listener)), service_(calls_) {}
  ~Server() override { stop(Duration{0}); }

  Status start() {
    grpc::ServerBuilder builder;
    builder.RegisterCallbackGenericService(&service_);
    set_bounds(builder, calls_->options);
    acceptor_ = builder.experimental().AddExternalConnectionAcceptor(
        grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, credentials_of(calls_->options));
    server_ = builder.BuildAndStart();
    if (!server_) return fail(Errc::internal, "gRPC did not start; with GRPC_VERBOSITY=debug it says why");
    thread_ = std::thread([this] { run(); });
    return {};
  }

  uint16_t port() const noexcept override { return listener_->port(); }
  std::string url() const override {
    return fmt::format("{}://{}:{}", calls_->options.tls ? "grpcs" : "grpc", calls_->options.host, port());
  }

  void stop(Duration patience) override {
    if (!thread_.joinable()) return;
    is_stopping_.store(true);
    listener_->wake();
    thread_.join();
    calls_->close();
    for (const auto& call : calls_->open()) call->stop();
    server_->Shutdown(calls_->clock.wall() + patience);
    server_->Wait();
  }

 private:
  void run() {
    Time next_tick = calls_->clock.now() + tick_every;
    while (!is_stopping_.load()) {
      const Duration left = next_tick - calls_->clock.now();
      for (const int connection : listener_->accept(std::max(Duration{0}, left))) serve(connection);
      if (calls_->clock.now() < next_tick) continue;
      for (const auto& call : calls_->open()) call->tick();
      next_tick = calls_->clock.now() + tick_every;
    }
  }

  void serve(int connection) {
    ConnectionAcceptor::NewConnectionParameters parameters;
    parameters.fd = connection;
    acceptor_->HandleNewConnection(&parameters);
  }

  const std::shared_ptr<GrpcCalls> calls_;
  const std::unique_ptr<Listener> listener_;
  Service service_;
  std::unique_ptr<ConnectionAcceptor> acceptor_;
  std::unique_ptr<grpc::Server> server_;
  std::atomic<bool> is_stopping_{false};
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<GrpcFrontEnd>> GrpcFrontEnd::listen(GrpcFrontEndOptions options, FrontEnd front_end) {
  ListenerOptions bounds;
  bounds.host = options.host;
  bounds.port = options.port;
  bounds.port_option = options.port_option;
  bounds.connections_max = http::within_open_files(options.connections_max, 4);
  bounds.connections_per_address_max = options.connections_per_address_max;
  bounds.on_cut = options.on_cut;
  TROUPE_TRY(std::unique_ptr<Listener> listener, Listener::open(std::move(bounds)));
  quieten();
  auto door = std::make_unique<Server>(std::make_shared<GrpcCalls>(std::move(options), std::move(front_end)),
                                       std::move(listener));
  TROUPE_CHECK(door->start());
  return door;
}

}  // namespace troupe::gateway
