#include "gpu/tokenizer/pieces.hpp"

#include <algorithm>

namespace troupe::gpu {
namespace {

/// A range of the text, and whether it is one that cuts.
struct Part {
  TextRange range;
  bool cuts;
};

/// Matches and what lies between them, in order.
std::vector<Part> parts_of(size_t size, const std::vector<TextRange>& matches, bool invert) {
  std::vector<Part> parts;
  parts.reserve(2 * matches.size() + 1);
  size_t done = 0;
  for (const TextRange& match : matches) {
    if (match.begin != done) parts.push_back({{done, match.begin}, invert});
    parts.push_back({match, !invert});
    done = match.end;
  }
  if (done != size) parts.push_back({{done, size}, invert});
  return parts;
}

void contiguous(const std::vector<Part>& parts, std::vector<TextRange>& out) {
  const size_t first = out.size();
  bool previous_cuts = false;
  for (const Part& part : parts) {
    if (part.cuts == previous_cuts && out.size() > first) {
      out.back().end = part.range.end;
    } else {
      out.push_back(part.range);
    }
    previous_cuts = part.cuts;
  }
}

void merged_with_previous(const std::vector<Part>& parts, std::vector<TextRange>& out) {
  const size_t first = out.size();
  bool previous_cuts = false;
  for (const Part& part : parts) {
    if (part.cuts && !previous_cuts && out.size() > first) {
      out.back().end = part.range.end;
    } else {
      out.push_back(part.range);
    }
    previous_cuts = part.cuts;
  }
}

void merged_with_next(const std::vector<Part>& parts, std::vector<TextRange>& out) {
  const size_t first = out.size();
  bool next_cuts = false;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    if (part->cuts && !next_cuts && out.size() > first) {
      out.back().begin = part->range.begin;
    } else {
      out.push_back(part->range);
    }
    next_cuts = part->cuts;
  }
  std::reverse(out.begin() + static_cast<std::ptrdiff_t>(first), out.end());
}

}  // namespace

void split_at(size_t size, const std::vector<TextRange>& matches, bool invert, SplitBehavior behavior,
              std::vector<TextRange>& out) {
  const std::vector<Part> parts = parts_of(size, matches, invert);
  switch (behavior) {
    case SplitBehavior::removed:
    case SplitBehavior::isolated:
      for (const Part& part : parts) {
        if (!part.cuts || behavior == SplitBehavior::isolated) out.push_back(part.range);
      }
      break;
    case SplitBehavior::contiguous:
      return contiguous(parts, out);
    case SplitBehavior::merged_with_previous:
      return merged_with_previous(parts, out);
    case SplitBehavior::merged_with_next:
      return merged_with_next(parts, out);
  }
}

}  // namespace troupe::gpu
