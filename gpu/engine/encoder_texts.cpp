#include "gpu/engine/encoder_texts.hpp"

namespace troupe::gpu {

EncoderTexts EncoderTexts::open(const ModelFolder& folder, const EncoderBounds& bounds, std::string prompt) {
  return {Tokenizer::from_file(folder.tokenizer_file()), bounds, std::move(prompt)};
}

Result<EncoderTokens> EncoderTexts::encode(const EncoderInput& input) const {
  return std::visit([&](const auto& text) { return to_tokens(text); }, input.text);
}

Result<EncoderTokens> EncoderTexts::to_tokens(const std::string&) const {
  return fail(Errc::unimplemented, "texts are not supported; supported: token ids");
}

Result<EncoderTokens> EncoderTexts::to_tokens(const TextPair&) const {
  return fail(Errc::unimplemented, "pairs of texts are not supported; supported: token ids");
}

Result<EncoderTokens> EncoderTexts::to_tokens(const TokenInput& tokens) const {
  const auto size = static_cast<int64_t>(tokens.ids.size());
  if (size == 0 || size > bounds_.max_tokens) {
    return fail_field("input", "expected 1 to {} token ids, found {}", bounds_.max_tokens, size);
  }
  for (const int32_t id : tokens.ids) {
    if (id < 0 || id >= bounds_.vocabulary) {
      return fail_field("input", "token id {} is not in the vocabulary of {}", id, bounds_.vocabulary);
    }
  }
  EncoderTokens result{tokens.ids, tokens.type_ids, false};
  if (bounds_.token_types == 0 || tokens.type_ids.empty()) result.type_ids.assign(tokens.ids.size(), 0);
  if (result.type_ids.size() != tokens.ids.size()) {
    return fail_field("input", "expected one type of each token id, found {} types of {} ids", tokens.type_ids.size(),
                      size);
  }
  for (const int32_t type : result.type_ids) {
    if (type < 0 || (type > 0 && type >= bounds_.token_types)) {
      return fail_field("input", "token type {} is not one of the model's {}", type, bounds_.token_types);
    }
  }
  return result;
}

}  // namespace troupe::gpu
