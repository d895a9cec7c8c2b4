#include "storage/model_ref.hpp"

#include <algorithm>

namespace troupe::storage {
namespace {

constexpr size_t name_length_max = 64;
constexpr size_t version_length_max = 32;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_mark(char c) {
  return c == '.' || c == '_' || c == '-';
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

std::string_view without_leading_zeros(std::string_view digits) {
  const size_t first = digits.find_first_not_of('0');
  return first == std::string_view::npos ? std::string_view{} : digits.substr(first);
}

}  // namespace

Status check_model_name(std::string_view name) {
  const auto allowed = [](char c) { return is_lower(c) || is_digit(c) || is_mark(c); };
  if (name.empty() || name.size() > name_length_max || is_mark(name.front()) || !std::ranges::all_of(name, allowed))
    return fail_field("name",
                      "'{}' is no model name; it has 1 to {} of a-z, 0-9, '.', '_' and '-' and starts with a letter or "
                      "digit, like clerk",
                      name.substr(0, name_length_max), name_length_max);
  return {};
}

Status check_model_version(std::string_view version) {
  const auto allowed = [](char c) { return is_lower(c) || is_upper(c) || is_digit(c) || is_mark(c); };
  if (version.empty() || version.size() > version_length_max || is_mark(version.front()) ||
      !std::ranges::all_of(version, allowed))
    return fail_field("version",
                      "'{}' is no model version; it has 1 to {} letters, digits, '.', '_' and '-' and starts with a "
                      "letter or digit, like 2",
                      version.substr(0, version_length_max), version_length_max);
  return {};
}

Result<ModelRef> parse_model_ref(std::string_view text) {
  const size_t at = text.find('@');
  ModelRef ref{std::string(text.substr(0, at)), {}};
  TROUPE_CHECK(check_model_name(ref.name));
  if (at == std::string_view::npos) return ref;
  ref.version = text.substr(at + 1);
  TROUPE_CHECK(check_model_version(ref.version));
  return ref;
}

std::string to_string(const ModelRef& ref) {
  return ref.version.empty() ? ref.name : ref.name + '@' + ref.version;
}

bool version_before(std::string_view a, std::string_view b) noexcept {
  const bool a_counts = is_number(a);
  const bool b_counts = is_number(b);
  if (a_counts != b_counts) return a_counts;
  if (!a_counts) return a < b;
  const std::string_view x = without_leading_zeros(a);
  const std::string_view y = without_leading_zeros(b);
  if (x.size() != y.size()) return x.size() < y.size();
  return x != y ? x < y : a < b;
}

}  // namespace troupe::storage
