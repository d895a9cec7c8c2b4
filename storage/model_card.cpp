#include "storage/model_card.hpp"

#include <algorithm>
#include <array>

namespace troupe::storage {
namespace {

constexpr std::array wanted{std::string_view("license"), std::string_view("license_name"),
                            std::string_view("base_model"), std::string_view("pipeline_tag")};
constexpr size_t value_bytes_max = 256;

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view unquoted(std::string_view text) {
  const bool is_quoted =
      text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.front() == text.back();
  return is_quoted ? text.substr(1, text.size() - 2) : text;
}

/// Plain words: no list, no block, no reference, nothing that is not printable ASCII.
bool is_plain(std::string_view value) {
  return !value.empty() && value.size() <= value_bytes_max && value.find_first_of("[]{}|>&*!#%@`") != 0 &&
         std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~'; });
}

std::string_view take_line(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

}  // namespace

std::map<std::string, std::string> model_card_metadata(std::string_view readme) {
  std::map<std::string, std::string> fields;
  if (trimmed(take_line(readme)) != "---") return {};
  while (true) {
    if (readme.empty()) return {};
    const std::string_view line = take_line(readme);
    if (trimmed(line) == "---") break;
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || std::ranges::find(wanted, line.substr(0, colon)) == wanted.end()) continue;
    const std::string_view value = unquoted(trimmed(line.substr(colon + 1)));
    if (is_plain(value)) fields.emplace(line.substr(0, colon), value);
  }
  if (const auto name = fields.find("license_name"); name != fields.end()) {
    if (!fields.contains("license") || fields["license"] == "other") fields["license"] = name->second;
    fields.erase("license_name");
  }
  return fields;
}

}  // namespace troupe::storage
