#include "gpu/loader/sentence_modules.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "gpu/loader/json_fields.hpp"
#include "gpu/loader/mapped_file.hpp"
#include "gpu/loader/weight_files.hpp"

namespace troupe::gpu {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr uint64_t max_config_bytes = 16 << 20;
constexpr int64_t max_width = 1 << 17;

constexpr std::array<std::pair<std::string_view, Pooling>, 5> pooling_names{
    {{"cls", Pooling::first},
     {"lasttoken", Pooling::last},
     {"mean", Pooling::mean},
     {"mean_sqrt_len_tokens", Pooling::mean_sqrt_length},
     {"max", Pooling::max}}};
/// The keys of older files, true for what is wanted, and what newer ones call it.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> old_pooling_keys{
    {{"pooling_mode_cls_token", "cls"},
     {"pooling_mode_max_tokens", "max"},
     {"pooling_mode_mean_tokens", "mean"},
     {"pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens"},
     {"pooling_mode_weightedmean_tokens", "weightedmean"},
     {"pooling_mode_lasttoken", "lasttoken"}}};
constexpr std::string_view supported_poolings = "one of cls, max, mean, mean_sqrt_len_tokens, lasttoken";

struct Module {
  std::string kind;  ///< The last part of its type: "Pooling".
  fs::path folder;
};

bool is_there(const fs::path& file) {
  std::error_code ignored;
  return fs::exists(file, ignored);
}

/// modules.json is a list; this reads it as if it were {"modules": [...]}.
Result<json> read_json_list(const fs::path& path) {
  TROUPE_TRY(const MappedFile file, map_file(path));
  if (file.data.size() > max_config_bytes) return fail(Errc::too_large, "{}: is too large", path.string());
  json list = json::parse(file.view(), nullptr, false);
  if (!list.is_array()) return fail(Errc::corrupt_data, "{}: expected a JSON list", path.string());
  return list;
}

Result<std::vector<Module>> read_module_list(const fs::path& folder) {
  const fs::path file = folder / "modules.json";
  TROUPE_TRY(const json list, read_json_list(file));
  std::vector<Module> modules;
  for (const json& entry : list) {
    if (!entry.is_object()) return fail(Errc::corrupt_data, "{}: expected a list of objects", file.string());
    const JsonFields fields(file.string(), entry, fmt::format("[{}].", modules.size()));
    TROUPE_TRY(const std::string type, fields.text("type"));
    TROUPE_TRY(const std::string path, fields.text("path"));
    const fs::path inside = fs::path(path).lexically_normal();
    if (inside.is_absolute() || path.find("..") != std::string::npos) {
      return fields.wrong("path", "a folder inside the model's");
    }
    modules.push_back({type.substr(type.rfind('.') + 1), folder / inside});
  }
  return modules;
}

/// As JSON objects of modules, which older versions of the library left out where they would be empty.
Result<json> read_module_config(const Module& module, bool is_optional) {
  const fs::path file = module.folder / "config.json";
  if (is_optional && !is_there(file)) return json::object();
  return read_json_object(file, max_config_bytes);
}

Result<std::string> read_pooling_mode(const JsonFields& fields) {
  if (const json* mode = fields.find("pooling_mode"); mode != nullptr) {
    if (mode->is_array()) return fields.unsupported("pooling_mode", supported_poolings);
    return fields.text("pooling_mode");
  }
  std::vector<std::string_view> modes;
  for (const auto& [key, name] : old_pooling_keys) {
    TROUPE_TRY(const bool is_wanted, fields.boolean(key, false));
    if (is_wanted) modes.push_back(name);
  }
  if (modes.size() == 1) return std::string(modes.front());
  if (modes.empty()) return fields.wrong("pooling_mode", supported_poolings);
  return fail(Errc::unimplemented, "{}: poolings {} at once are not supported; supported: {}", fields.file(),
              fmt::join(modes, " and "), supported_poolings);
}

Status read_pooling(const Module& module, int64_t width, SentenceModules& result) {
  TROUPE_TRY(const json object, read_module_config(module, false));
  const JsonFields fields((module.folder / "config.json").string(), object);
  TROUPE_TRY(const std::string mode, read_pooling_mode(fields));
  const auto found = std::ranges::find(pooling_names, mode, &std::pair<std::string_view, Pooling>::first);
  if (found == pooling_names.end()) {
    return fail(Errc::unimplemented, "{}: pooling {} is not supported; supported: {}", fields.file(), mode,
                supported_poolings);
  }
  result.pooling = found->second;
  TROUPE_TRY(const bool include_prompt, fields.boolean("include_prompt", true));
  if (!include_prompt) return fields.unsupported("include_prompt", "true");
  for (const char* key : {"word_embedding_dimension", "embedding_dimension"}) {
    TROUPE_TRY(const int64_t stated, fields.integer(key, 1, max_width, width));
    if (stated != width) return fields.wrong(key, fmt::format("the model's width {}", width));
  }
  return {};
}

/// Modules may be told to work on other vectors than the pooled one.
Status check_module_input(const JsonFields& fields) {
  for (const char* key : {"module_input_name", "module_output_name"}) {
    TROUPE_TRY(const std::string name, fields.text(key, "sentence_embedding"));
    if (name != "sentence_embedding") return fields.unsupported(key, "sentence_embedding");
  }
  return {};
}

