// The first byte chooses what the rest is: a tokenizer.json, a text, ids, or a chat template. Nothing may crash, and
// what is promised for every input is checked.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/tokenizer/chat_template.hpp"
#include "gpu/tokenizer/stream_decoder.hpp"
#include "gpu/tokenizer/tokenizer.hpp"
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

void try_file(std::string_view text) {
  const auto tokenizer = Tokenizer::from_json(text, "fuzz");
  if (!tokenizer) return;
  if (const auto ids = tokenizer->encode("the <eos> caf\xc3\xa9", true)) TROUPE_ASSERT(tokenizer->decode(*ids, false));
}

void try_text(std::string_view text) {
  const auto ids = small_tokenizer().encode(text, true);
  if (ids) TROUPE_ASSERT(small_tokenizer().decode(*ids, false).value() == text);
}

void try_ids(std::string_view bytes) {
  std::vector<int32_t> ids;
  for (const char byte : bytes) ids.push_back(static_cast<unsigned char>(byte));
  StreamDecoder stream(small_tokenizer(), false);
  std::string joined;
  for (const int32_t id : ids) joined += stream.push(id).value();
  joined += stream.flush();
  TROUPE_ASSERT(joined == small_tokenizer().decode(ids, false).value());
  TROUPE_ASSERT(small_tokenizer().encode(joined, false).has_value());
}

void try_template(std::string_view source) {
  const auto chat = ChatTemplate::parse(std::string(source));
  if (!chat) return;
  const auto text = chat->render({{{"system", "You are a clerk."}, {"user", "hi"}}, true, "<s>", "</s>"});
  if (text) TROUPE_ASSERT(text->size() <= ChatTemplate::max_output_bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      try_file(rest);
      break;
    case 1:
      try_text(rest);
      break;
    case 2:
      try_ids(rest);
      break;
    default:
      try_template(rest);
      break;
  }
  return 0;
}
