#include "runtime/config/json.hpp"

namespace troupe::config {
namespace {

nlohmann::json scalar_json(const Node& node) {
  if (node.quoted) return node.text;
  if (const auto value = parse_bool(node)) return *value;
  if (const auto value = parse_unsigned(node)) return *value;
  if (const auto value = parse_signed(node)) return *value;
  if (const auto value = parse_real(node)) return *value;
  return node.text;
}

}  // namespace

nlohmann::json json_of(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return nullptr;
    case Node::Kind::scalar:
      return scalar_json(node);
    case Node::Kind::sequence: {
      auto list = nlohmann::json::array();
      for (const NodePtr& item : node.items) list.push_back(json_of(*item));
      return list;
    }
    case Node::Kind::mapping: {
      auto object = nlohmann::json::object();
      for (const Node::Entry& entry : node.entries) object[entry.key] = json_of(*entry.value);
      return object;
    }
  }
  return nullptr;
}

}  // namespace troupe::config
