#pragma once
// Where in a document stands what is wrong with its meaning, as opposed to its form, which bind() sees.

#include "runtime/base/error.hpp"
#include "runtime/config/document.hpp"

namespace troupe::config {

/// The line of a path such as "metrics[1].of": of the deepest part of it that the document has.
uint32_t line_of(const Document& document, std::string_view path);

/// The error as "file:line: message", at the line of its field.
Error located(const Document& document, Error error);

}  // namespace troupe::config
