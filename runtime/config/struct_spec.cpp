#include "runtime/config/struct_spec.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "runtime/config/utf8.hpp"

namespace troupe::config {
namespace {

void report_unknown_keys(const StructSpec& spec, const Node& node, ErrorSink& errors, std::string_view also_known) {
  const std::vector<std::string> keys = spec.keys();
  for (const Node::Entry& entry : node.entries) {
    if (entry.key == also_known || std::find(keys.begin(), keys.end(), entry.key) != keys.end()) continue;
    const std::string& path = errors.path();
    errors.add(entry.line, fmt::format("{}{}'{}' is not a key {}{}; keys are: {}", path, path.empty() ? "" : " ",
                                       printable(entry.key), spec.name.empty() ? "here" : "of " + spec.name,
                                       errors.suggestion(entry.key, keys), fmt::join(keys, ", ")));
  }
}

void report_missing(const FieldBase& field, const Node& node, ErrorSink& errors) {
  const std::string& path = errors.path();
  errors.add(node.line, fmt::format("{}{}the key '{}' is missing: {} ({})", path, path.empty() ? "" : ": ", field.key(),
                                    field.help(), field.wants()));
}

}  // namespace

FieldBase::FieldBase(std::string key, std::string help, TypeInfo type)
    : key_(std::move(key)), help_(std::move(help)), wants_(type.wants), type_(std::move(type)) {}

std::vector<std::string> StructSpec::keys() const {
  std::vector<std::string> keys;
  keys.reserve(fields.size());
  for (const auto& field : fields) keys.push_back(field->key());
  return keys;
}

void read_struct(const StructSpec& spec, const Node& node, void* object, ErrorSink& errors,
                 std::string_view also_known) {
  if (node.kind != Node::Kind::mapping) return errors.expected(node, "a mapping");
  const size_t problems_before = errors.count();
  report_unknown_keys(spec, node, errors, also_known);
  for (const auto& field : spec.fields) {
    if (const Node* value = node.find(field->key())) {
      const ErrorSink::Scope scope(errors, field->key());
      field->read(*value, object, errors);
    } else if (field->is_required()) {
      report_missing(*field, node, errors);
    }
  }
  if (errors.count() != problems_before) return;
  for (const StructCheck& check : spec.checks) {
    if (check.call(check.function.get(), object)) continue;
    const std::string& path = errors.path();
    errors.add(node.line, fmt::format("{}{}expected {}", path, path.empty() ? "" : ": ", check.wants));
  }
}

NodePtr write_struct(const StructSpec& spec, const void* object) {
  auto node = std::make_shared<Node>();
  node->kind = Node::Kind::mapping;
  for (const auto& field : spec.fields) node->entries.push_back({field->key(), 0, field->write(object)});
  return node;
}

}  // namespace troupe::config
