#pragma once
// W3C Trace Context: the `traceparent` by which a request is followed from one system to the next.
//
// https://www.w3.org/TR/trace-context/, sections 3.2 and (traceresponse) https://w3c.github.io/trace-context/

#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/random.hpp"

namespace troupe::observe {

struct TraceContext {
  std::string trace_id;  ///< 32 lower-case hex digits, not all 0.
  std::string span_id;   ///< 16 of them: of who asks, or who answers.
  std::string flags;     ///< 2 of them; bit 0: sampled.
};

/// None for what is no `traceparent`: it is to be read over then. Versions to come are read as far as they are known.
std::optional<TraceContext> parse_traceparent(std::string_view text);

/// A span below `parent`: the same trace, an id of its own.
TraceContext make_child(const TraceContext& parent, Random& random);

/// "00-…-…-01"
std::string format_traceparent(const TraceContext& context);

}  // namespace troupe::observe
