#pragma once
// The version of this build, from CMakeLists.txt.

namespace troupe::cluster {

inline constexpr const char* software_version = TROUPE_VERSION;

}  // namespace troupe::cluster
