#pragma once
// TokenTree: which of a vocabulary's tokens may come at a place of an automaton.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gpu/engine/constraint/automaton.hpp"

namespace troupe::gpu {

/// A bit for each token.
class TokenMask {
 public:
  explicit TokenMask(size_t tokens) : words_((tokens + 63) / 64) {}

  void allow(int32_t token) {
    words_[static_cast<size_t>(token) / 64] |= uint64_t{1} << (static_cast<size_t>(token) % 64);
    is_empty_ = false;
  }
  /// False for those that it does not have.
  bool allows(int32_t token) const noexcept {
    const auto at = static_cast<size_t>(token);
    return at / 64 < words_.size() && (words_[at / 64] >> (at % 64) & 1) != 0;
  }
  bool is_empty() const noexcept { return is_empty_; }
  /// Allows what `other`, of as many tokens, does.
  void merge(const TokenMask& other);

  /// Makes all logits `value` whose token is not allowed. Requires as many as there are tokens.
  void apply(std::span<float> logits, float value) const;

 private:
  std::vector<uint64_t> words_;
  bool is_empty_ = true;
};

/// What is known of the frames of an automaton (Automaton::Frame): bounded, and valid as long as its grammar is the
/// same.
struct FrameMasks {
  static constexpr size_t frames_max = 1024;

  struct Known {
    TokenMask mask;               ///< Tokens that stay inside the frame, or end with it.
    std::vector<uint32_t> exits;  ///< Nodes of the tree behind which the frame has ended and tokens go on.
  };
  std::unordered_map<uint64_t, Known> known;  ///< By the frame's states.
};

/// A vocabulary as a tree over the tokens' bytes, flat and in preorder: what begins alike is tried once, and what can't
/// go on is passed over in one jump. Immutable; thread-safe.
class TokenTree {
 public:
  struct Token {
    std::string bytes;  ///< Not empty.
    int32_t id;         ///< From 0 to below the size.
  };

  TokenTree(std::vector<Token> tokens, size_t size);

  /// Those whose bytes, all of them, lead on from `place`. What a string lets in is the same wherever it stands: only
  /// the tokens that end it are tried at each place anew. `masks` is of this tree and this automaton's grammar.
  TokenMask allowed(Automaton& automaton, Automaton::Place place, FrameMasks& masks) const;

  /// Empty for tokens that are not in it.
  std::string_view bytes_of(int32_t token) const noexcept;
  size_t size() const noexcept { return places_.size(); }

 private:
  struct Node {
    uint32_t behind;       ///< The first node that is not below this one.
    uint32_t first_token;  ///< In `tokens_`; those up to the next node's end here.
    uint16_t depth;        ///< From 1.
    uint8_t byte;
  };
  struct Text {
    uint32_t begin = 0;
    uint32_t length = 0;
  };

  const FrameMasks::Known& inside(Automaton& automaton, uint64_t states, FrameMasks& masks) const;
  void walk(Automaton& automaton, Automaton::Place place, uint32_t from, uint32_t to, TokenMask& mask,
            std::vector<uint32_t>* exits) const;
  void add_path(const std::string& bytes, size_t common);
  void end_nodes(size_t depth);

  std::vector<Node> nodes_;      ///< And one at the end, for its first_token.
  std::vector<int32_t> tokens_;  ///< In the order of their bytes.
  std::vector<Text> places_;     ///< By token: its bytes in `text_`.
  std::string text_;
  size_t depth_max_ = 0;
  std::vector<uint32_t> path_;  ///< While it is built: the nodes that are open.
};

}  // namespace troupe::gpu
