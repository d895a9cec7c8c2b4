#include <algorithm>

#include "storage/event_log.hpp"

namespace troupe::storage {

Result<EventLog::Part> EventLog::part_at(LogPosition position) const {
  const std::lock_guard lock(append_mutex_);
  const auto after =
      std::ranges::upper_bound(segments_, position, {}, [](const auto& segment) { return segment->header.base; });
  if (after == segments_.begin())
    return fail(Errc::failed_precondition,
                "the event log in {} no longer has what lies at {}: it was acknowledged; the oldest is at {}",
                directory_.string(), position.value,
                segments_.empty() ? written_through().value : segments_.front()->header.base.value);
  const Segment& segment = **std::prev(after);
  return Part{segment.path, segment.header.base, segment.end, segment.mapping};
}

/// The segment that position_ lies in; its mapping stays where it is the same.
Status EventReader::enter_segment() {
  TROUPE_TRY(EventLog::Part part, log_->part_at(position_));
  if (part_.mapping && part_.base == part.base) {
    part_.end = part.end;
    return {};
  }
  if (!part.mapping) {
    auto mapped = EventSegment::map(part.path);
    // It was deleted in this moment: the log says so.
    if (!mapped && mapped.error().code == Errc::not_found) TROUPE_CHECK(log_->part_at(position_));
    if (!mapped) return fail(std::move(mapped.error()));
    part.mapping = std::move(*mapped);
  }
  part_ = std::move(part);
  return {};
}

bool EventReader::skip_damaged_segment() noexcept {
  if (part_.end.value == UINT64_MAX) return false;
  position_ = std::max(position_, part_.end);
  return true;
}

Result<std::span<const Event>> EventReader::next(size_t events_max, size_t bytes_max) {
  events_.clear();
  // Before the segment is looked up: what is read is in it, if it has no end yet.
  const LogPosition limit = up_to_ == ReadUpTo::synced ? log_->synced_through() : log_->written_through();
  if (position_ >= limit) return std::span<const Event>();
  if (!part_.mapping || part_.end.value == UINT64_MAX || position_ >= part_.end) TROUPE_CHECK(enter_segment());
  const LogPosition stop = std::min(limit, part_.end);
  for (size_t bytes = 0; position_ < stop && events_.size() < events_max;) {
    const uint64_t offset = segment_header_bytes + (position_.value - part_.base.value);
    const auto all = part_.mapping->bytes();
    Event event;
    if (offset > all.size() ||
        read_record(all.subspan(offset), position_, log_->stream(), event) != RecordState::whole) {
      // What lies before it is handed out first.
      if (!events_.empty()) break;
      return fail(Errc::corrupt_data, "{} is damaged: there is no whole event at offset {}", part_.path.string(),
                  offset);
    }
    bytes += event.bytes.size();
    if (bytes > bytes_max && !events_.empty()) break;
    events_.push_back(event);
    position_ = event.end;
  }
  return std::span<const Event>(events_);
}

}  // namespace troupe::storage
