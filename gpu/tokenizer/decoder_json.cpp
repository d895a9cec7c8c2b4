#include "gpu/tokenizer/decoder_json.hpp"

#include "gpu/tokenizer/pre_tokenizer_json.hpp"
#include "gpu/tokenizer/step_json.hpp"

namespace troupe::gpu {
namespace {

using Step = std::unique_ptr<DecoderStep>;

Result<std::string> read_text_or(const JsonNode& node, std::string_view key, std::string_view fallback) {
  const auto place = node.find(key);
  if (!place) return std::string(fallback);
  TROUPE_TRY(const std::string_view text, place->text());
  if (text.empty()) return place->wrong("expected text that is not empty");
  return std::string(text);
}

Result<Step> read_strip(const JsonNode& node) {
  TROUPE_TRY(const std::string_view content, read_character(node, "content"));
  TROUPE_TRY(const JsonNode start_place, node.member("start"));
  TROUPE_TRY(const int64_t start, start_place.integer(1 << 20));
  TROUPE_TRY(const JsonNode stop_place, node.member("stop"));
  TROUPE_TRY(const int64_t stop, stop_place.integer(1 << 20));
  return strip_decoder(std::string(content), static_cast<size_t>(start), static_cast<size_t>(stop));
}

/// A stream may hold so much back, and looks through it with every token.
constexpr size_t max_pattern_bytes = 256;

Result<Step> read_replace(const JsonNode& node) {
  TROUPE_TRY(const PatternText pattern, read_pattern(node));
  if (pattern.text.size() > max_pattern_bytes) {
    return node.wrong(fmt::format("a pattern has at most {} bytes", max_pattern_bytes));
  }
  TROUPE_TRY(const std::string_view content, node.text("content"));
  if (!pattern.is_regex) return replace_text_decoder(std::string(pattern.text), std::string(content));
  TROUPE_TRY(Regex regex, compile_pattern(node, pattern));
  return replace_decoder(std::move(regex), std::string(content));
}

Result<Step> read_metaspace_step(const JsonNode& node) {
  TROUPE_TRY(const MetaspaceOptions options, read_metaspace(node));
  return metaspace_decoder(std::string(options.replacement), options.scheme != PrependScheme::never);
}

Result<Step> read_word_piece(const JsonNode& node) {
  TROUPE_TRY(const JsonNode place, node.member("prefix"));
  TROUPE_TRY(const std::string_view prefix, place.text());
  TROUPE_TRY(const bool cleanup, node.boolean("cleanup", true));
  return word_piece_decoder(std::string(prefix), cleanup);
}

Result<Step> read_bpe(const JsonNode& node) {
  TROUPE_TRY(std::string suffix, read_text_or(node, "suffix", "</w>"));
  return bpe_decoder(std::move(suffix));
}

Result<Step> read_ctc(const JsonNode& node) {
  TROUPE_TRY(std::string pad, read_text_or(node, "pad_token", "<pad>"));
  TROUPE_TRY(std::string delimiter, read_text_or(node, "word_delimiter_token", "|"));
  TROUPE_TRY(const bool cleanup, node.boolean("cleanup", true));
  return ctc_decoder(std::move(pad), std::move(delimiter), cleanup);
}

template <Step make()>
Result<Step> read_plain(const JsonNode&) {
  return make();
}

using ReadStep = Result<Step> (*)(const JsonNode&);
constexpr std::array<Named<ReadStep>, 9> readers = {{
    {"ByteLevel", read_plain<byte_level_decoder>},
    {"ByteFallback", read_plain<byte_fallback_decoder>},
    {"Fuse", read_plain<fuse_decoder>},
    {"Strip", read_strip},
    {"Replace", read_replace},
    {"Metaspace", read_metaspace_step},
    {"WordPiece", read_word_piece},
    {"BPEDecoder", read_bpe},
    {"CTC", read_ctc},
}};

}  // namespace

Result<TokenDecoder> read_decoder(const JsonNode& node) {
  TokenDecoder decoder;
  TROUPE_CHECK(read_steps(node, "decoders", [&](const JsonNode& step, const JsonNode& type) -> Status {
    if (decoder.size() == TokenDecoder::max_steps) {
      return step.wrong(fmt::format("at most {} steps are allowed", TokenDecoder::max_steps));
    }
    TROUPE_TRY(const ReadStep read, read_name(type, readers));
    TROUPE_TRY(Step made, read(step));
    decoder.add(std::move(made));
    return {};
  }));
  return decoder;
}

}  // namespace troupe::gpu
