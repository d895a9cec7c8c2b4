#include "actors/experiment/shard/log_recorder.hpp"

#include <xxhash.h>

#include "actors/experiment/events/event_codec.hpp"

namespace troupe::experiment {
namespace {

uint64_t hash_of(const protocol::Event& exposure) {
  const protocol::ArmOf& place = std::get<protocol::Exposure>(exposure.what).place;
  const std::array<uint32_t, 4> numbers{place.experiment, place.revision, place.arm,
                                        static_cast<uint32_t>(exposure.kind)};
  const uint64_t seed = XXH3_64bits(numbers.data(), sizeof numbers);
  return XXH3_64bits_withSeed(exposure.unit.data(), exposure.unit.size(), seed);
}

}  // namespace

Result<storage::Appended> LogRecorder::append(const protocol::Event& event, storage::IfRefused if_refused) {
  return log_->append(static_cast<uint8_t>(event_slot(event.unit)), event.time_unix_us, encode(event), if_refused);
}

void LogRecorder::record(const protocol::Event& event) {
  static_cast<void>(append(event, storage::IfRefused::lost));
}

bool LogRecorder::is_new(uint64_t hash) {
  const std::lock_guard lock(mutex_);
  if (before_.contains(hash) || !recent_.insert(hash).second) return false;
  if (recent_.size() < exposures_max / 2) return true;
  before_ = std::exchange(recent_, {});
  return true;
}

void LogRecorder::expose(protocol::Event exposure) {
  const uint64_t hash = hash_of(exposure);
  if (!is_new(hash) || append(exposure, storage::IfRefused::lost)) return;
  // It was lost: the next one counts.
  const std::lock_guard lock(mutex_);
  recent_.erase(hash);
  before_.erase(hash);
}

void LogRecorder::record_outcomes(const std::vector<protocol::Event>& outcomes, std::function<void(Status)> done) {
  storage::LogPosition end;
  for (const protocol::Event& outcome : outcomes) {
    const auto appended = append(outcome, storage::IfRefused::told);
    if (!appended) return done(fail(appended.error()));
    end = std::max(end, appended->end);
  }
  const auto shared = std::make_shared<std::function<void(Status)>>(std::move(done));
  const Status waits = log_->when_synced(end, [shared](const Status& synced) { (*shared)(synced); });
  if (!waits) (*shared)(waits);
}

}  // namespace troupe::experiment
