#include "gpu/tokenizer/post_processor_json.hpp"

#include "gpu/tokenizer/step_json.hpp"
#include "gpu/tokenizer/vocabulary.hpp"

namespace troupe::gpu {
namespace {

using Kind = TemplatePiece::Kind;
using HasToken = std::function<bool(int32_t)>;

constexpr size_t max_template_pieces = 64;
constexpr int64_t max_type_id = 1 << 16;

Result<int32_t> read_token_id(const JsonNode& node, const HasToken& has_token) {
  TROUPE_TRY(const int64_t id, node.integer(Vocabulary::max_tokens - 1));
  if (!has_token(static_cast<int32_t>(id))) return node.wrong(fmt::format("no token has id {}", id));
  return static_cast<int32_t>(id);
}

/// The ids of a special token, which stand beside the templates.
Result<std::vector<int32_t>> read_special(const JsonNode& processor, std::string_view name, const HasToken& has_token) {
  TROUPE_TRY(const JsonNode all, processor.member("special_tokens"));
  TROUPE_TRY(const JsonNode entry, all.member(name));
  TROUPE_TRY(const JsonNode list, entry.member("ids"));
  TROUPE_TRY(const std::vector<JsonNode> items, list.items());
  std::vector<int32_t> ids;
  for (const JsonNode& item : items) {
    TROUPE_TRY(const int32_t id, read_token_id(item, has_token));
    ids.push_back(id);
  }
  return ids;
}

Result<int32_t> read_type_id(const JsonNode& piece) {
  const auto place = piece.find("type_id");
  if (!place) return 0;
  TROUPE_TRY(const int64_t id, place->integer(max_type_id));
  return static_cast<int32_t>(id);
}

Result<TemplatePiece> read_piece(const JsonNode& processor, const JsonNode& node, const HasToken& has_token) {
  if (const auto special = node.find("SpecialToken")) {
    TROUPE_TRY(const std::string_view name, special->text("id"));
    TROUPE_TRY(const int32_t type_id, read_type_id(*special));
    TROUPE_TRY(std::vector<int32_t> ids, read_special(processor, name, has_token));
    return TemplatePiece{Kind::special, type_id, std::move(ids)};
  }
  static constexpr std::array<Named<Kind>, 2> sequences = {{{"A", Kind::first}, {"B", Kind::second}}};
  TROUPE_TRY(const JsonNode sequence, node.member("Sequence"));
  TROUPE_TRY(const JsonNode name, sequence.member("id"));
  TROUPE_TRY(const Kind kind, read_name(name, sequences));
  TROUPE_TRY(const int32_t type_id, read_type_id(sequence));
  return TemplatePiece{kind, type_id};
}

Result<Template> read_template(const JsonNode& processor, std::string_view key, const HasToken& has_token) {
  TROUPE_TRY(const JsonNode node, processor.member(key));
  TROUPE_TRY(const simdjson::dom::array list, node.list());
  Template pieces;
  for (const simdjson::dom::element value : list) {
    if (pieces.size() == max_template_pieces) {
      return node.wrong(fmt::format("at most {} pieces are allowed", max_template_pieces));
    }
    TROUPE_TRY(TemplatePiece piece, read_piece(processor, node.item(pieces.size(), value), has_token));
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

Result<PostProcessor> read_template_processing(const JsonNode& node, const HasToken& has_token) {
  PostProcessor processor;
  TROUPE_TRY(processor.single, read_template(node, "single", has_token));
  const auto count = [&](Kind kind) {
    return std::count_if(processor.single.begin(), processor.single.end(),
                         [&](const TemplatePiece& piece) { return piece.kind == kind; });
  };
  if (count(Kind::first) != 1 || count(Kind::second) != 0) {
    TROUPE_TRY(const JsonNode single, node.member("single"));
    return single.wrong("expected the sequence A exactly once, and no B");
  }
  if (node.find("pair")) {
    TROUPE_TRY(processor.pair, read_template(node, "pair", has_token));
  }
  return processor;
}

/// The members "cls" and "sep": ["[CLS]", 101].
Result<TemplatePiece> read_fixed(const JsonNode& node, std::string_view key, const HasToken& has_token) {
  TROUPE_TRY(const JsonNode place, node.member(key));
  TROUPE_TRY(const std::vector<JsonNode> pair, place.items());
  if (pair.size() != 2) return place.wrong(R"(expected ["token", id])");
  TROUPE_TRY(const int32_t id, read_token_id(pair[1], has_token));
  return TemplatePiece{Kind::special, 0, {id}};
}

TemplatePiece of_second(TemplatePiece piece) {
  piece.type_id = 1;
  return piece;
}

/// [CLS] A [SEP] B [SEP], where B and what follows it have type 1.
Result<PostProcessor> read_bert(const JsonNode& node, const HasToken& has_token) {
  TROUPE_TRY(const TemplatePiece cls, read_fixed(node, "cls", has_token));
  TROUPE_TRY(const TemplatePiece sep, read_fixed(node, "sep", has_token));
  const TemplatePiece first = {Kind::first};
  return PostProcessor{{cls, first, sep}, {cls, first, sep, of_second({Kind::second}), of_second(sep)}};
}

/// <s> A </s> </s> B </s>, all of type 0. Its other options only move offsets, which nobody here asks for.
Result<PostProcessor> read_roberta(const JsonNode& node, const HasToken& has_token) {
  TROUPE_TRY(const TemplatePiece cls, read_fixed(node, "cls", has_token));
  TROUPE_TRY(const TemplatePiece sep, read_fixed(node, "sep", has_token));
  const TemplatePiece first = {Kind::first};
  const TemplatePiece second = {Kind::second};
  return PostProcessor{{cls, first, sep}, {cls, first, sep, sep, second, sep}};
}

using ReadProcessor = Result<PostProcessor> (*)(const JsonNode&, const HasToken&);
constexpr std::array<Named<ReadProcessor>, 4> readers = {{
    {"TemplateProcessing", read_template_processing},
    {"BertProcessing", read_bert},
    {"RobertaProcessing", read_roberta},
    // Only moves offsets.
    {"ByteLevel", nullptr},
}};

}  // namespace

Result<PostProcessor> read_post_processor(const JsonNode& node, const HasToken& has_token) {
  std::optional<PostProcessor> processor;
  TROUPE_CHECK(read_steps(node, "processors", [&](const JsonNode& step, const JsonNode& type) -> Status {
    TROUPE_TRY(const ReadProcessor read, read_name(type, readers));
    if (read == nullptr) return {};
    if (processor) return step.unsupported("a second step that adds tokens", "one, and any number of ByteLevel");
    TROUPE_TRY(processor, read(step, has_token));
    return {};
  }));
  return processor.value_or(PostProcessor{});
}

}  // namespace troupe::gpu
