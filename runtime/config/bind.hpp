#pragma once
// Structs from YAML and back. The entry header of config: include it where files are read or written; a component's
// options header needs only schema.hpp.

#include <string>

#include "runtime/base/result.hpp"
#include "runtime/config/document.hpp"
#include "runtime/config/schema.hpp"

namespace troupe::config {

/// Block style, keys in the order of the schema, ending in a newline. What it writes, parse_documents() reads.
std::string emit_yaml(const Node& node);

/// See reference_text().
std::string reference_of(const StructSpec& spec);

/// The struct that a document describes; keys that are absent keep the struct's defaults. The top-level key `kind` is
/// the document's own and needs no field. On failure the Error lists every problem of the document, one a line.
template <Described T>
Result<T> bind(const Document& document) {
  ErrorSink errors(document.file);
  T value{};
  const StructSpec& spec = spec_of<T>();
  read_struct(spec, *document.node, &value, errors, "kind");
  if (errors.count() > 0) return fail(errors.error());
  return value;
}

/// As above for a part of a document; `file` is for messages.
template <Described T>
Result<T> bind(const Node& node, const std::string& file) {
  ErrorSink errors(file);
  T value{};
  read_struct(spec_of<T>(), node, &value, errors);
  if (errors.count() > 0) return fail(errors.error());
  return value;
}

/// Binds back to an equal struct, if each value keeps its field's rules and doubles are finite.
template <Described T>
std::string to_yaml(const T& value) {
  return emit_yaml(*Codec<T>::write(value));
}

/// A commented YAML sample: each key with its help, what it may be and its default. It binds to the defaults, unless
/// keys are required.
template <Described T>
std::string reference_text() {
  return reference_of(spec_of<T>());
}

}  // namespace troupe::config
