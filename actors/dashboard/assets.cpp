#include "actors/dashboard/assets.hpp"

#include <algorithm>

namespace troupe::dashboard {

const Asset* find_asset(std::string_view path) noexcept {
  const auto all = assets();
  const auto found = std::ranges::find(all, path, &Asset::path);
  return found == all.end() ? nullptr : &*found;
}

}  // namespace troupe::dashboard
