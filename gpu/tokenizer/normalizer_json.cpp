#include "gpu/tokenizer/normalizer_json.hpp"

#include "gpu/tokenizer/step_json.hpp"

namespace troupe::gpu {
namespace {

using Step = std::unique_ptr<NormalizerStep>;

Result<Step> read_bert(const JsonNode& node) {
  BertOptions options;
  TROUPE_TRY(options.clean_text, node.boolean("clean_text", true));
  TROUPE_TRY(options.handle_chinese_chars, node.boolean("handle_chinese_chars", true));
  TROUPE_TRY(options.lowercase, node.boolean("lowercase", true));
  TROUPE_TRY(options.strip_accents, node.boolean("strip_accents", options.lowercase));
  return bert_normalizer(options);
}

Result<Step> read_strip(const JsonNode& node) {
  TROUPE_TRY(const bool left, node.boolean("strip_left", true));
  TROUPE_TRY(const bool right, node.boolean("strip_right", true));
  return strip_normalizer(left, right);
}

Result<Step> read_replace(const JsonNode& node) {
  TROUPE_TRY(const PatternText pattern, read_pattern(node));
  TROUPE_TRY(const std::string_view content, node.text("content"));
  if (!pattern.is_regex) return replace_text_normalizer(std::string(pattern.text), std::string(content));
  TROUPE_TRY(Regex regex, compile_pattern(node, pattern));
  return replace_normalizer(std::move(regex), std::string(content));
}

Result<Step> read_prepend(const JsonNode& node) {
  TROUPE_TRY(const std::string_view prefix, node.text("prepend"));
  return prepend_normalizer(std::string(prefix));
}

Result<Step> read_charsmap(const JsonNode& node) {
  TROUPE_TRY(const JsonNode place, node.member("precompiled_charsmap"));
  TROUPE_TRY(const std::string_view text, place.text());
  auto map = Charsmap::parse_base64(text);
  if (!map) return place.at_place(std::move(map.error()));
  return charsmap_normalizer(*std::move(map));
}

template <unicode::NormalForm form>
Result<Step> read_form(const JsonNode&) {
  return form_normalizer(form);
}

template <Step make()>
Result<Step> read_plain(const JsonNode&) {
  return make();
}

using ReadStep = Result<Step> (*)(const JsonNode&);
constexpr std::array<Named<ReadStep>, 13> readers = {{
    {"BertNormalizer", read_bert},
    {"NFC", read_form<unicode::NormalForm::nfc>},
    {"NFD", read_form<unicode::NormalForm::nfd>},
    {"NFKC", read_form<unicode::NormalForm::nfkc>},
    {"NFKD", read_form<unicode::NormalForm::nfkd>},
    {"Lowercase", read_plain<lowercase_normalizer>},
    {"Strip", read_strip},
    {"StripAccents", read_plain<strip_accents_normalizer>},
    {"Replace", read_replace},
    {"Prepend", read_prepend},
    {"Nmt", read_plain<nmt_normalizer>},
    {"Precompiled", read_charsmap},
    {"ByteLevel", read_plain<byte_level_normalizer>},
}};

}  // namespace

Result<Normalizer> read_normalizer(const JsonNode& node) {
  Normalizer normalizer;
  TROUPE_CHECK(read_steps(node, "normalizers", [&](const JsonNode& step, const JsonNode& type) -> Status {
    if (normalizer.size() == Normalizer::max_steps) {
      return step.wrong(fmt::format("at most {} steps are allowed", Normalizer::max_steps));
    }
    TROUPE_TRY(const ReadStep read, read_name(type, readers));
    TROUPE_TRY(Step made, read(step));
    normalizer.add(std::move(made));
    return {};
  }));
  return normalizer;
}

}  // namespace troupe::gpu
