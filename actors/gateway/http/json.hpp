#pragma once
// JsonParser: simdjson behind the translations of request bodies, and what their error messages have in common.

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/base/result.hpp"

namespace simdjson::dom {
class parser;
}  // namespace simdjson::dom

namespace troupe::gateway {

/// Keeps its memory between documents: one per I/O thread. Not thread-safe.
class JsonParser {
 public:
  JsonParser();
  ~JsonParser();
  JsonParser(JsonParser&&) noexcept;

  simdjson::dom::parser& get() noexcept { return *parser_; }

 private:
  std::unique_ptr<simdjson::dom::parser> parser_;
};

}  // namespace troupe::gateway
