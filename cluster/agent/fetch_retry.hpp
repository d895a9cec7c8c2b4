#pragma once
// FetchRetry: whom to ask for a version's files next, and when. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/protocol/cluster.hpp"

namespace troupe::cluster {

struct FetchRetryOptions {
  Duration backoff_first = std::chrono::milliseconds{500};  ///< Doubles with each round that brought nothing …
  Duration backoff_max = std::chrono::seconds{30};          ///< … up to this.
  uint32_t failures_shown_max = 5;  ///< Rounds that brought nothing, after which the replica counts as failed.
};

/// A round asks the sources one after the other; once all have failed it begins anew, later, with the sources there are
/// by then.
class FetchRetry {
 public:
  explicit FetchRetry(FetchRetryOptions options = {}) : options_(options) {}

  /// A round begins.
  void begin_round(std::vector<protocol::RoutedNode> sources);
  /// The source to ask now; none: the round is over.
  const protocol::RoutedNode* source() const;
  /// It does not have the files, or cannot give them.
  void source_failed();
  /// Bytes have come: whatever fails from now on is another trouble.
  void progressed();
  /// How long to wait until the next round, after one without success.
  Duration round_failed();
  /// So many rounds have brought nothing that it should be said to have failed, although it is tried again.
  bool is_hopeless() const { return failures_ >= options_.failures_shown_max; }

 private:
  FetchRetryOptions options_;
  std::vector<protocol::RoutedNode> sources_;
  size_t next_ = 0;
  uint32_t failures_ = 0;
};

}  // namespace troupe::cluster
