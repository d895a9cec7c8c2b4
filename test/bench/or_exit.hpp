#pragma once
// or_exit(): what a benchmark does with a failure, which is to say it and end.

#include <fmt/format.h>

#include <cstdlib>

#include "runtime/base/result.hpp"

namespace troupe {

template <class T>
T or_exit(Result<T> result) {
  if (result) return std::move(*result);
  fmt::print(stderr, "{}\n", to_string(result.error()));
  std::exit(1);
}

inline void or_exit(const Status& status) {
  if (status) return;
  fmt::print(stderr, "{}\n", to_string(status.error()));
  std::exit(1);
}

}  // namespace troupe
