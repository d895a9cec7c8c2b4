#pragma once
// Writer: appends MessagePack to a string, each value in its shortest form (msgpack spec, 2017).

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace troupe::wire {

/// Counts and lengths must be below 2^32, which the limits of every caller are far below.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void nil();
  void boolean(bool value);
  void unsigned_integer(uint64_t value);
  void signed_integer(int64_t value);
  void float32(float value);
  void float64(double value);
  /// `text` must be UTF-8.
  void str(std::string_view text);
  void bin(std::span<const std::byte> data);
  void ext(int8_t type, std::span<const std::byte> data);
  /// `count` values follow.
  void array(size_t count);
  /// `count` pairs of key and value follow.
  void map(size_t count);

 private:
  void byte(unsigned value) { out_.push_back(static_cast<char>(value)); }
  /// The low `bytes` bytes of `value`, big-endian, after the byte `head`.
  void number(unsigned head, uint64_t value, unsigned bytes);
  void raw(std::span<const std::byte> data);

  std::string& out_;
};

}  // namespace troupe::wire
