#include <nlohmann/json.hpp>

#include "gpu/tokenizer/byte_level.hpp"
#include "gpu/tokenizer/tokenizer_data.hpp"

namespace troupe::gpu {
namespace {

using nlohmann::json;

constexpr int64_t max_tokens = 1 << 20;

/// Reads one file; every error names it and the path of the value inside.
class Reader {
 public:
  Reader(const std::string& file, const json& root) : file_(file), root_(root) {}

  Result<TokenizerData> read() {
    for (const char* key : {"truncation", "padding", "normalizer"}) {
      if (const json* value = find(root_, key)) return unsupported(key, describe(*value), "null");
    }
    TROUPE_TRY(const json* model, object(root_, "", "model"));
    TROUPE_CHECK(read_model_options(*model));
    TROUPE_CHECK(read_vocabulary(*model));
    TROUPE_CHECK(read_merges(*model));
    TROUPE_CHECK(read_unknown_token(*model));
    TROUPE_CHECK(read_pre_tokenizer());
    TROUPE_CHECK(read_added_tokens());
    TROUPE_CHECK(read_post_processor());
    TROUPE_CHECK(read_decoder());
    return std::move(data_);
  }

 private:
  static std::string describe(const json& value) {
    if (value.is_object() && value.contains("type")) return value["type"].dump().substr(0, 100);
    return value.dump().substr(0, 100);
  }
  /// Null where the key is absent or null.
  static const json* find(const json& object, std::string_view key) {
    const auto found = object.find(key);
    return found == object.end() || found->is_null() ? nullptr : &*found;
  }
  static std::string join(std::string_view path, std::string_view key) {
    return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
  }

  tl::unexpected<Error> wrong(std::string path, std::string_view what) const {
    return fail(Error{Errc::corrupt_data, fmt::format("{}: {}: {}", file_, path, what), path, {}});
  }
  tl::unexpected<Error> unsupported(std::string path, std::string_view found, std::string_view supported) const {
    return fail(Error{Errc::unimplemented,
                      fmt::format("{}: {}: {} is not supported; supported: {}", file_, path, found, supported),
                      path,
                      {}});
  }

  Result<const json*> object(const json& parent, std::string_view path, std::string_view key) const {
    const json* value = find(parent, key);
    if (value == nullptr || !value->is_object()) return wrong(join(path, key), "expected an object");
    return value;
  }
  Result<std::string> text(const json& parent, std::string_view path, std::string_view key) const {
    const json* value = find(parent, key);
    if (value == nullptr || !value->is_string()) return wrong(join(path, key), "expected a string");
    return value->get<std::string>();
  }
  Result<bool> boolean(const json& parent, std::string_view path, std::string_view key, bool fallback) const {
    const json* value = find(parent, key);
    if (value == nullptr) return fallback;
    if (!value->is_boolean()) return wrong(join(path, key), "expected true or false");
    return value->get<bool>();
  }
  Result<int32_t> id(const json& value, std::string path) const {
    if (!value.is_number_unsigned() || value.get<uint64_t>() >= static_cast<uint64_t>(max_tokens)) {
      return wrong(std::move(path), fmt::format("expected an id from 0 to {}", max_tokens - 1));
    }
    return value.get<int32_t>();
  }

  Status read_model_options(const json& model) {
    TROUPE_TRY(const std::string type, text(model, "model", "type"));
    if (type != "BPE") return unsupported("model.type", type, "BPE");
    if (const json* dropout = find(model, "dropout"); dropout != nullptr && *dropout != 0.0) {
      return unsupported("model.dropout", describe(*dropout), "null");
    }
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      if (const json* value = find(model, key); value != nullptr && *value != "") {
        return unsupported(join("model", key), describe(*value), "null");
      }
    }
    TROUPE_TRY(const bool fallback, boolean(model, "model", "byte_fallback", false));
    if (fallback) return unsupported("model.byte_fallback", "true", "false");
    TROUPE_TRY(data_.fuse_unknown, boolean(model, "model", "fuse_unk", false));
    TROUPE_TRY(data_.ignore_merges, boolean(model, "model", "ignore_merges", false));
    return {};
  }

  /// Enters a token that is not there yet.
  Status enter(const std::string& token, int32_t id, const std::string& path) {
    const auto index = static_cast<size_t>(id);
    if (token.empty()) return wrong(path, "a token is empty");
    if (index >= data_.tokens.size()) data_.tokens.resize(index + 1);
    if (!data_.tokens[index].empty()) {
      return wrong(path, fmt::format("id {} belongs to both {} and {}", id, data_.tokens[index], token));
    }
    data_.tokens[index] = token;
    data_.ids.emplace(token, id);
    return {};
  }

