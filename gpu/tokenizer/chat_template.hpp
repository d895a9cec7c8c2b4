#pragma once
// ChatTemplate: renders a conversation into the prompt that a chat model was trained on.
//
// The language is the subset of Jinja (https://jinja.palletsprojects.com/templates) that chat templates use, with
// trim_blocks and lstrip_blocks on, as transformers sets them:
//   text, {{ … }}, {# … #}, {% if/elif/else %}, {% for x in … [if …] %} with else, {% set x = … %}, {% set ns.x = … %},
//   {%- -%} 'text', "text", 12, true, false, none, [a, b], x.y, x['y'], x[0], x[-1], x[1:], x[::-1], a if c else b
//   == != < > <= >= in, not in, and, or, not, + - * % ~, is [not] defined/undefined/none/string/mapping/iterable/…
//   filters: trim length count upper lower tojson default first last join
//   methods: strip lstrip rstrip split startswith endswith upper lower replace get
//   functions: raise_exception namespace range; loop.first/last/index/index0/revindex/revindex0/length

#include <memory>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"

namespace troupe::gpu {

struct ChatMessage {
  std::string role;
  std::string content;
};

/// What a template sees. `tools` and `documents` are none, as where transformers is given none.
struct ChatInput {
  std::vector<ChatMessage> messages;
  bool add_generation_prompt = false;
  std::string bos_token;
  std::string eos_token;
};

/// Immutable and cheap to copy; thread-safe.
class ChatTemplate {
 public:
  static constexpr size_t max_source_bytes = 1 << 20;
  static constexpr size_t max_output_bytes = 8 << 20;

  /// Errors: too_large, or invalid_argument quoting the construct that is wrong or unknown, with its line.
  static Result<ChatTemplate> parse(std::string source);

  /// Errors: invalid_argument (with exactly the template's text where it calls raise_exception, else with the line),
  /// too_large where output, steps or memory pass their limits.
  Result<std::string> render(const ChatInput& input) const;

 private:
  struct Tree;
  explicit ChatTemplate(std::shared_ptr<const Tree> tree) : tree_(std::move(tree)) {}

  std::shared_ptr<const Tree> tree_;
};

}  // namespace troupe::gpu
