#pragma once
// Scalars of YAML, read strictly: no "yes", no octal, no "1x", no NaN; what is written reads back the same.

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/base/clock.hpp"
#include "runtime/base/units.hpp"
#include "runtime/config/node.hpp"

namespace troupe::config {

/// Each returns nothing where `node` is no such scalar. Numbers and bools in quotes are text.
std::optional<bool> parse_bool(const Node& node);
/// -?(0|[1-9][0-9]*) within 64 bits.
std::optional<int64_t> parse_signed(const Node& node);
std::optional<uint64_t> parse_unsigned(const Node& node);
/// As JSON writes numbers; finite.
std::optional<double> parse_real(const Node& node);
/// Any scalar, quoted or not.
std::optional<std::string> parse_text(const Node& node);
std::optional<Duration> parse_duration_node(const Node& node);
std::optional<ByteCount> parse_bytes_node(const Node& node);

/// Shortest text that reads back as the same double; null for what is not finite.
NodePtr write_real(double value);
/// Bytes that are not UTF-8 become '?'.
NodePtr write_text(std::string text);
/// "512MiB", in the largest unit that is exact.
NodePtr write_bytes(ByteCount count);

}  // namespace troupe::config
