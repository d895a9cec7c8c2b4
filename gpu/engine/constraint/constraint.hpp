#pragma once
// Constraint: holds one text to a format, token by token. Constraints makes them, and shares what they work out.

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "gpu/engine/constraint/answer_format.hpp"
#include "gpu/engine/constraint/automaton.hpp"
#include "gpu/engine/constraint/token_tree.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gpu {

/// A format with what is known of it: places and masks. Shared by the texts that are held to it.
class FormatAutomaton;

/// Not thread-safe, nor are those of one Constraints together.
class Constraint {
 public:
  Constraint(std::shared_ptr<FormatAutomaton> format, const TokenTree& tokens);
  ~Constraint();
  Constraint(const Constraint&) = delete;
  Constraint& operator=(const Constraint&) = delete;

  /// The tokens that may come next; those that end a text are not among them. Valid until the next call for any text.
  const TokenMask& mask();
  /// Whether the text may end here.
  bool is_complete() const;
  /// Whether it must: nothing may come any more.
  bool must_end() { return is_complete() && mask().is_empty(); }
  /// The next token, one that mask() allows. False, and nothing changes, where the text would have too many readings.
  bool accept(int32_t token);

 private:
  const std::shared_ptr<FormatAutomaton> format_;
  const TokenTree& tokens_;
  Automaton::Place place_;
};

class Constraints {
 public:
  /// Formats that are kept though no text is held to them, the last used ones.
  static constexpr size_t idle_max = 16;
  /// Different formats in use at once.
  static constexpr size_t used_max = 256;

  explicit Constraints(TokenTree tokens) : tokens_(std::move(tokens)) {}

  /// Must not outlive this. None for AnyText. Errors: those of the format; overloaded.
  Result<std::unique_ptr<Constraint>> make(const AnswerFormat& format);

 private:
  struct Known {
    std::string key;
    std::shared_ptr<FormatAutomaton> format;
  };

  Result<std::shared_ptr<FormatAutomaton>> find_or_compile(const AnswerFormat& format);
  Status make_room();

  const TokenTree tokens_;
  std::list<Known> known_;  ///< The last used one first.
  std::unordered_map<std::string, std::list<Known>::iterator> by_key_;
};

}  // namespace troupe::gpu
