#include <fmt/format.h>

#include <cctype>

#include "runtime/config/bind.hpp"
#include "runtime/config/lines.hpp"

namespace troupe::config {
namespace {

/// Structs may hold lists of themselves; the sample shows so many levels.
constexpr int levels_max = 6;

std::string sample_of(const StructSpec& spec, const Node& values, int level);

std::string indented(const std::string& text) {
  return prefix_lines(text, "  ", "  ");
}
std::string commented(const std::string& text) {
  return prefix_lines(text, "# ", "# ");
}

std::string comment_of(const FieldBase& field) {
  std::string wants = field.wants();
  wants[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(wants[0])));
  const bool is_structure = field.type().shape == TypeInfo::Shape::structure;
  return fmt::format("# {}.{}{}\n", field.help(), is_structure ? "" : " " + wants + ".",
                     field.is_required() ? " Required." : "");
}

/// How one would fill a list, map or optional of structures, as a comment.
std::string example_of(const FieldBase& field, int level) {
  const StructSpec& spec = field.type().structure();
  const std::string element = sample_of(spec, *spec.defaults, level + 1);
  std::string body;
  switch (field.type().shape) {
    case TypeInfo::Shape::list:
      body = prefix_lines("-\n" + indented(element), "  ", "  ");
      break;
    case TypeInfo::Shape::map:
      body = indented("name:\n" + indented(element));
      break;
    default:
      body = indented(element);
      break;
  }
  return commented(field.key() + ":\n" + body);
}

std::string sample_of(const StructSpec& spec, const Node& values, int level) {
  std::string out;
  for (const auto& field : spec.fields) {
    const Node& value = *values.find(field->key());
    const TypeInfo& type = field->type();
    const bool is_nested = type.structure != nullptr && level < levels_max;
    out += comment_of(*field);
    if (is_nested && type.shape == TypeInfo::Shape::structure) {
      out += field->key() + ":\n" + indented(sample_of(type.structure(), value, level + 1));
      continue;
    }
    if (is_nested) out += example_of(*field, level);
    out += emit_entry(field->key(), value);
  }
  return out;
}

}  // namespace

std::string reference_of(const StructSpec& spec) {
  return sample_of(spec, *spec.defaults, 0);
}

}  // namespace troupe::config
