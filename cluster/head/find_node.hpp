#pragma once
// The node that a user means by a name or an id.

#include <string>
#include <vector>

#include "cluster/head/head_state.hpp"
#include "runtime/base/nearest.hpp"

namespace troupe::cluster {

/// A node that is gone stays listed for a while; a living one of its name is the one that is meant.
inline const Member* find_node(const HeadState& state, const std::string& name) {
  const Member* found = nullptr;
  for (const auto& [id, member] : state.membership().members()) {
    if (member.info.name != name && id.str() != name) continue;
    if (found == nullptr || member.is_member()) found = &member;
  }
  return found;
}

inline tl::unexpected<Error> no_such_node(const HeadState& state, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& [id, member] : state.membership().members()) names.push_back(member.info.name);
  return fail(Errc::not_found, "there is no node named {}{}", name, did_you_mean(name, names));
}

}  // namespace troupe::cluster
