#pragma once
// Loading and unloading on demand: what a gateway asks of the head for a client whose key allows it. Control lane.

#include <cstdint>
#include <string>
#include <tuple>

#include "runtime/protocol/message_type.hpp"

namespace troupe::protocol {

/// Gateway -> head, answered by LoadChanged once a replica takes requests (or none does any more) and the gateways know
/// it, or by an Error that says why not. Only deployments that load on demand are touched.
struct ChangeLoad {
  static constexpr auto message_type = MessageType::change_load;

  std::string model;
  std::string version;  ///< Empty: of the model's one deployment that loads on demand.
  bool load = true;     ///< False: unload.
  std::string key;      ///< Id of the API key that the client has shown; the head looks whether it may.

  bool operator==(const ChangeLoad&) const = default;
  static constexpr auto fields() {
    return std::tuple{&ChangeLoad::model, &ChangeLoad::version, &ChangeLoad::load, &ChangeLoad::key};
  }
};

struct LoadChanged {
  static constexpr auto message_type = MessageType::load_changed;

  std::string deployment;
  std::string version;

  bool operator==(const LoadChanged&) const = default;
  static constexpr auto fields() { return std::tuple{&LoadChanged::deployment, &LoadChanged::version}; }
};

}  // namespace troupe::protocol
