#pragma once
// JsonNode: a value of a tokenizer.json that knows where it stands. Private to this folder.

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"

namespace troupe::gpu {

/// Cheap to copy. Valid while its document and the file's name are. Every error names the file and the JSON path:
/// corrupt_data for what the format does not allow, unimplemented for what Troupe does not have.
class JsonNode {
 public:
  /// `file` outlives the node.
  JsonNode(simdjson::dom::element value, const std::string& file) : value_(value), file_(&file) {}

  const simdjson::dom::element& value() const noexcept { return value_; }
  const std::string& path() const noexcept { return path_; }

  /// None where this is no object, or the member is absent or null.
  std::optional<JsonNode> find(std::string_view key) const;
  Result<JsonNode> member(std::string_view key) const;
  /// A value of this list or object that was found by going through it.
  JsonNode item(size_t index, simdjson::dom::element value) const;
  JsonNode item(std::string_view key, simdjson::dom::element value) const;
  /// The items of this list.
  Result<std::vector<JsonNode>> items() const;

  Result<simdjson::dom::object> object() const;
  Result<simdjson::dom::array> list() const;
  Result<std::string_view> text() const;
  Result<bool> boolean() const;
  /// From 0 to `last`.
  Result<int64_t> integer(int64_t last) const;

  /// Of a member that must be there.
  Result<std::string_view> text(std::string_view key) const;
  Result<bool> boolean(std::string_view key) const;
  /// Of one that need not be.
  Result<bool> boolean(std::string_view key, bool fallback) const;

  tl::unexpected<Error> wrong(std::string_view what) const;
  tl::unexpected<Error> unsupported(std::string_view found, std::string_view supported) const;
  /// `error` with the place in front.
  tl::unexpected<Error> at_place(Error error) const;

 private:
  JsonNode(simdjson::dom::element value, const std::string& file, std::string path)
      : value_(value), file_(&file), path_(std::move(path)) {}

  std::string path_of(std::string_view key) const;

  simdjson::dom::element value_;
  const std::string* file_;
  std::string path_;  ///< Empty for the whole.
};

}  // namespace troupe::gpu
