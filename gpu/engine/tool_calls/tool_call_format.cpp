#include "gpu/engine/tool_calls/tool_call_format.hpp"

#include <fmt/format.h>

#include <array>

namespace troupe::gpu {
namespace {

struct Known {
  ToolCallFormat format;
  std::string_view name;
  ToolCallMarks marks;
};

constexpr std::array<Known, 3> formats = {{{ToolCallFormat::hermes, "hermes", {"<tool_call>", "</tool_call>"}},
                                           {ToolCallFormat::mistral, "mistral", {"[TOOL_CALLS]", ""}},
                                           {ToolCallFormat::llama, "llama", {"<|python_tag|>", ""}}}};

}  // namespace

ToolCallMarks marks_of(ToolCallFormat format) {
  for (const Known& known : formats) {
    if (known.format == format) return known.marks;
  }
  return {};
}

std::string tool_call_formats() {
  std::string names;
  for (const Known& known : formats) {
    names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", known.name, known.marks.begin);
  }
  return names;
}

std::optional<ToolCallFormat> find_tool_call_format(std::string_view chat_template, const Tokenizer& tokenizer) {
  for (const Known& known : formats) {
    if (chat_template.find(known.marks.begin) != std::string_view::npos) return known.format;
  }
  for (const Known& known : formats) {
    if (tokenizer.token_to_id(known.marks.begin)) return known.format;
  }
  return std::nullopt;
}

std::vector<int32_t> mark_tokens(ToolCallFormat format, const Tokenizer& tokenizer) {
  std::vector<int32_t> tokens;
  const ToolCallMarks marks = marks_of(format);
  for (const std::string_view mark : {marks.begin, marks.end}) {
    const auto token = mark.empty() ? std::nullopt : tokenizer.token_to_id(mark);
    if (token && tokenizer.is_special(*token)) tokens.push_back(*token);
  }
  return tokens;
}

}  // namespace troupe::gpu
