#pragma once
// What a worker's cache of model versions lets go to make room. Pure.

#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"
#include "storage/model_ref.hpp"

namespace troupe::storage {

struct CachedVersion {
  ModelRef model;
  ByteCount size;
  WallTime used;         ///< Last.
  bool in_use = false;   ///< A replica runs from it, or it is being fetched: it stays.
  bool partial = false;  ///< The beginning of a fetch that nobody goes on with: the first to go.
};

/// Those to remove so that `incoming` more bytes fit into `capacity`: unfinished fetches first, then what was used
/// longest ago. Errors: resource_exhausted where what is in use leaves too little; says how much is missing.
Result<std::vector<CachedVersion>> make_room(std::vector<CachedVersion> cached, ByteCount incoming, ByteCount capacity);

}  // namespace troupe::storage
