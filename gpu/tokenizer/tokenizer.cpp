#include "gpu/tokenizer/tokenizer.hpp"

#include <fstream>

#include "gpu/tokenizer/byte_level.hpp"
#include "gpu/tokenizer/tokenizer_data.hpp"
#include "gpu/tokenizer/utf8.hpp"

namespace troupe::gpu {
namespace {

std::vector<int32_t> byte_symbols(const TokenizerData& data, std::string_view text) {
  std::vector<int32_t> symbols;
  symbols.reserve(text.size());
  for (const char c : text) symbols.push_back(data.byte_ids[static_cast<unsigned char>(c)]);
  return symbols;
}

Result<std::vector<int32_t>> character_symbols(const TokenizerData& data, std::string_view text) {
  std::vector<int32_t> symbols;
  bool after_unknown = false;
  for (size_t at = 0; at < text.size();) {
    const std::string character(text.substr(at, utf8_step(text.substr(at)).length));
    at += character.size();
    const auto found = data.ids.find(character);
    const bool unknown = found == data.ids.end();
    if (unknown && !data.unknown_id) {
      return fail(Errc::invalid_argument, "the vocabulary has no token for the character {}", character);
    }
    if (!unknown) {
      symbols.push_back(found->second);
    } else if (!(after_unknown && data.fuse_unknown)) {
      symbols.push_back(*data.unknown_id);
    }
    after_unknown = unknown;
  }
  return symbols;
}

/// The token that `word` is as a whole, if the vocabulary has it.
std::optional<int32_t> whole_word(const TokenizerData& data, std::string_view word) {
  std::string spelled;
  for (const char c : word) {
    if (data.byte_level) {
      spelled += byte_level_character(static_cast<uint8_t>(c));
    } else {
      spelled += c;
    }
  }
  const auto found = data.ids.find(spelled);
  return found == data.ids.end() ? std::nullopt : std::optional(found->second);
}

Status encode_text(const TokenizerData& data, std::string_view text, std::vector<int32_t>& out) {
  std::string with_space;
  if (data.add_prefix_space && text.front() != ' ') text = with_space = " " + std::string(text);
  if (data.ignore_merges) {
    if (const auto id = whole_word(data, text)) {
      out.push_back(*id);
      return {};
    }
  }
  std::vector<int32_t> symbols;
  if (data.byte_level) {
    symbols = byte_symbols(data, text);
  } else {
    TROUPE_TRY(symbols, character_symbols(data, text));
  }
  const std::vector<int32_t> ids = data.merges.apply(symbols);
  out.insert(out.end(), ids.begin(), ids.end());
  return {};
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
  if (text.size() > max_text_bytes) {
    return fail(Errc::too_large, "the text has {} bytes, at most {} are allowed", text.size(), max_text_bytes);
  }
  if (const auto offset = find_invalid_utf8(text)) {
    return fail(Errc::invalid_argument, "the text is not valid UTF-8 at byte {}", *offset);
  }
  std::vector<Segment> coarse;
  std::vector<Segment> segments;
  data_->added.split(text, coarse);
  for (const Segment& segment : coarse) {
    if (segment.token >= 0) {
      segments.push_back(segment);
    } else {
      data_->added_normalized.split(segment.text, segments);
    }
  }

  std::vector<int32_t> ids;
  if (add_special_tokens) ids = data_->prefix;
  for (const Segment& segment : segments) {
    if (segment.token >= 0) {
      ids.push_back(segment.token);
    } else {
      TROUPE_CHECK(encode_text(*data_, segment.text, ids));
    }
  }
  if (add_special_tokens) ids.insert(ids.end(), data_->suffix.begin(), data_->suffix.end());
  return ids;
}

Result<std::string> Tokenizer::decode(std::span<const int32_t> ids, bool skip_special_tokens) const {
  std::string bytes;
  bool first = true;
  for (const int32_t id : ids) {
    TROUPE_TRY(const std::string_view piece, bytes_of(id));
    if (skip_special_tokens && is_special(id)) continue;
    if (!first && data_->join_with_spaces) bytes += ' ';
    bytes += piece;
    first = false;
  }
  std::string text;
  append_lossy(bytes, true, text);
  return text;
}

Result<std::string_view> Tokenizer::bytes_of(int32_t id) const {
  if (!id_to_token(id)) {
    return fail(Errc::invalid_argument, "no token has id {}; ids are 0 to {}", id,
                static_cast<int64_t>(vocab_size()) - 1);
  }
  return data_->bytes[static_cast<size_t>(id)];
}

std::optional<int32_t> Tokenizer::token_to_id(std::string_view token) const {
  const auto found = data_->ids.find(std::string(token));
  return found == data_->ids.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string_view> Tokenizer::id_to_token(int32_t id) const {
  if (id < 0 || static_cast<size_t>(id) >= data_->tokens.size()) return std::nullopt;
  const std::string& token = data_->tokens[static_cast<size_t>(id)];
  return token.empty() ? std::nullopt : std::optional<std::string_view>(token);
}

bool Tokenizer::is_special(int32_t id) const {
  return id >= 0 && static_cast<size_t>(id) < data_->special.size() && data_->special[static_cast<size_t>(id)];
}

size_t Tokenizer::vocab_size() const {
  return data_->tokens.size();
}

}  // namespace troupe::gpu
