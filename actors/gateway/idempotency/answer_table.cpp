#include "actors/gateway/idempotency/answer_table.hpp"

#include <algorithm>
#include <utility>

namespace troupe::gateway {
namespace {

/// Of an entry without its answer, about.
constexpr uint64_t entry_bytes = 512;

std::vector<PartPtr> shared(std::vector<protocol::ResultPart> parts) {
  std::vector<PartPtr> made;
  for (protocol::ResultPart& part : parts)
    made.push_back(std::make_shared<const protocol::ResultPart>(std::move(part)));
  return made;
}

uint64_t bytes_of(const std::vector<PartPtr>& parts) {
  uint64_t bytes = 0;
  for (const PartPtr& part : parts) bytes += part_bytes(*part);
  return bytes;
}

std::vector<PartPtr> replayed(const std::vector<PartPtr>& answer) {
  std::vector<PartPtr> parts;
  for (const PartPtr& part : answer) {
    auto copy = std::make_shared<protocol::ResultPart>(*part);
    copy->replayed = true;
    parts.push_back(std::move(copy));
  }
  return parts;
}

}  // namespace

// --- Who asks --------------------------------------------------------------------------------------------------------

void AnswerTable::restore(std::string name, AnswerRecord record) {
  if (entries_.size() >= options_.records_max && !drop_oldest()) return dropped_.push_back(std::move(name));
  Entry entry;
  entry.state = record.is_finished ? State::finished : State::lost;
  entry.fingerprint = std::move(record.fingerprint);
  entry.at_unix_us = record.at_unix_us;
  entry.attempts = record.attempts;
  entry.is_repeatable = record.is_repeatable;
  entry.parts = shared(std::move(record.answer));
  entry.bytes = entry_bytes + bytes_of(entry.parts);
  if (!reserve(entry.bytes)) return dropped_.push_back(std::move(name));
  bytes_ += entry.bytes;
  const auto [made, is_new] = entries_.emplace(std::move(name), std::move(entry));
  if (is_new) rest(made->first, made->second);
}

bool AnswerTable::knows(const std::string& name, WallTime now) {
  expire(now);
  return entries_.contains(name);
}

AnswerTable::Arrival AnswerTable::arrive(const std::string& name, const std::string& fingerprint, Id attempt, Id waiter,
                                         bool streams, WallTime now) {
  expire(now);
  if (const auto known = entries_.find(name); known != entries_.end()) {
    Entry& entry = known->second;
    if (entry.fingerprint != fingerprint) return {Outcome::reused};
    if (!entry.is_repeatable) return {Outcome::unrepeatable};
    if (entry.state == State::finished) return {Outcome::replayed, replayed(entry.parts)};
    if (waiting_.size() >= options_.waiting_max) return {Outcome::full};
    if (entry.state != State::lost) return join(name, entry, {waiter, streams});
    unrest(name, entry);
    Arrival arrival = begin(name, entry, attempt, {waiter, streams}, now);
    arrival.outcome = Outcome::again;
    return arrival;
  }
  if (waiting_.size() >= options_.waiting_max) return {Outcome::full};
  if (entries_.size() >= options_.records_max && !drop_oldest()) return {Outcome::full};
  if (!reserve(entry_bytes)) return {Outcome::full};
  Entry& entry = entries_[name];
  entry.fingerprint = fingerprint;
  entry.bytes = entry_bytes;
  bytes_ += entry_bytes;
  return begin(name, entry, attempt, {waiter, streams}, now);
}

AnswerTable::Arrival AnswerTable::begin(const std::string& name, Entry& entry, Id attempt, Waiter waiter,
                                        WallTime now) {
  entry.state = State::running;
  entry.at_unix_us = unix_microseconds(now);
  entry.attempt = attempt;
  ++entry.attempts;
  entry.waiters = {waiter};
  waiting_.emplace(waiter.id, name);
  return {Outcome::first, {}, record_of(entry)};
}

AnswerTable::Arrival AnswerTable::join(const std::string& name, Entry& entry, Waiter waiter) {
  entry.waiters.push_back(waiter);
  waiting_.emplace(waiter.id, name);
  return {Outcome::joined, waiter.streams ? entry.parts : std::vector<PartPtr>{}};
}

void AnswerTable::withdraw(Id waiter) {
  const auto known = waiting_.extract(waiter);
  if (known.empty()) return;
  std::erase_if(entries_.at(known.mapped()).waiters, [waiter](const Waiter& one) { return one.id == waiter; });
}

// --- What comes ------------------------------------------------------------------------------------------------------

std::vector<AnswerTable::Id> AnswerTable::add(const std::string& name, Id attempt, PartPtr part) {
  Entry* entry = of_attempt(name, attempt);
  if (entry == nullptr || entry->state != State::running) return {};
  const uint64_t bytes = part_bytes(*part);
  if (entry->is_repeatable) {
    const uint64_t so_far = entry->bytes - entry_bytes;
    if (so_far + bytes > options_.answer_bytes_max.value || !reserve(bytes)) {
      forget_parts(*entry);
    } else {
      entry->bytes += bytes;
      bytes_ += bytes;
      entry->parts.push_back(std::move(part));
    }
  }
  std::vector<Id> streaming;
  for (const Waiter& waiter : entry->waiters)
    if (waiter.streams) streaming.push_back(waiter.id);
  return streaming;
}

std::optional<AnswerRecord> AnswerTable::finish(const std::string& name, Id attempt, PartPtr last, WallTime now) {
  Entry* entry = of_attempt(name, attempt);
  if (entry == nullptr || entry->state != State::running) return std::nullopt;
  entry->state = State::settling;
  entry->at_unix_us = unix_microseconds(now);
  entry->last = last;
  if (entry->is_repeatable) {
    std::vector<PartPtr> parts = entry->parts;
    parts.push_back(std::move(last));
    entry->whole = shared(joined(parts));
    const uint64_t bytes = entry_bytes + bytes_of(entry->whole);
    const bool fits = bytes - entry_bytes <= options_.answer_bytes_max.value &&
                      reserve(bytes > entry->bytes ? bytes - entry->bytes : 0);
    if (fits) {
      bytes_ += bytes - entry->bytes;
      entry->bytes = bytes;
    } else {
      forget_parts(*entry);
    }
  }
  AnswerRecord record = record_of(*entry);
  record.is_finished = true;
  if (entry->is_repeatable)
    for (const PartPtr& part : entry->whole) record.answer.push_back(*part);
  return record;
}

std::vector<AnswerTable::Delivery> AnswerTable::settle(const std::string& name, Id attempt) {
  Entry* entry = of_attempt(name, attempt);
  if (entry == nullptr || entry->state != State::settling) return {};
  std::vector<Delivery> deliveries;
  for (const Waiter& waiter : entry->waiters) {
    // `whole` is there unless pieces of a stream were dropped; then those who did not stream can't have it.
    deliveries.push_back({waiter.id, waiter.streams ? std::vector{entry->last} : entry->whole});
    waiting_.erase(waiter.id);
  }
  entry->waiters.clear();
  entry->parts.clear();
  if (entry->is_repeatable) entry->parts = std::move(entry->whole);
  entry->whole.clear();
  entry->last.reset();
  entry->state = State::finished;
  rest(name, *entry);
  return deliveries;
}

std::vector<AnswerTable::Id> AnswerTable::abandon(const std::string& name, Id attempt) {
  if (of_attempt(name, attempt) == nullptr) return {};
  const auto found = entries_.find(name);
  std::vector<Id> waiters;
  for (const Waiter& waiter : found->second.waiters) {
    waiters.push_back(waiter.id);
    waiting_.erase(waiter.id);
  }
  erase(found);
  return waiters;
}

// --- Bounds ----------------------------------------------------------------------------------------------------------

void AnswerTable::expire(WallTime now) {
  const int64_t last_gone =
      unix_microseconds(now - std::chrono::duration_cast<std::chrono::microseconds>(options_.retention));
  while (!resting_.empty() && resting_.begin()->first <= last_gone) drop_oldest();
}

std::vector<std::string> AnswerTable::take_dropped() {
  return std::exchange(dropped_, {});
}

AnswerTable::Entry* AnswerTable::of_attempt(const std::string& name, Id attempt) {
  const auto found = entries_.find(name);
  if (found == entries_.end() || found->second.attempt != attempt) return nullptr;
  const bool is_inside = found->second.state == State::running || found->second.state == State::settling;
  return is_inside ? &found->second : nullptr;
}

AnswerRecord AnswerTable::record_of(const Entry& entry) const {
  AnswerRecord record;
  record.fingerprint = entry.fingerprint;
  record.at_unix_us = entry.at_unix_us;
  record.attempts = entry.attempts;
  record.is_repeatable = entry.is_repeatable;
  return record;
}

bool AnswerTable::reserve(uint64_t bytes) {
  while (bytes_ + bytes > options_.bytes_max.value)
    if (!drop_oldest()) return false;
  return true;
}

bool AnswerTable::drop_oldest() {
  if (resting_.empty()) return false;
  erase(entries_.find(resting_.begin()->second));
  return true;
}

void AnswerTable::erase(Entries::iterator found) {
  if (found->second.state == State::finished || found->second.state == State::lost) unrest(found->first, found->second);
  bytes_ -= found->second.bytes;
  dropped_.push_back(found->first);
  entries_.erase(found);
}

void AnswerTable::forget_parts(Entry& entry) {
  entry.is_repeatable = false;
  entry.parts.clear();
  bytes_ -= entry.bytes - entry_bytes;
  entry.bytes = entry_bytes;
}

void AnswerTable::rest(const std::string& name, Entry& entry) {
  resting_.emplace(entry.at_unix_us, name);
}

void AnswerTable::unrest(const std::string& name, const Entry& entry) {
  const auto [begin, end] = resting_.equal_range(entry.at_unix_us);
  const auto found = std::find_if(begin, end, [&](const auto& one) { return one.second == name; });
  if (found != end) resting_.erase(found);
}

}  // namespace troupe::gateway
