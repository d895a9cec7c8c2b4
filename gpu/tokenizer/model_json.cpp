#include "gpu/tokenizer/model_json.hpp"

#include <cmath>

#include "gpu/tokenizer/bpe.hpp"
#include "gpu/tokenizer/step_json.hpp"
#include "gpu/tokenizer/unigram.hpp"
#include "gpu/tokenizer/word_level.hpp"
#include "gpu/tokenizer/word_piece.hpp"

namespace troupe::gpu {
namespace {

using ModelPointer = std::unique_ptr<TokenModel>;
using simdjson::dom::array;
using simdjson::dom::element;

/// Says why `add` failed.
tl::unexpected<Error> taken(const JsonNode& vocab, const Vocabulary& vocabulary, std::string_view token, int32_t id) {
  if (const std::string_view other = vocabulary.token(id); !other.empty()) {
    return vocab.wrong(fmt::format("id {} belongs to both {} and {}", id, other, token));
  }
  return vocab.wrong(fmt::format("{} has two ids, {} and {}", token, vocabulary.find(token), id));
}

/// {"token": id, …}
Result<Vocabulary> read_vocabulary(const JsonNode& model) {
  TROUPE_TRY(const JsonNode vocab, model.member("vocab"));
  TROUPE_TRY(const simdjson::dom::object entries, vocab.object());
  Vocabulary vocabulary;
  for (const auto& [token, value] : entries) {
    int64_t id = -1;
    if (value.get(id) != simdjson::SUCCESS || id < 0 || id >= Vocabulary::max_tokens) {
      return vocab.item(token, value).wrong(fmt::format("expected an id from 0 to {}", Vocabulary::max_tokens - 1));
    }
    if (token.empty()) return vocab.wrong("a token is empty");
    if (!vocabulary.add(token, static_cast<int32_t>(id))) {
      return taken(vocab, vocabulary, token, static_cast<int32_t>(id));
    }
  }
  return vocabulary;
}

/// None where the model names no unknown token. Some files name an empty one, and mean none.
Result<std::optional<int32_t>> read_unknown(const JsonNode& model, const Vocabulary& vocabulary) {
  const auto node = model.find("unk_token");
  if (!node) return std::nullopt;
  TROUPE_TRY(const std::string_view token, node->text());
  if (token.empty()) return std::nullopt;
  const int32_t id = vocabulary.find(token);
  if (id < 0) return node->wrong(fmt::format("{} is not in model.vocab", token));
  return id;
}

Result<std::string> read_optional_text(const JsonNode& model, std::string_view key) {
  const auto node = model.find(key);
  if (!node) return std::string();
  TROUPE_TRY(const std::string_view text, node->text());
  return std::string(text);
}

/// Reads merges one by one: ["a", "b"], or "a b" in older files.
class MergeReader {
 public:
  MergeReader(const JsonNode& merges, const Vocabulary& vocabulary, std::string_view prefix)
      : merges_(merges), vocabulary_(vocabulary), prefix_(prefix) {}

  Result<Merge> read(size_t index, element value) {
    const auto wrong = [&](std::string_view what) { return merges_.item(index, value).wrong(what); };
    if (!split(value)) return wrong(R"(expected ["a", "b"] or "a b")");
    const std::string_view rest = right_.starts_with(prefix_) ? right_.substr(prefix_.size()) : right_;
    merged_.assign(left_);
    merged_ += rest;
    const Merge merge = {vocabulary_.find(left_), vocabulary_.find(right_), vocabulary_.find(merged_)};
    for (const auto& [id, token] : {std::pair{merge.left, left_}, {merge.right, right_}, {merge.merged, merged_}}) {
      if (id < 0) return wrong(fmt::format("\"{}\" is not in model.vocab", token));
    }
    // Nothing would end a merging that makes nothing longer.
    if (rest.empty()) return wrong(fmt::format("\"{}\" adds nothing to \"{}\"", right_, left_));
    return merge;
  }

 private:
  bool split(element value) {
    if (array pair; value.get(pair) == simdjson::SUCCESS) {
      return pair.size() == 2 && pair.at(0).get(left_) == simdjson::SUCCESS &&
             pair.at(1).get(right_) == simdjson::SUCCESS;
    }
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) return false;
    const size_t space = text.find(' ');
    if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos) return false;
    left_ = text.substr(0, space);
    right_ = text.substr(space + 1);
    return true;
  }

  const JsonNode& merges_;
  const Vocabulary& vocabulary_;
  std::string_view prefix_;
  std::string_view left_;
  std::string_view right_;
  std::string merged_;
};

Result<std::vector<Merge>> read_merges(const JsonNode& model, const Vocabulary& vocabulary, std::string_view prefix) {
  TROUPE_TRY(const JsonNode merges, model.member("merges"));
  TROUPE_TRY(const array list, merges.list());
  std::vector<Merge> read;
  MergeReader reader(merges, vocabulary, prefix);
  for (const element value : list) {
    // The first line of a merges.txt that was pasted in.
    if (std::string_view text; value.get(text) == simdjson::SUCCESS && text.starts_with("#version")) continue;
    TROUPE_TRY(const Merge merge, reader.read(read.size(), value));
    read.push_back(merge);
  }
  return read;
}

