// The first byte chooses what the rest is: a tokenizer.json, the steps of one, a text, ids, a pattern, a character map,
// or a chat template. Nothing may crash or hang, and what is promised for every input is checked.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/tokenizer/charsmap.hpp"
#include "gpu/tokenizer/chat_template.hpp"
#include "gpu/tokenizer/regex.hpp"
#include "gpu/tokenizer/stream_decoder.hpp"
#include "gpu/tokenizer/tokenizer.hpp"
#include "gpu/tokenizer/utf8.hpp"
#include "runtime/base/assert.hpp"

namespace {

using namespace troupe::gpu;

/// One token per byte that UTF-8 can hold, three merges, two added tokens.
std::string small_file() {
  std::string vocabulary;
  int id = 0;
  const auto add = [&](std::string_view token) {
    vocabulary += fmt::format("{}\"{}\":{}", id == 0 ? "" : ",", token, id);
    ++id;
  };
  for (unsigned code = 0x21; code < 0x144; ++code) {
    const bool gap = (code > 0x7E && code < 0xA1) || code == 0xAD;
    if (gap) continue;
    std::string token;
    if (code == '"' || code == '\\') token = "\\";
    if (code < 0x80) {
      token += static_cast<char>(code);
    } else {
      token += static_cast<char>(0xC0 | (code >> 6));
      token += static_cast<char>(0x80 | (code & 0x3F));
    }
    add(token);
  }
  for (const std::string_view token : {"ab", "aba", "abab"}) add(token);
  return fmt::format(R"({{"added_tokens":[{{"id":{},"content":"<eos>","special":true}},{{"id":{},"content":"<eo"}}],
      "pre_tokenizer":{{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}},"decoder":{{"type":"ByteLevel"}},
      "model":{{"type":"BPE","vocab":{{{}}},"merges":["a b",["ab","a"],["ab","ab"]]}}}})",
                     id, id + 1, vocabulary);
}

const Tokenizer& small_tokenizer() {
  static const Tokenizer tokenizer = Tokenizer::from_json(small_file(), "small").value();
  return tokenizer;
}

/// Decoding at once and token by token gives the same valid text.
void check_decoding(const Tokenizer& tokenizer, const std::vector<int32_t>& ids) {
  for (const bool skips : {false, true}) {
    StreamDecoder stream(tokenizer, skips);
    std::string joined;
    for (const int32_t id : ids) joined += stream.push(id).value();
    joined += stream.flush();
    TROUPE_ASSERT(joined == tokenizer.decode(ids, skips).value());
    TROUPE_ASSERT(!find_invalid_utf8(joined));
  }
}

void try_tokenizer(const Tokenizer& tokenizer, std::string_view text) {
  if (const auto ids = tokenizer.encode(text, true)) check_decoding(tokenizer, *ids);
  if (const auto pair = tokenizer.encode_pair(text, "b", true, 5)) {
    TROUPE_ASSERT(pair->ids.size() <= 5 && pair->type_ids.size() == pair->ids.size());
  }
}

void try_file(std::string_view text) {
  const auto tokenizer = Tokenizer::from_json(text, "fuzz");
  if (tokenizer) try_tokenizer(*tokenizer, "the <eos> caf\xc3\xa9, 12  \xe6\x9d\xb1");
}

/// Takes the text up to the next line end off `rest`.
std::string_view take_line(std::string_view& rest) {
  const size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

/// A normalizer, a pre-tokenizer, a decoder and an option of the model, one a line, and then a text.
void try_steps(std::string_view rest) {
  constexpr std::string_view vocabulary =
      R"({"a":0,"b":1,"ab":2," ":3,"##b":4,"b</w>":5,"<unk>":6,"\u2581":7,"\u2581a":8,"<0x61>":9,"<0xE6>":10,"\u0120":11})";
  const std::string_view normalizer = take_line(rest);
  const std::string_view pre_tokenizer = take_line(rest);
  const std::string_view decoder = take_line(rest);
  const std::string_view option = take_line(rest);
  const auto or_null = [](std::string_view text) { return text.empty() ? std::string_view("null") : text; };
  const std::string file = fmt::format(
      R"({{"added_tokens":[{{"id":12,"content":"<eos>","special":true,"rstrip":true}},
      {{"id":13,"content":"Ab","single_word":true,"lstrip":true}}],"normalizer":{},"pre_tokenizer":{},"decoder":{},
      "model":{{"unk_token":"<unk>","vocab":{},"merges":["a b","\u2581 a"]{}{}}}}})",
      or_null(normalizer), or_null(pre_tokenizer), or_null(decoder), vocabulary, option.empty() ? "" : ",", option);
  const auto tokenizer = Tokenizer::from_json(file, "fuzz");
  if (!tokenizer) return;
  try_tokenizer(*tokenizer, rest);
  std::vector<int32_t> ids;
  for (const char byte : rest) ids.push_back(static_cast<unsigned char>(byte) % 14);
  check_decoding(*tokenizer, ids);
}

void try_pattern(std::string_view rest) {
  const auto regex = Regex::compile(take_line(rest));
  if (!regex || find_invalid_utf8(rest)) return;
  std::vector<TextRange> matches;
  if (!Regex::Matcher(*regex).find_all(rest, matches)) return;
  size_t done = 0;
  for (const TextRange& match : matches) {
    TROUPE_ASSERT(match.begin >= done && match.end >= match.begin && match.end <= rest.size());
    done = match.end;
  }
}

void try_charsmap(std::string_view bytes) {
  const auto map = Charsmap::parse(bytes);
  if (!map) return;
  for (const std::string_view key : {std::string_view("a"), std::string_view("\xc3\xa9"), bytes}) {
    if (const auto found = map->find(key)) TROUPE_ASSERT(!find_invalid_utf8(*found));
  }
}

void try_text(std::string_view text) {
  const auto ids = small_tokenizer().encode(text, true);
  if (ids) TROUPE_ASSERT(small_tokenizer().decode(*ids, false).value() == text);
}

void try_ids(std::string_view bytes) {
  std::vector<int32_t> ids;
  for (const char byte : bytes) ids.push_back(static_cast<unsigned char>(byte));
  check_decoding(small_tokenizer(), ids);
  TROUPE_ASSERT(small_tokenizer().encode(small_tokenizer().decode(ids, false).value(), false).has_value());
}

void try_template(std::string_view source) {
  const auto chat = ChatTemplate::parse(std::string(source));
  if (!chat) return;
  const ChatMessage call{"assistant", "", "", "", {{"1", "f", R"({"a": [1.5, {}]})"}}};
  const auto text = chat->render({{{"system", "You are a clerk."}, {"user", "hi"}, call, {"tool", "7", "f", "1"}},
                                  true,
                                  "<s>",
                                  "</s>",
                                  {{"f", "", R"({"type": "object", "properties": {"a": {"type": "array"}}})", true}},
                                  {}});
  if (text) TROUPE_ASSERT(text->size() <= ChatTemplate::max_output_bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 7) {
    case 0:
      try_file(rest);
      break;
    case 1:
      try_text(rest);
      break;
    case 2:
      try_ids(rest);
      break;
    case 3:
      try_steps(rest);
      break;
    case 4:
      try_pattern(rest);
      break;
    case 5:
      try_charsmap(rest);
      break;
    default:
      try_template(rest);
      break;
  }
  return 0;
}
