#pragma once
// JsonFields: typed reads from one object of a JSON file, with errors that name file, key, found and expected.

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"

namespace troupe::gpu {

/// Parses a file that must hold one JSON object. Files over `max_bytes` and values nested deeper than 64 are refused.
Result<nlohmann::json> read_json_object(const std::filesystem::path& path, uint64_t max_bytes);

/// Bounds are inclusive. A key that is absent or null takes the fallback, or is an error where there is none.
/// `object` must outlive the reader.
class JsonFields {
 public:
  /// `prefix` names the object inside its file, e.g. "rope_parameters.".
  JsonFields(std::string file, const nlohmann::json& object, std::string prefix = {})
      : file_(std::move(file)), object_(&object), prefix_(std::move(prefix)) {}

  /// Null where the key is absent or null.
  const nlohmann::json* find(std::string_view key) const;
  /// False where the key is absent.
  bool contains(std::string_view key) const;
  /// False where the key is absent or null.
  bool has(std::string_view key) const { return find(key) != nullptr; }

  Result<int64_t> integer(std::string_view key, int64_t low, int64_t high, std::optional<int64_t> fallback = {}) const;
  Result<double> number(std::string_view key, double low, double high, std::optional<double> fallback = {}) const;
  Result<bool> boolean(std::string_view key, bool fallback) const;
  Result<std::string> text(std::string_view key, std::optional<std::string> fallback = {}) const;
  /// One integer or a list of them; none where the key is absent or null.
  Result<std::vector<int32_t>> ids(std::string_view key, int64_t low, int64_t high) const;

  /// A list of strings; none where the key is absent or null.
  Result<std::vector<std::string>> texts(std::string_view key) const;
  /// An object inside this one; none where the key is absent or null.
  Result<std::optional<JsonFields>> object(std::string_view key) const;

  /// "<file>: <key>: expected <expected>, found <what is there>"; invalid_argument.
  tl::unexpected<Error> wrong(std::string_view key, std::string_view expected) const;
  /// "<file>: <key>: <what is there> is not supported; supported: <supported>"; unimplemented.
  tl::unexpected<Error> unsupported(std::string_view key, std::string_view supported) const;

  const std::string& file() const { return file_; }

 private:
  std::string found(std::string_view key) const;

  std::string file_;
  const nlohmann::json* object_;
  std::string prefix_;
};

}  // namespace troupe::gpu
