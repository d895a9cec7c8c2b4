#include "gpu/engine/encoder_texts.hpp"

#include <algorithm>

namespace troupe::gpu {

EncoderTexts EncoderTexts::open(const ModelFolder& folder, const EncoderBounds& bounds, std::string prompt) {
  return {Tokenizer::from_file(folder.tokenizer_file()), bounds, std::move(prompt)};
}

Result<const Tokenizer*> EncoderTexts::tokenizer() const {
  if (!tokenizer_) return fail(tokenizer_.error());
  return &*tokenizer_;
}

Result<EncoderTokens> EncoderTexts::encode(const EncoderInput& input) const {
  return std::visit([&](const auto& text) { return to_tokens(text); }, input.text);
}

Result<EncoderTokens> EncoderTexts::to_tokens(const std::string& text) const {
  const std::string framed = prompt_ + text;
  return encode_within(
      [&](const Tokenizer& tokenizer, size_t limit) { return tokenizer.encode_single(framed, true, limit); });
}

Result<EncoderTokens> EncoderTexts::to_tokens(const TextPair& pair) const {
  return encode_within([&](const Tokenizer& tokenizer, size_t limit) {
    return tokenizer.encode_pair(pair.first, pair.second, true, limit);
  });
}

template <class Encode>
Result<EncoderTokens> EncoderTexts::encode_within(const Encode& encode) const {
  if (!tokenizer_) return fail(tokenizer_.error());
  const auto limit = static_cast<size_t>(bounds_.max_tokens);
  TROUPE_TRY(Encoding encoding, encode(*tokenizer_, limit));
  EncoderTokens tokens{std::move(encoding.ids), std::move(encoding.type_ids), encoding.is_cut};
  if (tokens.ids.empty()) return fail_field("input", "the text has no tokens");
  const auto known = [&](int32_t id) { return id < bounds_.vocabulary; };
  if (!std::ranges::all_of(tokens.ids, known)) {
    return fail(Errc::failed_precondition, "the tokenizer has ids beyond the model's vocabulary of {}",
                bounds_.vocabulary);
  }
  // RoBERTa's files number the texts of a pair, but its models have one type.
  for (int32_t& type : tokens.type_ids) type = type < bounds_.token_types ? type : 0;
  return tokens;
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
