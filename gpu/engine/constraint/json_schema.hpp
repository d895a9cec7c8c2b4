#pragma once
// Compiles a JSON Schema (draft 2020-12) into a grammar of the documents that it allows.

#include <cstddef>
#include <string_view>
#include <vector>

#include "gpu/engine/constraint/grammar.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gpu {

/// A pruned grammar and where its texts begin.
struct CompiledGrammar {
  Grammar grammar;
  Grammar::State start = Grammar::end;
};

inline constexpr size_t schema_bytes_max = 64 << 10;
/// Schemas inside schemas; references do not count.
inline constexpr int schema_depth_max = 64;

/// Each document that the grammar allows satisfies the schema. White space and numbers are as json_parts.hpp says.
///
///   any value   true, false, {}; type (one or a list), enum, const, anyOf, oneOf (taken as anyOf: a document may
///   satisfy
///               two), allOf of one schema, $ref to "#" or "#/…", also recursive
///   objects     properties (they come in this order), required, additionalProperties (behind the others, by names
///               without escapes). Where properties stand and it does not, there are no others
///   arrays      items, prefixItems, minItems, maxItems
///   strings     minLength, maxLength
///   integers    minimum, maximum, exclusiveMinimum, exclusiveMaximum; they are written without point and exponent
///   ignored     title, description, default, examples, deprecated, readOnly, writeOnly, $comment, $schema, $id,
///               $defs, definitions, discriminator
///
/// Keywords of one type alone mean that type where `type` is missing; those of other types than `type` mean nothing.
/// References, enum, const, anyOf, oneOf and allOf stand alone, but for what is ignored, and `type` beside enum and
/// const. Errors: invalid_argument (field "response_format") for anything else, quoting the place as a JSON pointer,
/// and for a schema that no document satisfies; too_large.
Result<CompiledGrammar> compile_schema(std::string_view schema);

/// Any object.
CompiledGrammar json_object_grammar();

/// One of these texts, as they are.
Result<CompiledGrammar> choice_grammar(const std::vector<std::string>& choices);

}  // namespace troupe::gpu
