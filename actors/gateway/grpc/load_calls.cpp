#include "actors/gateway/grpc/load_calls.hpp"

#include <utility>

#include "actors/gateway/call_fields.hpp"
#include "actors/gateway/grpc/page_messages.hpp"
#include "actors/gateway/inference_rules.hpp"
#include "actors/gateway/router.hpp"

namespace troupe::gateway {
namespace {

constexpr size_t name_bytes_max = 512;

/// A ModelRepositoryParameter; bytes are told apart from text by nobody here.
Result<ParameterValue> read_value(std::string_view bytes, const std::string& path) {
  ParameterValue value = std::string();
  TROUPE_CHECK(for_each_proto_field(bytes, [&](const ProtoField& field) -> Status {
    if (field.number == 1) {
      TROUPE_TRY(value, proto_bool(field, path));
    } else if (field.number == 2) {
      TROUPE_TRY(const uint64_t bits, proto_varint(field, path));
      value = static_cast<int64_t>(bits);
    } else if (field.number != 3 && field.number != 4) {
      return unknown_proto_field("ModelRepositoryParameter", field.number);
    }
    return {};
  }));
  return value;
}

/// An entry of the map `parameters`.
Status check_parameter(std::string_view bytes, bool load) {
  std::string key;
  std::string_view value;
  TROUPE_CHECK(for_each_proto_field(bytes, [&](const ProtoField& field) -> Status {
    if (field.number == 1) {
      TROUPE_TRY(key, proto_text(field, "parameters", name_bytes_max));
    } else if (field.number == 2) {
      TROUPE_TRY(value, proto_bytes(field, "parameters"));
    }
    return {};
  }));
  const std::string path = fmt::format("parameters.{}", key);
  TROUPE_TRY(const ParameterValue parameter, read_value(value, path));
  return check_load_parameter(key, parameter, load, path);
}

class LoadCall final : public RpcHandler {
 public:
  LoadCall(std::shared_ptr<const FrontEnd> front_end, std::shared_ptr<RpcCall> call, bool load)
      : front_end_(std::move(front_end)), call_(std::move(call)), load_(load) {
    call_->read();
  }

  void on_message(Bytes message) override {
    if (std::exchange(has_message_, true)) return;
    const auto started = [&]() -> Status {
      TROUPE_TRY(const std::string asked, read_load_request(message.view(), load_));
      TROUPE_TRY(const ModelName name, parse_model_name(asked));
      protocol::ChangeLoad wish{std::string(name.model), std::string(name.version), load_, {}};
      change_load(*front_end_, call_->metadata(), std::move(wish), [call = call_](const Status& changed) {
        changed ? call->send_last({}) : call->fail(changed.error());
      });
      return {};
    }();
    if (!started) call_->fail(started.error());
  }
  void on_end() override {
    if (!has_message_) call_->fail({Errc::invalid_argument, "the call has no message", {}, {}});
  }

 private:
  const std::shared_ptr<const FrontEnd> front_end_;
  const std::shared_ptr<RpcCall> call_;
  const bool load_;
  bool has_message_ = false;
};

}  // namespace

Result<std::string> read_load_request(std::string_view bytes, bool load) {
  std::string model;
  TROUPE_CHECK(for_each_proto_field(bytes, [&](const ProtoField& field) -> Status {
    if (field.number == 1) return check_repository_name(field);
    if (field.number == 3) {
      TROUPE_TRY(const std::string_view entry, proto_bytes(field, "parameters"));
      return check_parameter(entry, load);
    }
    if (field.number != 2)
      return unknown_proto_field(load ? "RepositoryModelLoadRequest" : "RepositoryModelUnloadRequest", field.number);
    TROUPE_TRY(model, proto_text(field, "model_name", name_bytes_max));
    return {};
  }));
  return model;
}

std::shared_ptr<RpcHandler> make_load_call(std::shared_ptr<const FrontEnd> front_end, std::shared_ptr<RpcCall> call,
                                           bool load) {
  return std::make_shared<LoadCall>(std::move(front_end), std::move(call), load);
}

}  // namespace troupe::gateway
