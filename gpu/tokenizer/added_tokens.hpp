#pragma once
// AddedTokens: finds tokens that are matched in the text before the model sees it, such as <eos>.

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

namespace troupe::gpu {

/// A piece of a text: one added token, or text between them.
struct Segment {
  int32_t token;  ///< -1 for text.
  std::string_view text;
};

class AddedTokens {
 public:
  /// Longest token; it bounds the work per byte of text.
  static constexpr size_t max_token_bytes = 256;

  /// Requires 1 to max_token_bytes bytes.
  void add(std::string_view content, int32_t id);

  /// Appends the segments of `text` to `out`: leftmost matches, the longest at each place; no empty texts.
  void split(std::string_view text, std::vector<Segment>& out) const;

 private:
  struct Node {
    std::map<char, uint32_t> children;
    int32_t token = -1;
  };

  Segment longest_match(std::string_view text) const;

  std::vector<Node> nodes_{1};
};

}  // namespace troupe::gpu
