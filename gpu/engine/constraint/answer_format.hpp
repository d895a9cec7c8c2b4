#pragma once
// AnswerFormat: what a text must be.

#include <string>
#include <variant>
#include <vector>

namespace troupe::gpu {

struct AnyText {};
struct AnyJsonObject {};
/// A document that satisfies it: see json_schema.hpp.
struct JsonSchema {
  std::string schema;
};
struct TextChoice {
  std::vector<std::string> texts;  ///< One of these.
};
using AnswerFormat = std::variant<AnyText, AnyJsonObject, JsonSchema, TextChoice>;

}  // namespace troupe::gpu
