#pragma once
// Grammar: which texts are allowed, as states over bytes that may call each other.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::gpu {

/// A nondeterministic pushdown automaton. It is built from the end: each part is made with the state that follows it,
/// and gives the state that it begins with. A rule is a state from which `end` is reached; calling it goes on behind
/// the call once `end` is. Value type.
class Grammar {
 public:
  using State = uint32_t;

  /// More are not added: see is_full().
  static constexpr size_t states_max = 1 << 15;
  /// Where every rule ends.
  static constexpr State end = 0;

  struct Edge {
    uint8_t first;
    uint8_t last;
    State next;
  };
  struct Node {
    std::vector<Edge> edges;   ///< Take a byte of [first, last].
    std::vector<State> skips;  ///< Take nothing.
    State rule = end;          ///< What is called; end = nothing is.
    State behind = end;        ///< Where a call goes on.
  };

  Grammar() : nodes_(1) {}

  /// A state from which nothing goes on: to be filled, or where nothing is allowed.
  State add();
  void add_edge(State from, uint8_t first, uint8_t last, State next);
  void add_edge(State from, char byte, State next);
  void add_skip(State from, State next) { nodes_[from].skips.push_back(next); }
  void set_call(State from, State rule, State behind);

  /// One byte.
  State byte(char byte, State next);
  State bytes(uint8_t first, uint8_t last, State next);
  State text(std::string_view text, State next);
  /// Any of these texts; those that begin alike share states. None: nothing is allowed.
  State one_of(std::vector<std::string> texts, State next);
  /// Any of these states.
  State any_of(std::vector<State> states);
  State call(State rule, State next);

  /// Whether states_max was reached: the grammar is not what was asked for.
  bool is_full() const noexcept { return is_full_; }

  /// Cuts off everything from which its rule's end is not reached, so that each text that is begun can be ended. False
  /// where nothing is left of `start`.
  bool prune(State start);

  const Node& node(State state) const noexcept { return nodes_[state]; }
  size_t size() const noexcept { return nodes_.size(); }

 private:
  std::vector<bool> productive() const;

  std::vector<Node> nodes_;
  bool is_full_ = false;
};

/// Bytes that no edge of a grammar tells apart are of one class.
struct ByteClasses {
  std::array<uint8_t, 256> of{};
  std::vector<uint8_t> examples;  ///< By class: a byte of it.
};
ByteClasses byte_classes(const Grammar& grammar);

}  // namespace troupe::gpu
