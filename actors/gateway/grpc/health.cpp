#include "actors/gateway/grpc/health.hpp"

#include <mutex>

namespace troupe::gateway {
namespace {

constexpr size_t service_bytes_max = 512;

/// HealthCheckResponse.ServingStatus
enum class Health : uint8_t { serving = 1, not_serving = 2, service_unknown = 3 };

Result<std::string> read_service(std::string_view request) {
  std::string service;
  TROUPE_CHECK(for_each_proto_field(request, [&](const ProtoField& field) -> Status {
    if (field.number != 1) return unknown_proto_field("HealthCheckRequest", field.number);
    TROUPE_TRY(service, proto_text(field, "service", service_bytes_max));
    return {};
  }));
  return service;
}

Health health_of(const FrontEnd& front_end, std::string_view service) {
  if (!service.empty() && service != inference_service) return Health::service_unknown;
  return front_end.is_ready() ? Health::serving : Health::not_serving;
}

std::string write(Health health) {
  std::string out;
  put_number(out, 1, static_cast<uint64_t>(health));
  return out;
}

class HealthWatch final : public RpcHandler {
 public:
  HealthWatch(std::shared_ptr<const FrontEnd> front_end, std::shared_ptr<RpcCall> call)
      : front_end_(std::move(front_end)), call_(std::move(call)) {
    call_->read();
  }

  void on_message(Bytes message) override {
    auto service = read_service(message.view());
    if (!service) return call_->fail(service.error());
    const std::lock_guard lock(mutex_);
    if (service_) return;
    service_ = std::move(*service);
    tell();
  }
  void on_end() override {
    const std::lock_guard lock(mutex_);
    if (!service_) call_->fail({Errc::invalid_argument, "the call has no message", {}, {}});
  }
  void on_tick() override {
    const std::lock_guard lock(mutex_);
    if (service_) tell();
  }
  void on_stop() override {
    on_tick();
    call_->fail({Errc::unavailable, "this gateway is about to stop", {}, {}});
  }

 private:
  void tell() {
    const Health now = health_of(*front_end_, *service_);
    // A client that does not read hears the latest when it reads again.
    if (told_ == now || call_->unsent() > 0) return;
    told_ = now;
    ProtoPieces message;
    message.pieces.push_back(Bytes::own(write(now)));
    call_->send(std::move(message), {});
  }

  const std::shared_ptr<const FrontEnd> front_end_;
  const std::shared_ptr<RpcCall> call_;
  std::mutex mutex_;  ///< Of what follows.
  std::optional<std::string> service_;
  std::optional<Health> told_;
};

}  // namespace

Result<std::string> check_health(const FrontEnd& front_end, std::string_view request) {
  TROUPE_TRY(const std::string service, read_service(request));
  const Health health = health_of(front_end, service);
  if (health != Health::service_unknown) return write(health);
  return fail(Errc::not_found, "there is no service \"{}\" here; ask for \"{}\", or for none", service,
              inference_service);
}

std::shared_ptr<RpcHandler> make_health_watch(std::shared_ptr<const FrontEnd> front_end,
                                              std::shared_ptr<RpcCall> call) {
  return std::make_shared<HealthWatch>(std::move(front_end), std::move(call));
}

}  // namespace troupe::gateway
