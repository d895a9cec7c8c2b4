#include "gpu/tokenizer/tokenizer.hpp"

#include <algorithm>
#include <array>
#include <fstream>

#include "gpu/tokenizer/tokenizer_data.hpp"
#include "gpu/tokenizer/utf8.hpp"

namespace troupe::gpu {
namespace {

/// Finds the added tokens, and normalizes what lies between them.
Result<Pieces> find_pieces(const TokenizerData& data, std::string_view text) {
  Pieces pieces;
  pieces.text.reserve(text.size());
  std::vector<Segment> segments;
  data.added.split(text, segments);
  std::vector<Segment> parts;
  for (const Segment& segment : segments) {
    if (segment.token >= 0) {
      pieces.add_token(segment.token);
      continue;
    }
    NormalizedText normalized{std::string(segment.text), segment.text.data() == text.data()};
    TROUPE_CHECK(data.normalizer.apply(normalized));
    parts.clear();
    data.added_normalized.split(normalized.text, parts);
    for (const Segment& part : parts) {
      if (part.token >= 0) {
        pieces.add_token(part.token);
      } else {
        pieces.add_text(part.text, normalized.at_start && part.text.data() == normalized.text.data());
      }
    }
    if (pieces.text.size() > PreTokenizer::max_bytes) {
      return fail(Errc::too_large, "the text grows to more than {} bytes when it is normalized",
                  PreTokenizer::max_bytes);
    }
  }
  return pieces;
}

Result<std::vector<int32_t>> encode_text(const TokenizerData& data, std::string_view text) {
  if (text.size() > Tokenizer::max_text_bytes) {
    return fail(Errc::too_large, "the text has {} bytes, at most {} are allowed", text.size(),
                Tokenizer::max_text_bytes);
  }
  if (const auto offset = find_invalid_utf8(text)) {
    return fail(Errc::invalid_argument, "the text is not valid UTF-8 at byte {}", *offset);
  }
  TROUPE_TRY(Pieces pieces, find_pieces(data, text));
  TROUPE_CHECK(data.pre_tokenizer.apply(pieces));
  std::vector<int32_t> ids;
  for (const Piece& piece : pieces.list) {
    if (piece.token >= 0) {
      ids.push_back(piece.token);
    } else {
      TROUPE_CHECK(data.model->encode(pieces.text_of(piece), ids));
    }
  }
  return ids;
}

std::optional<Truncation> chosen_truncation(const TokenizerData& data, std::optional<size_t> max_length) {
  if (!max_length) return data.truncation;
  Truncation truncation = data.truncation.value_or(Truncation{});
  truncation.max_length = *max_length;
  return truncation;
}

/// Cuts what does not fit beside the special tokens. True where something did not.
Result<bool> fit(std::vector<int32_t>& first, std::vector<int32_t>* second, const std::optional<Truncation>& truncation,
                 const Template& frame, bool add_special_tokens) {
  if (!truncation) return false;
  const size_t special = add_special_tokens ? special_tokens(frame) : 0;
  if (truncation->max_length < special) {
    return fail(Errc::invalid_argument, "a length of {} has no room for {} special tokens", truncation->max_length,
                special);
  }
  return truncate(first, second, truncation->max_length - special, *truncation);
}

}  // namespace

Result<Tokenizer> Tokenizer::from_file(const std::filesystem::path& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) {
    return fail(error == std::errc::no_such_file_or_directory ? Errc::not_found : Errc::io_error,
                "{}: cannot read it: {}", path.string(), error.message());
  }
  if (size > max_file_bytes) {
    return fail(Errc::too_large, "{}: has {} bytes, at most {} are allowed", path.string(), size, max_file_bytes);
  }
  std::ifstream file(path, std::ios::binary);
  std::string text(size, '\0');
  if (!file.read(text.data(), static_cast<std::streamsize>(size))) {
    return fail(Errc::io_error, "{}: cannot read it", path.string());
  }
  return from_json(text, path.string());
}