  Status read_vocabulary(const json& model) {
    TROUPE_TRY(const json* vocabulary, object(model, "model", "vocab"));
    for (const auto& [token, value] : vocabulary->items()) {
      const std::string path = fmt::format("model.vocab.{}", token);
      TROUPE_TRY(const int32_t number, id(value, path));
      TROUPE_CHECK(enter(token, number, path));
    }
    return {};
  }

  /// A merge is ["a", "b"], or "a b" in older files.
  Result<std::pair<std::string, std::string>> read_merge(const json& merge, const std::string& path) const {
    if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      return std::pair{merge[0].get<std::string>(), merge[1].get<std::string>()};
    }
    if (merge.is_string()) {
      const auto& pair = merge.get_ref<const std::string&>();
      const size_t space = pair.find(' ');
      if (space != std::string::npos && pair.find(' ', space + 1) == std::string::npos) {
        return std::pair{pair.substr(0, space), pair.substr(space + 1)};
      }
    }
    return wrong(path, R"(expected ["a", "b"] or "a b")");
  }

  Status read_merges(const json& model) {
    const json* merges = find(model, "merges");
    if (merges == nullptr || !merges->is_array()) return wrong("model.merges", "expected a list");
    int32_t rank = 0;
    for (const json& merge : *merges) {
      const std::string path = fmt::format("model.merges[{}]", rank);
      TROUPE_TRY(const auto pair, read_merge(merge, path));
      std::array<int32_t, 3> ids{};
      const std::array<std::string, 3> tokens = {pair.first, pair.second, pair.first + pair.second};
      for (size_t i = 0; i < tokens.size(); ++i) {
        const auto found = data_.ids.find(tokens[i]);
        if (found == data_.ids.end()) return wrong(path, fmt::format("\"{}\" is not in model.vocab", tokens[i]));
        ids[i] = found->second;
      }
      data_.merges.add(ids[0], ids[1], rank++, ids[2]);
    }
    return {};
  }

  Status read_unknown_token(const json& model) {
    if (find(model, "unk_token") == nullptr) return {};
    TROUPE_TRY(const std::string token, text(model, "model", "unk_token"));
    const auto found = data_.ids.find(token);
    if (found == data_.ids.end()) return wrong("model.unk_token", fmt::format("{} is not in model.vocab", token));
    data_.unknown_id = found->second;
    return {};
  }

  Status read_pre_tokenizer() {
    if (find(root_, "pre_tokenizer") == nullptr) return {};
    TROUPE_TRY(const json* pre, object(root_, "", "pre_tokenizer"));
    TROUPE_TRY(const std::string type, text(*pre, "pre_tokenizer", "type"));
    if (type != "ByteLevel") return unsupported("pre_tokenizer.type", type, "ByteLevel, or no pre_tokenizer");
    // The format's default is true.
    TROUPE_TRY(const bool regex, boolean(*pre, "pre_tokenizer", "use_regex", true));
    if (regex) return unsupported("pre_tokenizer.use_regex", "true", "false");
    TROUPE_TRY(data_.add_prefix_space, boolean(*pre, "pre_tokenizer", "add_prefix_space", true));
    data_.byte_level = true;
    return read_byte_ids();
  }

  Status read_byte_ids() {
    for (size_t byte = 0; byte < data_.byte_ids.size(); ++byte) {
      const std::string& character = byte_level_character(static_cast<uint8_t>(byte));
      const auto found = data_.ids.find(character);
      const bool in_valid_utf8 = byte < 0xC0 || (byte > 0xC1 && byte < 0xF5);
      if (found == data_.ids.end() && in_valid_utf8) {
        return wrong("model.vocab", fmt::format("lacks {}, which stands for byte 0x{:02x}", character, byte));
      }
      data_.byte_ids[byte] = found == data_.ids.end() ? -1 : found->second;
    }
    return {};
  }

  Status read_added_tokens() {
    const json* list = find(root_, "added_tokens");
    if (list != nullptr && !list->is_array()) return wrong("added_tokens", "expected a list");
    if (list != nullptr) {
      for (size_t i = 0; i < list->size(); ++i) {
        TROUPE_CHECK(read_added_token((*list)[i], fmt::format("added_tokens[{}]", i)));
      }
    }
    data_.special.resize(data_.tokens.size());
    return {};
  }

