#include "runtime/observe/log_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "runtime/observe/text.hpp"

namespace troupe::observe {
namespace {

/// Appends values as JSON does.
struct JsonAppender {
  std::string& out;

  void operator()(bool value) const { out += value ? "true" : "false"; }
  void operator()(int64_t value) const { fmt::format_to(std::back_inserter(out), "{}", value); }
  void operator()(uint64_t value) const { fmt::format_to(std::back_inserter(out), "{}", value); }
  void operator()(double value) const {
    if (std::isfinite(value))
      fmt::format_to(std::back_inserter(out), "{}", value);
    else
      out += "null";
  }
  void operator()(HexId id) const { fmt::format_to(std::back_inserter(out), "\"{:016x}\"", id.value); }
  void operator()(std::string_view value) const { append_json_string(out, value, log_string_bytes_max); }
};

/// Whether a value needs no quotes to be told from what follows it.
bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= log_string_bytes_max &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F && c != '"' && c != '='; });
}

}  // namespace

std::string json_line(const LogRecord& record) {
  std::string line = "{\"ts\":\"" + to_iso8601(record.time) + "\",\"level\":\"";
  line += to_string(record.level);
  line += "\",\"component\":";
  append_json_string(line, record.component, log_string_bytes_max);
  line += ",\"msg\":";
  append_json_string(line, record.message, log_string_bytes_max);
  for (const LogField& field : record.fields) {
    line += ',';
    append_json_string(line, field.key, log_string_bytes_max);
    line += ':';
    std::visit(JsonAppender{line}, field.value);
  }
  line += '}';
  return line;
}

std::string text_line(const LogRecord& record) {
  std::string line = fmt::format("{} {:<5} {}: ", to_iso8601(record.time), to_string(record.level), record.component);
  std::string message;
  append_json_string(message, record.message, log_string_bytes_max);
  // People read it: escapes stay, so that one record is one line, the quotes go.
  line.append(message, 1, message.size() - 2);
  for (const LogField& field : record.fields) {
    line += ' ';
    line += field.key;
    line += '=';
    const auto* text = std::get_if<std::string_view>(&field.value);
    if (text && is_word(*text))
      line += *text;
    else if (const auto* id = std::get_if<HexId>(&field.value))
      fmt::format_to(std::back_inserter(line), "{:016x}", id->value);
    else
      std::visit(JsonAppender{line}, field.value);
  }
  return line;
}

}  // namespace troupe::observe
