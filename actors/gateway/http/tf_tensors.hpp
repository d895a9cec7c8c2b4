#pragma once
// Tensors of TensorFlow Serving's JSON: values without types or shapes to tensors, and back as nested lists. Only for
// .cpp files: includes simdjson.

#include <string>
#include <vector>

#include "actors/gateway/http/json_reader.hpp"
#include "runtime/protocol/tensor.hpp"

namespace troupe::gateway {

/// One tensor out of one value, or of one value a row. The shape is what the values say, alike for all of them, and so
/// is the type unless another is wanted.
class TfColumn {
 public:
  TfColumn(std::string name, bool has_rows) : name_(std::move(name)), has_rows_(has_rows) {}

  const std::string& name() const noexcept { return name_; }
  size_t values() const noexcept { return values_.size(); }

  /// `place` names the value in errors. Valid while the document is.
  Status add(json::Element value, std::string place);
  Result<protocol::Tensor> finish() const;
  /// As `wanted`; invalid_argument where the values are of another kind or beyond its range.
  Result<protocol::Tensor> finish(DType wanted) const;

 private:
  struct Value {
    json::Element element;
    std::string place;
  };
  enum class Kind : uint8_t { none, boolean, integer, real, text };

  template <class Visit>
  Status walk(json::Element value, size_t axis, const std::string& place, Visit& visit) const;
  Status note_kind(json::Element leaf, const std::string& place);
  DType found_type() const;

  const std::string name_;
  const bool has_rows_;
  std::vector<Value> values_;
  std::vector<int64_t> shape_;  ///< Of one value.
  Kind kind_ = Kind::none;
};

/// Writes a valid tensor's elements one after the other.
class TfWriter {
 public:
  explicit TfWriter(const protocol::Tensor& tensor) : tensor_(tensor) {}

  /// The next part of the tensor: everything below the first `axis` axes, as nested lists.
  void append(std::string& out, size_t axis);

 private:
  void append_element(std::string& out);
  void append_bytes(std::string& out);
  template <class T>
  T take();

  const protocol::Tensor& tensor_;
  size_t at_ = 0;
};

}  // namespace troupe::gateway