Result<ModelPointer> read_bpe(const JsonNode& model) {
  if (const auto dropout = model.find("dropout")) {
    double share = 0;
    if (dropout->value().get(share) != simdjson::SUCCESS || share != 0) {
      return dropout->unsupported(simdjson::minify(dropout->value()).substr(0, 100), "null");
    }
  }
  TROUPE_TRY(Vocabulary vocabulary, read_vocabulary(model));
  BpeOptions options;
  TROUPE_TRY(options.unknown_id, read_unknown(model, vocabulary));
  TROUPE_TRY(options.fuse_unknown, model.boolean("fuse_unk", false));
  TROUPE_TRY(options.byte_fallback, model.boolean("byte_fallback", false));
  TROUPE_TRY(options.ignore_merges, model.boolean("ignore_merges", false));
  TROUPE_TRY(options.continuing_subword_prefix, read_optional_text(model, "continuing_subword_prefix"));
  TROUPE_TRY(options.end_of_word_suffix, read_optional_text(model, "end_of_word_suffix"));
  TROUPE_TRY(const std::vector<Merge> merges, read_merges(model, vocabulary, options.continuing_subword_prefix));
  return std::make_unique<Bpe>(std::move(vocabulary), merges, std::move(options));
}

Result<ModelPointer> read_word_piece(const JsonNode& model) {
  TROUPE_TRY(Vocabulary vocabulary, read_vocabulary(model));
  WordPieceOptions options;
  TROUPE_TRY(const std::optional<int32_t> unknown, read_unknown(model, vocabulary));
  if (!unknown) return model.wrong("WordPiece needs an unk_token");
  options.unknown_id = *unknown;
  TROUPE_TRY(const std::string_view prefix, model.text("continuing_subword_prefix"));
  options.continuing_subword_prefix = prefix;
  TROUPE_TRY(const JsonNode longest, model.member("max_input_chars_per_word"));
  TROUPE_TRY(const int64_t characters, longest.integer(INT32_MAX));
  options.max_input_chars_per_word = static_cast<size_t>(characters);
  return std::make_unique<WordPiece>(std::move(vocabulary), std::move(options));
}

Result<ModelPointer> read_word_level(const JsonNode& model) {
  TROUPE_TRY(Vocabulary vocabulary, read_vocabulary(model));
  TROUPE_TRY(const std::optional<int32_t> unknown, read_unknown(model, vocabulary));
  return std::make_unique<WordLevel>(std::move(vocabulary), unknown);
}

/// [["token", score], …]: the place in the list is the id.
Result<ModelPointer> read_unigram(const JsonNode& model) {
  TROUPE_TRY(const JsonNode vocab, model.member("vocab"));
  TROUPE_TRY(const array list, vocab.list());
  Vocabulary vocabulary;
  std::vector<double> scores;
  for (const element value : list) {
    array pair;
    std::string_view token;
    double score = 0;
    const bool good = value.get(pair) == simdjson::SUCCESS && pair.size() == 2 &&
                      pair.at(0).get(token) == simdjson::SUCCESS && pair.at(1).get(score) == simdjson::SUCCESS &&
                      !token.empty() && std::isfinite(score);
    const auto id = static_cast<int32_t>(scores.size());
    if (!good) return vocab.item(scores.size(), value).wrong(R"(expected ["token", score])");
    if (id == Vocabulary::max_tokens) return vocab.wrong(fmt::format("at most {} tokens are allowed", id));
    if (!vocabulary.add(token, id)) return taken(vocab, vocabulary, token, id);
    scores.push_back(score);
  }
  UnigramOptions options;
  if (const auto unknown = model.find("unk_id")) {
    TROUPE_TRY(const int64_t id, unknown->integer(vocabulary.size() - 1));
    options.unknown_id = static_cast<int32_t>(id);
  }
  TROUPE_TRY(options.byte_fallback, model.boolean("byte_fallback", false));
  return std::make_unique<Unigram>(std::move(vocabulary), std::move(scores), options);
}

using ReadModel = Result<ModelPointer> (*)(const JsonNode&);
constexpr std::array<Named<ReadModel>, 4> readers = {{
    {"BPE", read_bpe},
    {"WordPiece", read_word_piece},
    {"Unigram", read_unigram},
    {"WordLevel", read_word_level},
}};

/// Files of 2020 do not say what their model is; it shows in its members.
ReadModel guess(const JsonNode& model) {
  if (model.find("merges")) return read_bpe;
  if (model.find("max_input_chars_per_word")) return read_word_piece;
  const auto vocab = model.find("vocab");
  return vocab && vocab->value().is_array() ? read_unigram : read_word_level;
}

}  // namespace

Result<std::unique_ptr<TokenModel>> read_model(const JsonNode& node) {
  TROUPE_CHECK(node.object());
  const auto type = node.find("type");
  if (!type) return guess(node)(node);
  TROUPE_TRY(const ReadModel read, read_name(*type, readers));
  return read(node);
}

}  // namespace troupe::gpu
