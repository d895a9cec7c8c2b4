#pragma once
// FetchPlan: which pieces of a version to ask for next, in order, so many at a time. Pure.

#include <cstdint>
#include <optional>
#include <vector>

#include "storage/model_manifest.hpp"

namespace troupe::storage {

/// Bytes [offset, offset + size) of a file; never empty.
struct Chunk {
  size_t file = 0;  ///< Index into ModelManifest::files.
  uint64_t offset = 0;
  uint32_t size = 0;

  bool operator==(const Chunk&) const = default;
};

/// A position in a version: everything before it is there. Empty files need no chunk and are passed over.
struct FetchPosition {
  size_t file = 0;
  uint64_t offset = 0;

  bool operator==(const FetchPosition&) const = default;
};

struct FetchLimits {
  uint32_t chunk_bytes = 1 << 20;
  uint32_t window = 4;  ///< Chunks on their way at a time: with chunk_bytes, what this may take of memory.
};

class FetchPlan {
 public:
  FetchPlan(const ModelManifest& manifest, FetchLimits limits, FetchPosition from = {});

  /// The next chunk to ask for; none while the window is full, or where nothing is left to ask for.
  std::optional<Chunk> next();
  /// The oldest of those on their way has come; none where nothing is.
  std::optional<Chunk> arrived();
  /// What is on its way will not come: it is asked for again, from `from` on.
  void begin_again(FetchPosition from);

  bool is_complete() const noexcept { return here_ == total_; }
  uint64_t bytes_here() const noexcept { return here_; }
  uint64_t bytes_total() const noexcept { return total_; }

 private:
  void skip_whole_files();

  FetchLimits limits_;
  std::vector<uint64_t> sizes_;
  uint64_t total_ = 0;
  uint64_t here_ = 0;
  FetchPosition ask_;  ///< Where the next chunk begins.
  std::vector<Chunk> on_their_way_;
};

/// "43 % of 500.0 MiB"; never 100 % while something is missing.
std::string progress_text(uint64_t bytes_here, uint64_t bytes_total);

}  // namespace troupe::storage
