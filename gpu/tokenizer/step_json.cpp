#include "gpu/tokenizer/step_json.hpp"

#include "gpu/tokenizer/utf8.hpp"

namespace troupe::gpu {

Result<PatternText> read_pattern(const JsonNode& step) {
  TROUPE_TRY(const JsonNode pattern, step.member("pattern"));
  if (const auto text = pattern.find("String")) {
    TROUPE_TRY(const std::string_view literal, text->text());
    if (literal.empty()) return text->wrong("the pattern is empty");
    return PatternText{literal, false};
  }
  TROUPE_TRY(const std::string_view regex, pattern.text("Regex"));
  return PatternText{regex, true};
}

Result<Regex> compile_pattern(const JsonNode& step, const PatternText& pattern) {
  auto regex = pattern.is_regex ? Regex::compile(pattern.text) : Regex::literal(pattern.text);
  if (regex) return regex;
  TROUPE_TRY(const JsonNode place, step.member("pattern"));
  return place.at_place(std::move(regex.error()));
}

Result<std::string_view> read_character(const JsonNode& step, std::string_view key) {
  TROUPE_TRY(const JsonNode node, step.member(key));
  TROUPE_TRY(const std::string_view text, node.text());
  if (text.empty() || first_code_point(text).length != text.size()) return node.wrong("expected one character");
  return text;
}

}  // namespace troupe::gpu
