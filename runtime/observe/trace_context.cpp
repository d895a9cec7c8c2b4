#include "runtime/observe/trace_context.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace troupe::observe {
namespace {

constexpr size_t version_bytes = 2;
constexpr size_t trace_bytes = 32;
constexpr size_t span_bytes = 16;
constexpr size_t flags_bytes = 2;
constexpr size_t whole_bytes = version_bytes + 1 + trace_bytes + 1 + span_bytes + 1 + flags_bytes;

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_id(std::string_view text) {
  return is_hex(text) && text.find_first_not_of('0') != text.npos;
}

}  // namespace

std::optional<TraceContext> parse_traceparent(std::string_view text) {
  if (text.size() < whole_bytes) return std::nullopt;
  const std::string_view version = text.substr(0, version_bytes);
  const bool has_more = text.size() > whole_bytes;
  if (!is_hex(version) || version == "ff" || (has_more && (version == "00" || text[whole_bytes] != '-')))
    return std::nullopt;
  const size_t trace_at = version_bytes + 1;
  const size_t span_at = trace_at + trace_bytes + 1;
  const size_t flags_at = span_at + span_bytes + 1;
  for (const size_t at : {trace_at, span_at, flags_at}) {
    if (text[at - 1] != '-') return std::nullopt;
  }
  const std::string_view trace = text.substr(trace_at, trace_bytes);
  const std::string_view span = text.substr(span_at, span_bytes);
  const std::string_view flags = text.substr(flags_at, flags_bytes);
  if (!is_id(trace) || !is_id(span) || !is_hex(flags)) return std::nullopt;
  return TraceContext{std::string(trace), std::string(span), std::string(flags)};
}

TraceContext make_child(const TraceContext& parent, Random& random) {
  uint64_t id = random.next();
  while (id == 0) id = random.next();
  return {parent.trace_id, fmt::format("{:016x}", id), parent.flags};
}

std::string format_traceparent(const TraceContext& context) {
  return fmt::format("00-{}-{}-{}", context.trace_id, context.span_id, context.flags);
}

}  // namespace troupe::observe
