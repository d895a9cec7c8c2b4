#include "gpu/tokenizer/json_node.hpp"

namespace troupe::gpu {

std::string JsonNode::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

std::optional<JsonNode> JsonNode::find(std::string_view key) const {
  simdjson::dom::element found;
  if (value_[key].get(found) != simdjson::SUCCESS || found.is_null()) return std::nullopt;
  return JsonNode(found, *file_, path_of(key));
}

Result<JsonNode> JsonNode::member(std::string_view key) const {
  if (auto found = find(key)) return *std::move(found);
  return item(key, value_).wrong("is missing");
}

JsonNode JsonNode::item(size_t index, simdjson::dom::element value) const {
  return JsonNode(value, *file_, fmt::format("{}[{}]", path_, index));
}

JsonNode JsonNode::item(std::string_view key, simdjson::dom::element value) const {
  return JsonNode(value, *file_, path_of(key));
}

Result<std::vector<JsonNode>> JsonNode::items() const {
  TROUPE_TRY(const simdjson::dom::array values, list());
  std::vector<JsonNode> nodes;
  for (const simdjson::dom::element value : values) nodes.push_back(item(nodes.size(), value));
  return nodes;
}

Result<simdjson::dom::object> JsonNode::object() const {
  simdjson::dom::object found;
  if (value_.get(found) != simdjson::SUCCESS) return wrong("expected an object");
  return found;
}

Result<simdjson::dom::array> JsonNode::list() const {
  simdjson::dom::array found;
  if (value_.get(found) != simdjson::SUCCESS) return wrong("expected a list");
  return found;
}

Result<std::string_view> JsonNode::text() const {
  std::string_view found;
  if (value_.get(found) != simdjson::SUCCESS) return wrong("expected a string");
  return found;
}

Result<bool> JsonNode::boolean() const {
  bool found = false;
  if (value_.get(found) != simdjson::SUCCESS) return wrong("expected true or false");
  return found;
}

Result<int64_t> JsonNode::integer(int64_t last) const {
  int64_t found = 0;
  if (value_.get(found) != simdjson::SUCCESS || found < 0 || found > last) {
    return wrong(fmt::format("expected a number from 0 to {}", last));
  }
  return found;
}

Result<std::string_view> JsonNode::text(std::string_view key) const {
  TROUPE_TRY(const JsonNode node, member(key));
  return node.text();
}

Result<bool> JsonNode::boolean(std::string_view key) const {
  TROUPE_TRY(const JsonNode node, member(key));
  return node.boolean();
}

Result<bool> JsonNode::boolean(std::string_view key, bool fallback) const {
  const auto node = find(key);
  if (!node) return fallback;
  return node->boolean();
}

tl::unexpected<Error> JsonNode::wrong(std::string_view what) const {
  return at_place(Error{Errc::corrupt_data, std::string(what), {}, {}});
}

tl::unexpected<Error> JsonNode::unsupported(std::string_view found, std::string_view supported) const {
  return at_place(
      Error{Errc::unimplemented, fmt::format("{} is not supported; supported: {}", found, supported), {}, {}});
}

tl::unexpected<Error> JsonNode::at_place(Error error) const {
  error.message = fmt::format("{}: {}{}{}", *file_, path_, path_.empty() ? "" : ": ", error.message);
  error.field = path_;
  return fail(std::move(error));
}

}  // namespace troupe::gpu
