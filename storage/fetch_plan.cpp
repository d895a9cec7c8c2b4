#include "storage/fetch_plan.hpp"

#include <algorithm>

#include "runtime/base/assert.hpp"

namespace troupe::storage {

FetchPlan::FetchPlan(const ModelManifest& manifest, FetchLimits limits, FetchPosition from) : limits_(limits) {
  TROUPE_ASSERT(limits.chunk_bytes > 0 && limits.window > 0);
  for (const ModelFile& file : manifest.files) sizes_.push_back(file.size.value);
  for (const uint64_t size : sizes_) total_ += size;
  begin_again(from);
}

void FetchPlan::skip_whole_files() {
  while (ask_.file < sizes_.size() && ask_.offset >= sizes_[ask_.file]) ask_ = {ask_.file + 1, 0};
}

std::optional<Chunk> FetchPlan::next() {
  if (ask_.file == sizes_.size() || on_their_way_.size() >= limits_.window) return std::nullopt;
  const uint64_t left = sizes_[ask_.file] - ask_.offset;
  const Chunk chunk{ask_.file, ask_.offset, static_cast<uint32_t>(std::min<uint64_t>(left, limits_.chunk_bytes))};
  ask_.offset += chunk.size;
  skip_whole_files();
  on_their_way_.push_back(chunk);
  return chunk;
}

std::optional<Chunk> FetchPlan::arrived() {
  if (on_their_way_.empty()) return std::nullopt;
  const Chunk chunk = on_their_way_.front();
  on_their_way_.erase(on_their_way_.begin());
  here_ += chunk.size;
  return chunk;
}

void FetchPlan::begin_again(FetchPosition from) {
  TROUPE_ASSERT(from.file <= sizes_.size());
  on_their_way_.clear();
  ask_ = from;
  here_ = from.offset;
  for (size_t file = 0; file < from.file; ++file) here_ += sizes_[file];
  skip_whole_files();
}

std::string progress_text(uint64_t bytes_here, uint64_t bytes_total) {
  const double share = bytes_total == 0 ? 0 : static_cast<double>(bytes_here) / static_cast<double>(bytes_total);
  return fmt::format("{} % of {}", std::min(99, static_cast<int>(share * 100)), format_bytes({bytes_total}));
}

}  // namespace troupe::storage
