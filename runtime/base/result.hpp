#pragma once
// Result<T>: a value or an Error. The return type of everything that can fail for a reason outside the program.

#include <fmt/format.h>

#include <tl/expected.hpp>
#include <utility>

#include "runtime/base/error.hpp"

namespace troupe {

template <class T>
using Result = tl::expected<T, Error>;

/// Success or an Error.
using Status = Result<void>;

/// return fail(Errc::not_found, "no model named {}", name);
template <class... Args>
[[nodiscard]] tl::unexpected<Error> fail(Errc code, fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected<Error>(Error{code, fmt::format(format, std::forward<Args>(args)...), {}, {}});
}

/// As fail(), and names the field of the request or file that is wrong.
template <class... Args>
[[nodiscard]] tl::unexpected<Error> fail_field(std::string field, fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected<Error>(
      Error{Errc::invalid_argument, fmt::format(format, std::forward<Args>(args)...), std::move(field), {}});
}

[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace troupe

#define TROUPE_CONCAT_IMPL(a, b) a##b
#define TROUPE_CONCAT(a, b) TROUPE_CONCAT_IMPL(a, b)

/// TROUPE_TRY(auto value, may_fail()): binds the value, or returns the Error from the enclosing function.
#define TROUPE_TRY(declaration, expression) TROUPE_TRY_IMPL(TROUPE_CONCAT(result_, __LINE__), declaration, expression)
#define TROUPE_TRY_IMPL(result, declaration, expression)                          \
  auto result = (expression);                                                     \
  if (!result) return tl::unexpected<::troupe::Error>(std::move(result.error())); \
  declaration = std::move(*result)

/// TROUPE_CHECK(status()): returns the Error of a failed Status from the enclosing function.
#define TROUPE_CHECK(expression)                                                                                   \
  do {                                                                                                             \
    if (auto status_ = (expression); !status_) return tl::unexpected<::troupe::Error>(std::move(status_.error())); \
  } while (false)
