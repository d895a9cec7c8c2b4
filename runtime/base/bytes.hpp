#pragma once
// Bytes: an immutable slice of shared memory. Copying it copies a pointer; the memory lives as long as any slice of it.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace troupe {

class Bytes {
 public:
  Bytes() = default;

  /// Takes over `text`; one allocation.
  static Bytes own(std::string text) {
    auto owner = std::make_shared<std::string>(std::move(text));
    return Bytes(owner, std::as_bytes(std::span(owner->data(), owner->size())));
  }
  static Bytes copy(std::string_view text) { return own(std::string(text)); }
  /// A slice of memory that `owner` keeps alive and nobody changes.
  static Bytes share(std::shared_ptr<const void> owner, std::span<const std::byte> data) {
    return Bytes(std::move(owner), data);
  }

  const std::byte* data() const noexcept { return data_.data(); }
  size_t size() const noexcept { return data_.size(); }
  bool empty() const noexcept { return data_.empty(); }
  std::span<const std::byte> span() const noexcept { return data_; }
  std::string_view view() const noexcept { return {reinterpret_cast<const char*>(data_.data()), data_.size()}; }
  /// Bytes [offset, offset+count) of this slice, sharing its owner. Requires the range to lie inside.
  Bytes slice(size_t offset, size_t count) const { return Bytes(owner_, data_.subspan(offset, count)); }

  bool operator==(const Bytes& other) const noexcept { return view() == other.view(); }

 private:
  Bytes(std::shared_ptr<const void> owner, std::span<const std::byte> data) : owner_(std::move(owner)), data_(data) {}

  std::shared_ptr<const void> owner_;
  std::span<const std::byte> data_;
};

}  // namespace troupe
