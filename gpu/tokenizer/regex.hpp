#pragma once
// Regex: patterns as tokenizer files have them, in Oniguruma's syntax, run by PCRE2.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"

namespace troupe::gpu {

/// Bytes of a text, the end excluded.
struct TextRange {
  size_t begin;
  size_t end;

  bool operator==(const TextRange&) const = default;
};

/// Immutable and cheap to copy; thread-safe. Characters are those of Unicode 14.
class Regex {
 public:
  /// Errors: unimplemented, saying what in `pattern` is not known or means something else here (see regex_dialect.hpp).
  static Result<Regex> compile(std::string_view pattern);
  /// Matches `text` itself.
  static Result<Regex> literal(std::string_view text);

  /// Finds matches in many texts. One user at a time; keeps the Regex alive.
  class Matcher {
   public:
    explicit Matcher(const Regex& regex);
    ~Matcher();
    Matcher(Matcher&&) noexcept;

    /// All matches in `text`, leftmost first, none overlapping; empty ones too, but not right after another match.
    /// Requires valid UTF-8. Work is bounded by a multiple of the text's length: errors with too_large where a pattern
    /// needs more, as one of nested repetitions may.
    Status find_all(std::string_view text, std::vector<TextRange>& matches);

   private:
    struct State;
    std::unique_ptr<State> state_;
  };

 private:
  struct Code;
  explicit Regex(std::shared_ptr<const Code> code) : code_(std::move(code)) {}

  std::shared_ptr<const Code> code_;
};

}  // namespace troupe::gpu
