#pragma once
// ChatTemplate: renders a conversation into the prompt that a chat model was trained on.
//
// The language is the subset of Jinja (https://jinja.palletsprojects.com/templates) that chat templates use, with
// trim_blocks and lstrip_blocks on, as transformers sets them:
//   text, {{ … }}, {# … #}, {%- -%}, {% if/elif/else %}, {% for x in … [if …] %} with else, break and continue,
//   {% for a, b in … %}, {% set x = … %}, {% set ns.x = … %}, {% set x %}…{% endset %}, {% macro f(a, b=…) %},
//   {% generation %}
//   'text', "text", 12, true, false, none, [a, b], {'a': b}, x.y, x['y'], x[0], x[-1], x[1:], x[::-1], a if c else b
//   == != < > <= >= in, not in, and, or, not, + - * % ~, is [not]
//   defined/undefined/none/string/mapping/iterable/equalto/… filters: trim length count upper lower tojson(indent=…, …)
//   default first last join string replace list items dictsort
//            select reject selectattr rejectattr map
//   methods: strip lstrip rstrip split startswith endswith upper lower replace; get items keys values
//   functions: raise_exception namespace range strftime_now (in UTC); loop.first/last/index/index0/revindex/revindex0/
//            length/previtem/nextitem

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"

namespace troupe::gpu {

struct ToolCall {
  std::string id;
  std::string name;
  std::string arguments;  ///< A JSON object; templates see it as a mapping. Empty = {}.
};

struct ChatMessage {
  std::string role;
  std::string content;
  // What is empty of these, templates do not see.
  std::string name;
  std::string tool_call_id;          ///< Of a tool's answer: which call it answers.
  std::vector<ToolCall> tool_calls;  ///< Of the assistant.
};

/// A function that the model may call.
struct Tool {
  std::string name;
  std::string description;     ///< Empty = templates see none.
  std::string parameters;      ///< A JSON schema; empty = that of an object without properties.
  std::optional<bool> strict;  ///< Unset = templates see none.
};

/// What a template sees. `documents` is none, and so are `tools` where there are none, as with transformers.
struct ChatInput {
  std::vector<ChatMessage> messages;
  bool add_generation_prompt = false;
  std::string bos_token;
  std::string eos_token;
  std::vector<Tool> tools;
  std::chrono::sys_seconds now;  ///< For strftime_now.
};

/// Immutable and cheap to copy; thread-safe.
class ChatTemplate {
 public:
  static constexpr size_t max_source_bytes = 1 << 20;
  static constexpr size_t max_output_bytes = 8 << 20;

  /// Errors: too_large, or invalid_argument quoting the construct that is wrong or unknown, with its line.
  static Result<ChatTemplate> parse(std::string source);

  /// Errors: invalid_argument (with exactly the template's text where it calls raise_exception, else with the line),
  /// too_large where output, steps or memory pass their limits. What is no JSON of a tool is named in `field`: "tools",
  /// "messages".
  Result<std::string> render(const ChatInput& input) const;

  /// Whether the template looks at `tools`.
  bool takes_tools() const noexcept;

 private:
  struct Tree;
  explicit ChatTemplate(std::shared_ptr<const Tree> tree) : tree_(std::move(tree)) {}

  std::shared_ptr<const Tree> tree_;
};

}  // namespace troupe::gpu