Result<Tokenizer> Tokenizer::from_json(std::string_view text, const std::string& file) {
  TROUPE_TRY(TokenizerData data, read_tokenizer_json(text, file));
  return Tokenizer(std::make_shared<const TokenizerData>(std::move(data)));
}

Result<std::vector<int32_t>> Tokenizer::encode(std::string_view text, bool add_special_tokens) const {
  TROUPE_TRY(Encoding encoding, encode_single(text, add_special_tokens));
  return std::move(encoding.ids);
}

Result<Encoding> Tokenizer::encode_single(std::string_view text, bool add_special_tokens,
                                          std::optional<size_t> max_length) const {
  TROUPE_TRY(std::vector<int32_t> ids, encode_text(*data_, text));
  const Template& frame = data_->post_processor.single;
  TROUPE_TRY(const bool is_cut, fit(ids, nullptr, chosen_truncation(*data_, max_length), frame, add_special_tokens));
  Encoding encoding = fill(frame, ids, {}, add_special_tokens);
  encoding.is_cut = is_cut;
  return encoding;
}

Result<Encoding> Tokenizer::encode_pair(std::string_view first, std::string_view second, bool add_special_tokens,
                                        std::optional<size_t> max_length) const {
  TROUPE_TRY(std::vector<int32_t> ids, encode_text(*data_, first));
  TROUPE_TRY(std::vector<int32_t> second_ids, encode_text(*data_, second));
  const Template& frame = data_->post_processor.pair;
  TROUPE_TRY(const bool is_cut,
             fit(ids, &second_ids, chosen_truncation(*data_, max_length), frame, add_special_tokens));
  Encoding encoding = fill(frame, ids, second_ids, add_special_tokens);
  encoding.is_cut = is_cut;
  return encoding;
}

Result<std::string> Tokenizer::decode(std::span<const int32_t> ids, bool skip_special_tokens) const {
  Decoding decoding = data_->decoder.start();
  for (const int32_t id : ids) {
    TROUPE_TRY(const std::string_view token, token_to_decode(id));
    if (!(skip_special_tokens && is_special(id))) decoding.push(token);
  }
  decoding.finish();
  return decoding.take_text();
}

Result<std::string> Tokenizer::token_bytes(int32_t id) const {
  TROUPE_TRY(const std::string_view token, token_to_decode(id));
  if (auto bytes = data_->decoder.bytes_of(token)) return std::move(*bytes);
  // Decoders treat the first token apart, mostly its space: what counts is what a second one adds.
  TROUPE_TRY(const std::string once, decode(std::array{id}, false));
  TROUPE_TRY(const std::string twice, decode(std::array{id, id}, false));
  return twice.starts_with(once) ? twice.substr(once.size()) : once;
}

Result<std::string_view> Tokenizer::token_to_decode(int32_t id) const {
  const auto token = id_to_token(id);
  if (!token) {
    return fail(Errc::invalid_argument, "no token has id {}; ids are 0 to {}", id,
                static_cast<int64_t>(vocab_size()) - 1);
  }
  const auto changed = data_->decoded_as.find(id);
  return changed == data_->decoded_as.end() ? *token : changed->second;
}

std::optional<int32_t> Tokenizer::token_to_id(std::string_view token) const {
  const int32_t id = data_->find(token);
  return id < 0 ? std::nullopt : std::optional(id);
}

std::optional<std::string_view> Tokenizer::id_to_token(int32_t id) const {
  const std::string_view token = data_->token(id);
  return token.empty() ? std::nullopt : std::optional(token);
}

bool Tokenizer::is_special(int32_t id) const {
  return id >= 0 && static_cast<size_t>(id) < data_->special.size() && data_->special[static_cast<size_t>(id)];
}

size_t Tokenizer::vocab_size() const {
  return static_cast<size_t>(std::max(data_->model->vocabulary().size(), data_->added_vocabulary.size()));
}

}  // namespace troupe::gpu
