#pragma once
// StateImage: the whole of a StateStore at one revision as bytes, whatever implementation it came from.

#include <string>
#include <string_view>

#include "storage/state_store.hpp"

namespace troupe::storage {

/// MessagePack. Keeps the revisions of keys.
std::string encode_state_image(const RangeResult& state);
/// corrupt_data for what is no image or breaks the limits of a store, failed_precondition for one of a newer troupe;
/// `where` names the file in messages.
Result<RangeResult> decode_state_image(std::string_view bytes, std::string_view where);

}  // namespace troupe::storage