Status read_dense(const Module& module, int64_t width, SentenceModules& result) {
  TROUPE_TRY(const json object, read_module_config(module, false));
  const JsonFields fields((module.folder / "config.json").string(), object);
  TROUPE_CHECK(check_module_input(fields));
  DenseModule dense;
  dense.folder = module.folder;
  TROUPE_TRY(dense.in, fields.integer("in_features", 1, max_width));
  if (dense.in != width) return fields.wrong("in_features", fmt::format("{}, the width before it", width));
  TROUPE_TRY(dense.out, fields.integer("out_features", 1, max_width));
  TROUPE_TRY(dense.has_bias, fields.boolean("bias", true));
  TROUPE_TRY(const std::string activation, fields.text("activation_function", "torch.nn.modules.activation.Tanh"));
  if (activation == "torch.nn.modules.activation.Tanh") {
    dense.activation = Activation::tanh;
  } else if (activation == "torch.nn.modules.activation.ReLU") {
    dense.activation = Activation::relu;
  } else if (activation != "torch.nn.modules.linear.Identity") {
    return fields.unsupported("activation_function", "Tanh, ReLU and Identity of torch.nn");
  }
  result.dense.push_back(std::move(dense));
  return {};
}

Status read_normalize(const Module& module, SentenceModules& result) {
  TROUPE_TRY(const json object, read_module_config(module, true));
  result.normalize = true;
  return check_module_input(JsonFields((module.folder / "config.json").string(), object));
}

/// The text that the library puts before every input unless it is told otherwise.
Status read_prompt(const fs::path& folder, SentenceModules& result) {
  const fs::path file = folder / "config_sentence_transformers.json";
  if (!is_there(file)) return {};
  TROUPE_TRY(const json object, read_json_object(file, max_config_bytes));
  const JsonFields fields(file.string(), object);
  TROUPE_TRY(const std::string name, fields.text("default_prompt_name", ""));
  if (name.empty()) return {};
  TROUPE_TRY(const std::optional<JsonFields> prompts, fields.object("prompts"));
  if (!prompts) return fields.wrong("prompts", fmt::format("an object with {}", name));
  TROUPE_TRY(result.prompt, prompts->text(name));
  return {};
}

}  // namespace

bool has_sentence_modules(const fs::path& folder) {
  return is_there(folder / "modules.json");
}

Result<std::optional<SentenceModules>> read_sentence_modules(const fs::path& folder, int64_t width) {
  SentenceModules result;
  TROUPE_CHECK(read_prompt(folder, result));
  if (!has_sentence_modules(folder)) return result;
  TROUPE_TRY(const std::vector<Module> modules, read_module_list(folder));
  const auto refuse = [&] {
    std::vector<std::string> kinds;
    for (const Module& module : modules) kinds.push_back(module.kind);
    return fail(
        Errc::unimplemented,
        "{}: the modules {} are not supported; supported: Transformer, Pooling, any number of Dense, Normalize, "
        "in this order",
        (folder / "modules.json").string(), fmt::join(kinds, ", "));
  };
  if (modules.empty() || modules.front().kind != "Transformer") return refuse();
  if (modules.front().folder.lexically_normal() != (folder / "").lexically_normal()) {
    return fail(Errc::unimplemented, "{}: a transformer in {} is not supported; supported: one in the folder itself",
                (folder / "modules.json").string(), modules.front().folder.string());
  }
  if (modules.size() == 1) return std::nullopt;
  if (modules[1].kind != "Pooling") return refuse();
  TROUPE_CHECK(read_pooling(modules[1], width, result));
  for (size_t i = 2; i < modules.size(); ++i) {
    if (modules[i].kind == "Dropout") continue;
    if (result.normalize) return refuse();
    if (modules[i].kind == "Dense") {
      TROUPE_CHECK(read_dense(modules[i], width, result));
      width = result.dense.back().out;
    } else if (modules[i].kind == "Normalize") {
      TROUPE_CHECK(read_normalize(modules[i], result));
    } else {
      return refuse();
    }
  }
  return result;
}

Result<std::optional<int64_t>> read_max_tokens(const fs::path& folder) {
  if (const fs::path file = folder / "sentence_bert_config.json"; is_there(file)) {
    TROUPE_TRY(const json object, read_json_object(file, max_config_bytes));
    const JsonFields fields(file.string(), object);
    TROUPE_TRY(const bool lower_case, fields.boolean("do_lower_case", false));
    if (lower_case) return fields.unsupported("do_lower_case", "false");
    if (fields.has("max_seq_length")) {
      TROUPE_TRY(const int64_t stated, fields.integer("max_seq_length", 1, INT32_MAX));
      return stated;
    }
  }
  if (const fs::path file = folder / "tokenizer_config.json"; is_there(file)) {
    TROUPE_TRY(const json object, read_json_object(file, max_config_bytes));
    // A tokenizer that has no limit says 10^30.
    const json* stated = JsonFields(file.string(), object).find("model_max_length");
    if (stated != nullptr && stated->is_number() && stated->get<double>() >= 1 && stated->get<double>() <= INT32_MAX) {
      return stated->get<int64_t>();
    }
  }
  return std::nullopt;
}

Result<ModelTensor> read_dense_tensor(const DenseModule& module, std::string_view name,
                                      std::span<const int64_t> expected_shape) {
  TROUPE_TRY(const WeightFiles files, WeightFiles::open(module.folder));
  const auto [info, file] = files.find(name);
  if (info == nullptr) return fail(Errc::not_found, "{}: tensor {} is missing", files.name(), name);
  const bool is_aligned = reinterpret_cast<uintptr_t>(info->data.data()) % alignof(float) == 0;
  if (info->dtype != DType::f32 || !is_aligned || !std::ranges::equal(info->shape, expected_shape)) {
    return fail(Errc::invalid_argument, "{}: tensor {}: found {} {}, expected aligned F32 {}", files.name(), name,
                safetensors_name(info->dtype), format_shape(info->shape), format_shape(expected_shape));
  }
  return ModelTensor{info->dtype, info->data, file->owner()};
}

}  // namespace troupe::gpu
