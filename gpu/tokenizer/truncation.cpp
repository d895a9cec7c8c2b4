#include "gpu/tokenizer/truncation.hpp"

#include <algorithm>

namespace troupe::gpu {
namespace {

/// What remains of two lengths when the longer one is cut first, then both.
struct Lengths {
  size_t first;
  size_t second;
};

Lengths longest_first(Lengths has, size_t room) {
  const bool swapped = has.first > has.second;
  size_t shorter = std::min(has.first, has.second);
  size_t longer = shorter > room ? shorter : std::max(shorter, room - shorter);
  if (shorter + longer > room) {
    shorter = room / 2;
    longer = shorter + room % 2;
  }
  return swapped ? Lengths{longer, shorter} : Lengths{shorter, longer};
}

void cut(std::vector<int32_t>& ids, size_t length, Truncation::Direction direction) {
  if (ids.size() <= length) return;
  if (direction == Truncation::Direction::left) {
    ids.erase(ids.begin(), ids.end() - static_cast<std::ptrdiff_t>(length));
  } else {
    ids.resize(length);
  }
}

}  // namespace

Result<bool> truncate(std::vector<int32_t>& first, std::vector<int32_t>* second, size_t room, const Truncation& how) {
  const size_t total = first.size() + (second == nullptr ? 0 : second->size());
  if (total <= room) return false;
  if (how.strategy == Truncation::Strategy::longest_first || room == 0) {
    const Lengths kept = second == nullptr ? Lengths{room, 0} : longest_first({first.size(), second->size()}, room);
    cut(first, kept.first, how.direction);
    if (second != nullptr) cut(*second, kept.second, how.direction);
    return true;
  }
  std::vector<int32_t>* const target = how.strategy == Truncation::Strategy::only_first ? &first : second;
  if (target == nullptr) {
    return fail(Errc::invalid_argument, "the text has {} tokens, {} are allowed, and only a second text may be cut",
                total, room);
  }
  const size_t excess = total - room;
  if (target->size() <= excess) {
    return fail(Errc::invalid_argument,
                "the texts have {} tokens, {} are allowed, and the one that may be cut has only {}", total, room,
                target->size());
  }
  cut(*target, target->size() - excess, how.direction);
  return true;
}

}  // namespace troupe::gpu
