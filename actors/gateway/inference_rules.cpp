#include "actors/gateway/inference_rules.hpp"

#include "runtime/observe/text.hpp"

namespace troupe::gateway {
namespace {

constexpr int64_t timeout_us_most = 24LL * 3600 * 1'000'000;
constexpr size_t text_bytes_shown = 60;
constexpr std::string_view datatypes =
    "BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, BF16, FP32, FP64 or BYTES";

std::string quoted(std::string_view text) {
  std::string out;
  observe::append_json_string(out, text, text_bytes_shown);
  return out;
}

tl::unexpected<Error> unsupported(const std::string& path, std::string_view why) {
  return fail(Error{Errc::unimplemented, fmt::format("{} is not supported: {}", path, why), path, {}});
}

struct AsText {
  std::string operator()(bool truth) const { return truth ? "true" : "false"; }
  std::string operator()(const std::string& text) const { return text; }
  std::string operator()(auto number) const { return fmt::format("{}", number); }
};

std::string as_text(const ParameterValue& value) {
  return std::visit(AsText{}, value);
}

}  // namespace

Status check_tensor_name(std::string_view name, const std::string& path) {
  if (!name.empty() && name.size() <= inference_name_bytes_max) return {};
  return fail_field(path, "{} must have 1 to {} bytes, found {}", path, inference_name_bytes_max, name.size());
}

Result<DType> parse_datatype(std::string_view name, const std::string& path) {
  if (const auto dtype = dtype_from_name(name)) return *dtype;
  return fail_field(path, "{} must be {}, found the string {}", path, datatypes, quoted(name));
}

std::string describe(const ParameterValue& value) {
  if (std::holds_alternative<bool>(value)) return as_text(value);
  if (const auto* text = std::get_if<std::string>(&value)) return "the string " + quoted(*text);
  return "the number " + as_text(value);
}

bool is_neutral(const ParameterValue& value) {
  return std::visit([](const auto& held) { return held == std::decay_t<decltype(held)>{}; }, value);
}

Status read_inference_parameter(std::string_view key, const ParameterValue& value, const std::string& path,
                                protocol::Infer& infer, std::optional<std::chrono::microseconds>& timeout) {
  if (key == "timeout") {
    int64_t microseconds = -1;
    if (const auto* number = std::get_if<int64_t>(&value)) microseconds = *number;
    if (const auto* number = std::get_if<uint64_t>(&value); number != nullptr && std::in_range<int64_t>(*number))
      microseconds = static_cast<int64_t>(*number);
    if (microseconds < 0 || microseconds > timeout_us_most)
      return fail_field(path, "{} must be an integer from 0 to {}, found {}", path, timeout_us_most, describe(value));
    if (microseconds > 0) timeout = std::chrono::microseconds(microseconds);
    return {};
  }
  if (key == "priority" || key == "sequence_id" || key == "sequence_start" || key == "sequence_end") {
    if (is_neutral(value)) return {};
    return unsupported(path, key == "priority" ? "requests are served in the order they come"
                                               : "models here keep nothing between requests");
  }
  infer.parameters[std::string(key)] = as_text(value);
  return {};
}

Result<bool> read_output_parameter(std::string_view key, const ParameterValue& value, const std::string& path) {
  if (key != "classification") return refuse_shared_memory(key, path);
  if (is_neutral(value)) return true;
  return unsupported(path, "ask for the output itself, and pick the largest from it");
}

Result<bool> refuse_shared_memory(std::string_view key, const std::string& path) {
  if (!key.starts_with("shared_memory")) return false;
  return unsupported(path, "tensors come and go with the request");
}

Status check_load_parameter(std::string_view key, const ParameterValue& value, bool load, const std::string& path) {
  if (load && (key == "config" || key.starts_with("file:")))
    return unsupported(path, "what is loaded, and how, is in the model's deployment and in the model store");
  if (load) return fail_field(path, "{} is not known: loading takes no parameters", path);
  if (key != "unload_dependents") return fail_field(path, "{} is not known; unloading takes unload_dependents", path);
  if (!std::holds_alternative<bool>(value))
    return fail_field(path, "{} must be true or false, found {}", path, describe(value));
  if (std::get<bool>(value)) return unsupported(path, "no model here depends on another");
  return {};
}

}  // namespace troupe::gateway