  Status read_added_token(const json& token, const std::string& path) {
    if (!token.is_object()) return wrong(path, "expected an object");
    TROUPE_TRY(const std::string content, text(token, path, "content"));
    if (content.empty() || content.size() > AddedTokens::max_token_bytes) {
      return wrong(join(path, "content"), fmt::format("expected 1 to {} bytes", AddedTokens::max_token_bytes));
    }
    TROUPE_TRY(const int32_t number, id(token.value("id", json()), join(path, "id")));
    for (const char* key : {"single_word", "lstrip", "rstrip"}) {
      TROUPE_TRY(const bool set, boolean(token, path, key, false));
      if (set) return unsupported(join(path, key), "true", "false");
    }
    TROUPE_TRY(const bool special, boolean(token, path, "special", false));
    TROUPE_TRY(const bool normalized, boolean(token, path, "normalized", !special));

    const auto known = data_.ids.find(content);
    if (known == data_.ids.end()) {
      TROUPE_CHECK(enter(content, number, path));
    } else if (known->second != number) {
      return wrong(path, fmt::format("{} has id {} here and {} elsewhere", content, number, known->second));
    }
    (normalized ? data_.added_normalized : data_.added).add(content, number);
    data_.special.resize(data_.tokens.size());
    data_.special[static_cast<size_t>(number)] = special;
    return {};
  }

  Status read_post_processor() {
    if (find(root_, "post_processor") == nullptr) return {};
    TROUPE_TRY(const json* post, object(root_, "", "post_processor"));
    TROUPE_TRY(const std::string type, text(*post, "post_processor", "type"));
    // ByteLevel there only moves offsets, which nobody here asks for.
    if (type == "ByteLevel") return {};
    if (type != "TemplateProcessing") {
      return unsupported("post_processor.type", type, "TemplateProcessing, ByteLevel, or no post_processor");
    }
    return read_template(*post);
  }

  Status read_template(const json& post) {
    const json* single = find(post, "single");
    if (single == nullptr || !single->is_array()) return wrong("post_processor.single", "expected a list");
    bool seen_sequence = false;
    for (size_t i = 0; i < single->size(); ++i) {
      const std::string path = fmt::format("post_processor.single[{}]", i);
      const json& piece = (*single)[i];
      if (!piece.is_object()) return wrong(path, "expected an object");
      if (find(piece, "SpecialToken") != nullptr) {
        TROUPE_CHECK(read_frame_token(post, piece, path, seen_sequence ? data_.suffix : data_.prefix));
        continue;
      }
      TROUPE_TRY(const json* sequence, object(piece, path, "Sequence"));
      TROUPE_TRY(const std::string name, text(*sequence, join(path, "Sequence"), "id"));
      if (name != "A" || seen_sequence) return wrong(path, "expected the sequence A exactly once");
      seen_sequence = true;
    }
    if (!seen_sequence) return wrong("post_processor.single", "expected the sequence A exactly once");
    return {};
  }

  Status read_frame_token(const json& post, const json& piece, const std::string& path, std::vector<int32_t>& out) {
    TROUPE_TRY(const json* special, object(piece, path, "SpecialToken"));
    TROUPE_TRY(const std::string name, text(*special, join(path, "SpecialToken"), "id"));
    TROUPE_TRY(const json* all, object(post, "post_processor", "special_tokens"));
    TROUPE_TRY(const json* entry, object(*all, "post_processor.special_tokens", name));
    const std::string ids_path = fmt::format("post_processor.special_tokens.{}.ids", name);
    const json* ids = find(*entry, "ids");
    if (ids == nullptr || !ids->is_array()) return wrong(ids_path, "expected a list of ids");
    for (const json& value : *ids) {
      TROUPE_TRY(const int32_t number, id(value, ids_path));
      const auto index = static_cast<size_t>(number);
      if (index >= data_.tokens.size() || data_.tokens[index].empty()) {
        return wrong(ids_path, fmt::format("no token has id {}", number));
      }
      out.push_back(number);
    }
    return {};
  }

  Status read_decoder() {
    data_.join_with_spaces = find(root_, "decoder") == nullptr;
    if (data_.join_with_spaces) {
      data_.bytes = data_.tokens;
      return {};
    }
    TROUPE_TRY(const json* decoder, object(root_, "", "decoder"));
    TROUPE_TRY(const std::string type, text(*decoder, "decoder", "type"));
    if (type != "ByteLevel") return unsupported("decoder.type", type, "ByteLevel, or no decoder");
    data_.bytes.reserve(data_.tokens.size());
    for (const std::string& token : data_.tokens) data_.bytes.push_back(byte_level_bytes(token));
    return {};
  }

  const std::string& file_;
  const json& root_;
  TokenizerData data_;
};

}  // namespace

Result<TokenizerData> read_tokenizer_json(std::string_view text, const std::string& file) {
  try {
    const json root = json::parse(text);
    if (!root.is_object()) return fail(Errc::corrupt_data, "{}: expected a JSON object", file);
    return Reader(file, root).read();
  } catch (const json::exception& error) {
    return fail(Errc::corrupt_data, "{}: not JSON: {}", file, error.what());
  }
}

}  // namespace troupe::gpu
