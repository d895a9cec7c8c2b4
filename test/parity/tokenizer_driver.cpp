// Answers one line of JSON with another, for test_tokenizers.py.
//
//   tokenizer_driver FILE
//     {"text": t}                                 -> {"ids", "framed", "types", "decoded", "decoded_plain"}
//     {"first": a, "second": b, "max_length": n}  -> {"ids", "types"}; without "second" a single text, n may be null
//     {"ids": […]}                                -> {"decoded", "decoded_plain"}
//   An error is {"error": message}. Streams are checked to give the same text as decoding at once.

#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gpu/tokenizer/stream_decoder.hpp"
#include "gpu/tokenizer/tokenizer.hpp"

namespace {

using nlohmann::json;
using namespace troupe;
using namespace troupe::gpu;

json error_answer(const Error& error) {
  return {{"error", error.message}};
}

Result<std::string> decode(const Tokenizer& tokenizer, const std::vector<int32_t>& ids, bool skip_special_tokens) {
  TROUPE_TRY(std::string whole, tokenizer.decode(ids, skip_special_tokens));
  StreamDecoder stream(tokenizer, skip_special_tokens);
  std::string joined;
  for (const int32_t id : ids) {
    TROUPE_TRY(const std::string text, stream.push(id));
    joined += text;
  }
  joined += stream.flush();
  if (joined != whole) return fail(Errc::internal, "streamed {} but decoded {}", joined, whole);
  return whole;
}

Result<json> answer_ids(const Tokenizer& tokenizer, const std::vector<int32_t>& ids) {
  TROUPE_TRY(std::string decoded, decode(tokenizer, ids, false));
  TROUPE_TRY(std::string plain, decode(tokenizer, ids, true));
  return json{{"decoded", std::move(decoded)}, {"decoded_plain", std::move(plain)}};
}

Result<json> answer_text(const Tokenizer& tokenizer, const std::string& text) {
  TROUPE_TRY(std::vector<int32_t> ids, tokenizer.encode(text, false));
  TROUPE_TRY(Encoding framed, tokenizer.encode_single(text, true));
  TROUPE_TRY(json answer, answer_ids(tokenizer, framed.ids));
  answer["ids"] = std::move(ids);
  answer["framed"] = std::move(framed.ids);
  answer["types"] = std::move(framed.type_ids);
  return answer;
}

Result<json> answer_cut(const Tokenizer& tokenizer, const json& request) {
  std::optional<size_t> length;
  if (!request["max_length"].is_null()) length = request["max_length"].get<size_t>();
  const std::string first = request["first"];
  auto encoding = request.contains("second")
                      ? tokenizer.encode_pair(first, request["second"].get<std::string>(), true, length)
                      : tokenizer.encode_single(first, true, length);
  if (!encoding) return fail(std::move(encoding.error()));
  return json{{"ids", encoding->ids}, {"types", encoding->type_ids}};
}

Result<json> answer(const Tokenizer& tokenizer, const json& request) {
  if (request.contains("text")) return answer_text(tokenizer, request["text"].get<std::string>());
  if (request.contains("ids")) return answer_ids(tokenizer, request["ids"].get<std::vector<int32_t>>());
  return answer_cut(tokenizer, request);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::ios::sync_with_stdio(false);
  const auto tokenizer = Tokenizer::from_file(argv[1]);
  if (!tokenizer) {
    std::cout << error_answer(tokenizer.error()).dump() << std::endl;
    return 1;
  }
  for (std::string line; std::getline(std::cin, line);) {
    const auto answered = answer(*tokenizer, json::parse(line));
    std::cout << (answered ? *answered : error_answer(answered.error())).dump() << '\n';
  }
  return 0;
}
