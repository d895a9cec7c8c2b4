#pragma once
// StopMatcher: ends a streamed text before a stop string, also where tokens cut the string in pieces.

#include <string>
#include <string_view>
#include <vector>

namespace troupe::gpu {

/// Holds back text that may turn out to begin a stop string, at most the longest one's length. Not thread-safe.
class StopMatcher {
 public:
  /// Requires non-empty strings.
  explicit StopMatcher(std::vector<std::string> stops);

  struct Output {
    std::string text;      ///< Safe to show.
    bool matched = false;  ///< A stop string came; the rest, from its first byte on, is dropped.
  };
  /// Not to be called after a match.
  Output push(std::string_view text);
  /// The text ended without a stop string: what was held back.
  std::string flush();

 private:
  size_t held_from() const;

  std::vector<std::string> stops_;
  std::string pending_;
};

}  // namespace troupe::gpu
