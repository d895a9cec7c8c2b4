#pragma once
// The same structs as JSON, for the admin API and `--json`. Apart from bind.hpp because nlohmann's header is heavy.

#include <nlohmann/json.hpp>

#include "runtime/config/schema.hpp"

namespace troupe::config {

/// Text, durations and sizes become strings as in YAML; numbers and bools themselves; absent optionals null.
nlohmann::json json_of(const Node& node);

template <Described T>
nlohmann::json to_json(const T& value) {
  return json_of(*Codec<T>::write(value));
}

}  // namespace troupe::config
