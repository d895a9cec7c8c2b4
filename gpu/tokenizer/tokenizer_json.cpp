#include "gpu/tokenizer/decoder_json.hpp"
#include "gpu/tokenizer/json_node.hpp"
#include "gpu/tokenizer/model_json.hpp"
#include "gpu/tokenizer/normalizer_json.hpp"
#include "gpu/tokenizer/post_processor_json.hpp"
#include "gpu/tokenizer/pre_tokenizer_json.hpp"
#include "gpu/tokenizer/step_json.hpp"
#include "gpu/tokenizer/tokenizer_data.hpp"

namespace troupe::gpu {
namespace {

/// Reads the added tokens into `data`, whose model and normalizer are there already.
class AddedTokenReader {
 public:
  explicit AddedTokenReader(TokenizerData& data) : data_(data) {}

  Status read(const JsonNode& list) {
    TROUPE_TRY(const simdjson::dom::array tokens, list.list());
    size_t index = 0;
    for (const simdjson::dom::element token : tokens) TROUPE_CHECK(read_token(list.item(index++, token)));
    data_.added = AddedTokens(std::move(plain_));
    data_.added_normalized = AddedTokens(std::move(normalized_));
    return {};
  }

 private:
  Status read_token(const JsonNode& node) {
    TROUPE_TRY(const JsonNode place, node.member("content"));
    TROUPE_TRY(const std::string_view content, place.text());
    TROUPE_CHECK(check_length(place, content));
    AddedToken token;
    token.text = content;
    TROUPE_TRY(token.id, read_id(node, content));
    TROUPE_TRY(token.single_word, node.boolean("single_word", false));
    TROUPE_TRY(token.lstrip, node.boolean("lstrip", false));
    TROUPE_TRY(token.rstrip, node.boolean("rstrip", false));
    TROUPE_TRY(const bool special, node.boolean("special", false));
    TROUPE_TRY(const bool normalized, node.boolean("normalized", !special));

    const auto index = static_cast<size_t>(token.id);
    if (index >= data_.special.size()) data_.special.resize(index + 1);
    data_.special[index] = special;
    return normalized ? add_normalized(place, std::move(token)) : add_plain(std::move(token));
  }

  Status add_plain(AddedToken token) {
    plain_.push_back(std::move(token));
    return {};
  }

  /// Looked for in normalized text, so as it looks there.
  Status add_normalized(const JsonNode& place, AddedToken token) {
    NormalizedText text{token.text};
    if (auto status = data_.normalizer.apply(text); !status) return place.at_place(std::move(status.error()));
    TROUPE_CHECK(check_length(place, text.text));
    if (text.text != token.text) data_.decoded_as.insert_or_assign(token.id, text.text);
    token.text = std::move(text.text);
    normalized_.push_back(std::move(token));
    return {};
  }

  static Status check_length(const JsonNode& place, std::string_view text) {
    if (!text.empty() && text.size() <= AddedTokens::max_token_bytes) return {};
    return place.wrong(fmt::format("expected 1 to {} bytes, when it is normalized too", AddedTokens::max_token_bytes));
  }

  Result<int32_t> read_id(const JsonNode& node, std::string_view content) {
    TROUPE_TRY(const JsonNode place, node.member("id"));
    TROUPE_TRY(const int64_t number, place.integer(Vocabulary::max_tokens - 1));
    const auto id = static_cast<int32_t>(number);
    const int32_t known = data_.find(content);
    if (known >= 0 && known != id) {
      return node.wrong(fmt::format("{} has id {} here and {} elsewhere", content, id, known));
    }
    if (const std::string_view other = data_.token(id); known < 0 && !other.empty()) {
      return node.wrong(fmt::format("id {} belongs to both {} and {}", id, other, content));
    }
    data_.added_vocabulary.add(content, id);
    return id;
  }

  TokenizerData& data_;
  std::vector<AddedToken> plain_;
  std::vector<AddedToken> normalized_;
};

Result<Truncation> read_truncation(const JsonNode& node) {
  using Strategy = Truncation::Strategy;
  using Direction = Truncation::Direction;
  static constexpr std::array<Named<Strategy>, 3> strategies = {{{"LongestFirst", Strategy::longest_first},
                                                                 {"OnlyFirst", Strategy::only_first},
                                                                 {"OnlySecond", Strategy::only_second}}};
  static constexpr std::array<Named<Direction>, 2> directions = {
      {{"Right", Direction::right}, {"Left", Direction::left}}};
  Truncation truncation;
  TROUPE_TRY(const JsonNode length, node.member("max_length"));
  TROUPE_TRY(const int64_t max_length, length.integer(INT64_MAX));
  truncation.max_length = static_cast<size_t>(max_length);
  if (const auto strategy = node.find("strategy")) {
    TROUPE_TRY(truncation.strategy, read_name(*strategy, strategies));
  }
  if (const auto direction = node.find("direction")) {
    TROUPE_TRY(truncation.direction, read_name(*direction, directions));
  }
  return truncation;
}

Result<TokenizerData> read(const JsonNode& root) {
  TROUPE_CHECK(root.object());
  TokenizerData data;
  if (const auto version = root.find("version")) {
    TROUPE_TRY(const std::string_view number, version->text());
    if (number != "1.0") return version->unsupported(number, "1.0");
  }
  if (const auto node = root.find("truncation")) {
    TROUPE_TRY(data.truncation, read_truncation(*node));
  }
  if (const auto node = root.find("normalizer")) {
    TROUPE_TRY(data.normalizer, read_normalizer(*node));
  }
  if (const auto node = root.find("pre_tokenizer")) {
    TROUPE_TRY(data.pre_tokenizer, read_pre_tokenizer(*node));
  }
  TROUPE_TRY(const JsonNode model, root.member("model"));
  TROUPE_TRY(data.model, read_model(model));
  if (const auto node = root.find("added_tokens")) TROUPE_CHECK(AddedTokenReader(data).read(*node));
  if (const auto node = root.find("post_processor")) {
    const auto has_token = [&](int32_t id) { return !data.token(id).empty(); };
    TROUPE_TRY(data.post_processor, read_post_processor(*node, has_token));
  }
  if (const auto node = root.find("decoder")) {
    TROUPE_TRY(data.decoder, read_decoder(*node));
  } else {
    data.decoder.add(spaces_decoder());
  }
  return data;
}

}  // namespace

Result<TokenizerData> read_tokenizer_json(std::string_view text, const std::string& file) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const simdjson::padded_string padded(text);
  if (const auto error = parser.parse(padded).get(root); error != simdjson::SUCCESS) {
    return fail(Errc::corrupt_data, "{}: not JSON: {}", file, simdjson::error_message(error));
  }
  return read(JsonNode(root, file));
}

}  // namespace troupe::gpu
