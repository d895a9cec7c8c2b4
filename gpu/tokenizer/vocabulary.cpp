#include "gpu/tokenizer/vocabulary.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <utility>

namespace troupe::gpu {
namespace {

uint32_t hash_of(std::string_view token) noexcept {
  return static_cast<uint32_t>(XXH3_64bits(token.data(), token.size()));
}

}  // namespace

bool Vocabulary::add(std::string_view token, int32_t id) {
  if (!this->token(id).empty()) return false;
  if (count_ * 2 >= slots_.size()) grow();
  const uint32_t hash = hash_of(token);
  Slot& slot = slots_[slot_of(token, hash)];
  if (slot.id >= 0) return false;
  if (static_cast<size_t>(id) >= places_.size()) places_.resize(static_cast<size_t>(id) + 1);
  places_[static_cast<size_t>(id)] = {static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(token.size())};
  text_ += token;
  slot = {hash, id};
  ++count_;
  return true;
}

int32_t Vocabulary::find(std::string_view token) const noexcept {
  return slots_[slot_of(token, hash_of(token))].id;
}

std::string_view Vocabulary::token(int32_t id) const noexcept {
  if (id < 0 || static_cast<size_t>(id) >= places_.size()) return {};
  const Place place = places_[static_cast<size_t>(id)];
  return std::string_view(text_).substr(place.begin, place.length);
}

/// Where `token` is, or would be put.
size_t Vocabulary::slot_of(std::string_view token, uint32_t hash) const noexcept {
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.id < 0 || (slot.hash == hash && this->token(slot.id) == token)) return at;
  }
}

void Vocabulary::grow() {
  const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
  const size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.id < 0) continue;
    size_t at = slot.hash & mask;
    while (slots_[at].id >= 0) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

}  // namespace troupe::gpu
