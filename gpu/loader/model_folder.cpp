#include "gpu/loader/model_folder.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gpu/loader/json_fields.hpp"
#include "gpu/loader/mapped_file.hpp"
#include "runtime/base/nearest.hpp"

namespace troupe::gpu {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr uint64_t max_config_bytes = 16 << 20;
constexpr uint64_t max_template_bytes = 1 << 20;
constexpr int64_t max_vocab = 1 << 22;

bool is_there(const fs::path& file) {
  std::error_code ignored;
  return fs::exists(file, ignored);
}

Status check_files(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) return fail(Errc::not_found, "{}: no such folder", folder.string());
  for (const char* name : {"config.json", "tokenizer.json"}) {
    if (!is_there(folder / name)) return fail(Errc::not_found, "{}: {} is missing", folder.string(), name);
  }
  return {};
}

/// A token's text is a string, or an object with it as "content".
Result<std::string> read_token(const JsonFields& fields, std::string_view key) {
  const json* value = fields.find(key);
  if (value == nullptr || !value->is_object()) return fields.text(key, "");
  return JsonFields(fields.file(), *value, std::string(key) + ".").text("content");
}

/// A template is a string, which is the default one, or a list of {"name", "template"}.
Result<std::optional<std::string>> read_template(const JsonFields& fields, std::string_view wanted) {
  const json* value = fields.find("chat_template");
  const bool is_default = wanted == "default";
  if (value == nullptr || (!value->is_array() && !is_default)) return std::nullopt;
  if (!value->is_array()) return fields.text("chat_template");
  for (const json& entry : *value) {
    if (!entry.is_object()) return fields.wrong("chat_template", "a list of objects");
    const JsonFields named(fields.file(), entry, "chat_template[].");
    TROUPE_TRY(const std::string name, named.text("name"));
    if (name == wanted) return named.text("template");
  }
  if (!is_default) return std::nullopt;
  return fields.wrong("chat_template", "an entry named default");
}

}  // namespace

Result<ModelFolder> ModelFolder::open(const fs::path& folder) {
  TROUPE_CHECK(check_files(folder));
  ModelFolder result;
  TROUPE_CHECK(result.read_config(folder / "config.json"));
  TROUPE_TRY(result.weights_, WeightFiles::open(folder));
  result.tokenizer_file_ = folder / "tokenizer.json";
  if (const auto file = folder / "generation_config.json"; is_there(file)) {
    TROUPE_CHECK(result.read_generation_config(file));
  }
  if (const auto file = folder / "tokenizer_config.json"; is_there(file)) {
    TROUPE_CHECK(result.read_tokenizer_config(file));
  }
  if (const auto file = folder / "chat_template.jinja"; is_there(file)) {
    TROUPE_TRY(const MappedFile text, map_file(file));
    result.chat_template_ = std::string(text.view().substr(0, max_template_bytes + 1));
    result.tool_template_.reset();
  }
  for (const auto* one : {&result.chat_template_, &result.tool_template_}) {
    if (!*one || (*one)->size() <= max_template_bytes) continue;
    return fail(Errc::too_large, "{}: the chat template has more than {} bytes", folder.string(), max_template_bytes);
  }
  return result;
}

JsonFields ModelFolder::config() const {
  return {config_file_, *config_};
}

Status ModelFolder::read_config(const fs::path& file) {
  TROUPE_TRY(json object, read_json_object(file, max_config_bytes));
  config_file_ = file.string();
  config_ = std::make_shared<const json>(std::move(object));
  const JsonFields fields = config();
  TROUPE_TRY(const std::vector<std::string> architectures, fields.texts("architectures"));
  TROUPE_TRY(model_type_, fields.text("model_type", ""));
  if (architectures.size() > 1 || (architectures.empty() && model_type_.empty())) {
    return fields.wrong("architectures", "a list of one string");
  }
  if (!architectures.empty()) architecture_ = architectures.front();
  TROUPE_TRY(vocab_size_, fields.integer("vocab_size", 1, max_vocab));
  TROUPE_TRY(eos_token_ids_, fields.ids("eos_token_id", 0, vocab_size_ - 1));
  return {};
}

Status ModelFolder::read_generation_config(const fs::path& file) {
  TROUPE_TRY(const json object, read_json_object(file, max_config_bytes));
  TROUPE_TRY(std::vector<int32_t> ids, JsonFields(file.string(), object).ids("eos_token_id", 0, vocab_size_ - 1));
  if (!ids.empty()) eos_token_ids_ = std::move(ids);
  return {};
}

Status ModelFolder::read_tokenizer_config(const fs::path& file) {
  TROUPE_TRY(const json object, read_json_object(file, max_config_bytes));
  const JsonFields fields(file.string(), object);
  TROUPE_TRY(bos_token_, read_token(fields, "bos_token"));
  TROUPE_TRY(eos_token_, read_token(fields, "eos_token"));
  TROUPE_TRY(chat_template_, read_template(fields, "default"));
  // As transformers names it.
  TROUPE_TRY(tool_template_, read_template(fields, "tool_use"));
  return {};
}

Result<ModelTensor> ModelFolder::tensor(std::string_view name, std::span<const int64_t> expected_shape) const {
  const auto [info, file] = weights_.find(name);
  if (info == nullptr) {
    return fail(Errc::not_found, "{}: tensor {} is missing{}", weights_.name(), name,
                did_you_mean(name, weights_.names()));
  }
  const bool is_float = info->dtype == DType::f32 || info->dtype == DType::bf16 || info->dtype == DType::f16;
  if (!is_float || !std::ranges::equal(info->shape, expected_shape)) {
    return fail(Errc::invalid_argument, "{}: tensor {}: found {} {}, expected F32, BF16 or F16 {}", file->name(), name,
                safetensors_name(info->dtype), format_shape(info->shape), format_shape(expected_shape));
  }
  if (reinterpret_cast<uintptr_t>(info->data.data()) % element_size(info->dtype) != 0) {
    return fail(Errc::invalid_argument, "{}: tensor {}: found unaligned data, expected it at a multiple of {} bytes",
                file->name(), name, element_size(info->dtype));
  }
  return ModelTensor{info->dtype, info->data, file->owner()};
}

}  // namespace troupe::gpu
