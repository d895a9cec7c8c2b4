#pragma once
// StructSpec: what a schema says once the types are gone. For schema.hpp and the writers; components use Schema<T>.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/config/error_sink.hpp"
#include "runtime/config/node.hpp"

namespace troupe::config {

struct StructSpec;

/// What a type looks like in YAML, for messages and the reference.
struct TypeInfo {
  enum class Shape : uint8_t { scalar, structure, list, map, optional };

  Shape shape = Shape::scalar;
  std::string noun;   ///< "a whole number": a range is put behind it.
  std::string wants;  ///< "a whole number from 0 to 2^32-1"
  /// Of a structure itself, or of the structures in a list, map or optional; else null. A function, because a struct
  /// may hold lists of itself.
  const StructSpec& (*structure)() = nullptr;
};

/// One key of a mapping, bound to a member.
class FieldBase {
 public:
  virtual ~FieldBase() = default;

  /// Reads into the member of `object`, or reports to `errors`.
  virtual void read(const Node& node, void* object, ErrorSink& errors) const = 0;
  virtual NodePtr write(const void* object) const = 0;

  const std::string& key() const noexcept { return key_; }
  const std::string& help() const noexcept { return help_; }
  /// What would be right, with all rules: "a whole number from 1 to 4096".
  const std::string& wants() const noexcept { return wants_; }
  bool is_required() const noexcept { return required_; }
  const TypeInfo& type() const noexcept { return type_; }

 protected:
  FieldBase(std::string key, std::string help, TypeInfo type);

  std::string key_;
  std::string help_;
  std::string wants_;
  bool required_ = false;
  TypeInfo type_;
};

/// A rule over several fields.
struct StructCheck {
  std::string wants;
  bool (*call)(const void* function, const void* object);
  std::shared_ptr<const void> function;
};

struct StructSpec {
  std::string name;  ///< "Deployment"; empty where the schema has not said.
  std::vector<std::unique_ptr<FieldBase>> fields;
  std::vector<StructCheck> checks;
  NodePtr defaults;  ///< A default-constructed struct, written.

  std::vector<std::string> keys() const;
};

/// Reads a mapping onto `object`, whose members keep their values where keys are absent. Reports unknown and missing
/// keys; runs the checks only where everything else was right. `also_known` is a key to pass over.
void read_struct(const StructSpec& spec, const Node& node, void* object, ErrorSink& errors,
                 std::string_view also_known = {});

NodePtr write_struct(const StructSpec& spec, const void* object);

}  // namespace troupe::config
