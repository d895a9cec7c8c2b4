#pragma once
// Reader: pulls MessagePack values out of a span.
//
// The first error sticks: from then on every call returns a zero value and changes nothing, so that a parser checks
// once at its end (and in loops). Nothing is allocated but that error's message. Counts and lengths are checked against
// the bytes that remain, nesting against `depth_max`. Any form of an integer or length is taken, not only the shortest.

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "runtime/base/error.hpp"
#include "runtime/wire/limits.hpp"

namespace troupe::wire {

class Reader {
 public:
  /// Deepest nesting that a path can name.
  static constexpr size_t path_max = 32;

  struct Ext {
    int8_t type = 0;
    std::span<const std::byte> data;
  };

  /// `data` must outlive the Reader and what its calls return.
  explicit Reader(std::span<const std::byte> data, size_t depth_max = Limits{}.depth_max);

  bool boolean();
  uint64_t unsigned_integer(uint64_t max = std::numeric_limits<uint64_t>::max());
  int64_t signed_integer(int64_t min = std::numeric_limits<int64_t>::min(),
                         int64_t max = std::numeric_limits<int64_t>::max());
  /// Takes integers too: some encoders write 1.0 as 1.
  double floating();
  /// Refuses what is not UTF-8.
  std::string_view str();
  std::span<const std::byte> bin();
  Ext ext();

  /// Consumes a nil if it is next.
  bool take_nil();
  bool next_is_ext() const;

  /// Opens an array of as many values, or a map of as many pairs, as is returned: at(i) before each, end() after all.
  size_t begin_array(size_t count_min = 0);
  size_t begin_map();
  void at(size_t index);
  void end();

  /// Passes over one value however deep it is; needs neither stack nor memory.
  void skip();
  /// Refuses bytes after the last value.
  void finish();

  bool ok() const noexcept { return !failed_; }
  size_t position() const noexcept { return position_; }
  size_t remaining() const noexcept { return data_.size() - position_; }

  /// Records an error at the present path, e.g. "expected str, found int".
  void fail(std::string problem);
  /// corrupt_data: "field 4.1 of message type 10: expected str, found int", `subject` being "message type 10". The
  /// path counts fields and elements from 0. Requires !ok().
  Error error(std::string_view subject) const;

 private:
  enum class Type : uint8_t { none, nil, boolean, integer, floating, str, bin, array, map, ext };
  /// One value's head: scalars whole; `bits` is the length or count of the others.
  struct Head {
    Type type = Type::none;
    bool negative = false;  ///< Integer: `bits` is its two's complement.
    int8_t ext_type = 0;
    uint64_t bits = 0;
    double real = 0;
  };

  static std::string_view name(Type type) noexcept;
  Head head();
  Head long_head(uint8_t lead);
  Head sized(Type type, uint64_t count);
  Head ext_head(uint64_t length);
  uint64_t number(size_t bytes);
  bool expect(const Head& found, Type wanted);
  std::span<const std::byte> take(uint64_t bytes);
  size_t begin(Type type, size_t count_min);

  std::span<const std::byte> data_;
  size_t position_ = 0;
  size_t depth_max_;
  size_t depth_ = 0;
  std::array<uint32_t, path_max> path_{};
  bool failed_ = false;
  std::string problem_;
};

}  // namespace troupe::wire
