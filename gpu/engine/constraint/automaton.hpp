#pragma once
// Automaton: runs a Grammar over bytes, and remembers what it has worked out.

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "gpu/engine/constraint/grammar.hpp"

namespace troupe::gpu {

/// Follows all readings of a text at once. What a text may go on with is a place; places and the steps between them are
/// made when they are first asked for, as a lazy DFA's are, so that a step taken before is a look into a table. Bounded
/// by forget(). Not thread-safe.
class Automaton {
 public:
  using Place = uint32_t;
  /// No allowed text goes so.
  static constexpr Place nowhere = UINT32_MAX;

  /// At one place; a text that has more is not allowed.
  static constexpr size_t readings_max = 2048;

  /// `grammar` is pruned.
  Automaton(Grammar grammar, Grammar::State start);

  Place start();
  /// One byte on. Requires a place, not nowhere.
  Place step(Place place, uint8_t byte) {
    const Place next = steps_[place * classes_.examples.size() + classes_.of[byte]];
    return next != unknown ? next : work_out(place, classes_.of[byte]);
  }
  /// Whether the text may end here.
  bool is_complete(Place place) const noexcept { return places_[place].is_complete; }

  /// What a place holds, reading by reading, so that what many places have in common can be worked out once.
  struct Frame {
    uint64_t states;  ///< The two uppermost ones of a stack.
    uint32_t rest;    ///< The stack below them.
  };
  std::vector<Frame> frames(Place place) const;
  /// The place of a text whose only stack has these two states; it is complete where both have ended.
  Place inside(uint64_t states);
  /// Where a text is when a frame has ended: nowhere if it must end too. Requires a frame since forget().
  Place behind(const Frame& frame);

  /// Whether it is time for forget().
  bool is_full() const noexcept { return places_.size() > places_max || stack_.size() > stack_max; }
  /// Drops all places but these, which get new numbers.
  void forget(std::span<Place* const> kept);

 private:
  /// A state, and below it the element whose state comes after its rule's end.
  using Element = uint32_t;
  struct StackElement {
    Grammar::State state;
    Element below;
  };
  struct PlaceData {
    std::vector<Element> readings;  ///< Rising.
    bool is_complete;
    bool operator==(const PlaceData&) const = default;
  };
  struct Hash {
    size_t operator()(const PlaceData& place) const noexcept;
  };

  static constexpr Place unknown = UINT32_MAX - 1;
  static constexpr Element bottom = 0;
  static constexpr size_t places_max = 1 << 13;
  static constexpr size_t stack_max = 1 << 16;

  void clear();
  Element element(Grammar::State state, Element below);
  void begin_visit();
  void visit(Element element);
  void follow_visits();
  Place finish_visit();
  Place work_out(Place place, size_t byte_class);

  Grammar grammar_;
  Grammar::State start_state_;
  ByteClasses classes_;

  std::vector<StackElement> stack_;  ///< A tree: all stacks, shared from the bottom up.
  std::unordered_map<uint64_t, Element> elements_;
  std::vector<PlaceData> places_;
  std::unordered_map<PlaceData, Place, Hash> numbers_;
  std::vector<Place> steps_;  ///< By place and class.
  Place start_ = unknown;

  // Of the step that is being worked out; kept for their memory.
  std::vector<uint32_t> visited_in_;  ///< By element.
  uint32_t visit_ = 0;
  std::vector<Element> open_;
  PlaceData found_;
};

}  // namespace troupe::gpu
