#include "runtime/wire/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "runtime/base/assert.hpp"
#include "runtime/wire/utf8.hpp"

namespace troupe::wire {

Reader::Reader(std::span<const std::byte> data, size_t depth_max)
    : data_(data), depth_max_(std::min(depth_max, path_max)) {}

std::string_view Reader::name(Type type) noexcept {
  switch (type) {
    case Type::none:
      return "nothing";
    case Type::nil:
      return "nil";
    case Type::boolean:
      return "bool";
    case Type::integer:
      return "int";
    case Type::floating:
      return "float";
    case Type::str:
      return "str";
    case Type::bin:
      return "bin";
    case Type::array:
      return "array";
    case Type::map:
      return "map";
    case Type::ext:
      return "ext";
  }
  return "nothing";
}

void Reader::fail(std::string problem) {
  if (failed_) return;
  failed_ = true;
  problem_ = std::move(problem);
}

Error Reader::error(std::string_view subject) const {
  TROUPE_ASSERT(failed_);
  std::string where;
  if (depth_ != 0) where = fmt::format("field {} of ", fmt::join(path_.begin(), path_.begin() + depth_, "."));
  return Error{Errc::corrupt_data, fmt::format("{}{}: {}", where, subject, problem_), {}, {}};
}

uint64_t Reader::number(size_t bytes) {
  uint64_t value = 0;
  for (const std::byte byte : take(bytes)) value = value << 8 | std::to_integer<uint64_t>(byte);
  return value;
}

std::span<const std::byte> Reader::take(uint64_t bytes) {
  if (failed_) return {};
  if (bytes > remaining()) {
    fail(fmt::format("expected {} more bytes, found {}", bytes, remaining()));
    return {};
  }
  const auto taken = data_.subspan(position_, bytes);
  position_ += bytes;
  return taken;
}

Reader::Head Reader::sized(Type type, uint64_t count) {
  // Every element takes at least one byte, every pair two.
  const uint64_t bytes_min = type == Type::map ? 2 * count : count;
  if (!failed_ && bytes_min > remaining()) {
    fail(fmt::format("{} of {} is longer than the {} bytes that remain", name(type), count, remaining()));
  }
  if (failed_) return {};
  return {.type = type, .bits = count};
}

Reader::Head Reader::ext_head(uint64_t length) {
  const auto type = static_cast<int8_t>(number(1));
  Head head = sized(Type::ext, length);
  head.ext_type = type;
  return head;
}

Reader::Head Reader::head() {
  if (failed_) return {};
  if (remaining() == 0) {
    fail("expected a value, found the end of the frame");
    return {};
  }
  const auto lead = std::to_integer<uint8_t>(data_[position_++]);
  if (lead <= 0x7f) return {.type = Type::integer, .bits = lead};
  if (lead <= 0x8f) return sized(Type::map, lead & 0x0f);
  if (lead <= 0x9f) return sized(Type::array, lead & 0x0f);
  if (lead <= 0xbf) return sized(Type::str, lead & 0x1f);
  if (lead >= 0xe0) {
    return {.type = Type::integer, .negative = true, .bits = static_cast<uint64_t>(static_cast<int8_t>(lead))};
  }
  return long_head(lead);
}

Reader::Head Reader::long_head(uint8_t lead) {
  const auto integer = [](int64_t value) {
    return Head{.type = Type::integer, .negative = value < 0, .bits = static_cast<uint64_t>(value)};
  };
  switch (lead) {
    case 0xc0:
      return {.type = Type::nil};
    case 0xc2:
      return {.type = Type::boolean, .bits = 0};
    case 0xc3:
      return {.type = Type::boolean, .bits = 1};
    case 0xc4:
      return sized(Type::bin, number(1));
    case 0xc5:
      return sized(Type::bin, number(2));
    case 0xc6:
      return sized(Type::bin, number(4));
    case 0xc7:
      return ext_head(number(1));
    case 0xc8:
      return ext_head(number(2));
    case 0xc9:
      return ext_head(number(4));
    case 0xca:
      return {.type = Type::floating, .real = std::bit_cast<float>(static_cast<uint32_t>(number(4)))};
    case 0xcb:
      return {.type = Type::floating, .real = std::bit_cast<double>(number(8))};
    case 0xcc:
      return {.type = Type::integer, .bits = number(1)};
    case 0xcd:
      return {.type = Type::integer, .bits = number(2)};
    case 0xce:
      return {.type = Type::integer, .bits = number(4)};
    case 0xcf:
      return {.type = Type::integer, .bits = number(8)};
    case 0xd0:
      return integer(static_cast<int8_t>(number(1)));
    case 0xd1:
      return integer(static_cast<int16_t>(number(2)));
    case 0xd2:
      return integer(static_cast<int32_t>(number(4)));
    case 0xd3:
      return integer(static_cast<int64_t>(number(8)));
    case 0xd4:
      return ext_head(1);
    case 0xd5:
      return ext_head(2);
    case 0xd6:
      return ext_head(4);
    case 0xd7:
      return ext_head(8);
    case 0xd8:
      return ext_head(16);
    case 0xd9:
      return sized(Type::str, number(1));
    case 0xda:
      return sized(Type::str, number(2));
    case 0xdb:
      return sized(Type::str, number(4));
    case 0xdc:
      return sized(Type::array, number(2));
    case 0xdd:
      return sized(Type::array, number(4));
    case 0xde:
      return sized(Type::map, number(2));
    case 0xdf:
      return sized(Type::map, number(4));
    default:
      break;
  }
  fail(fmt::format("byte 0x{:02x} begins no value", lead));
  return {};
}

bool Reader::expect(const Head& found, Type wanted) {
  if (failed_) return false;
  if (found.type != wanted) fail(fmt::format("expected {}, found {}", name(wanted), name(found.type)));
  return !failed_;
}

bool Reader::boolean() {
  const Head found = head();
  return expect(found, Type::boolean) && found.bits != 0;
}

uint64_t Reader::unsigned_integer(uint64_t max) {
  const Head found = head();
  if (!expect(found, Type::integer)) return 0;
  if (found.negative) {
    fail(fmt::format("expected an int in 0..{}, found {}", max, static_cast<int64_t>(found.bits)));
    return 0;
  }
  if (found.bits > max) {
    fail(fmt::format("expected an int in 0..{}, found {}", max, found.bits));
    return 0;
  }
  return found.bits;
}

int64_t Reader::signed_integer(int64_t min, int64_t max) {
  const Head found = head();
  if (!expect(found, Type::integer)) return 0;
  const auto value = static_cast<int64_t>(found.bits);
  if (!found.negative && value < 0) {
    fail(fmt::format("expected an int in {}..{}, found {}", min, max, found.bits));
    return 0;
  }
  if (value < min || value > max) {
    fail(fmt::format("expected an int in {}..{}, found {}", min, max, value));
    return 0;
  }
  return value;
}

double Reader::floating() {
  const Head found = head();
  if (found.type == Type::integer) {
    return found.negative ? static_cast<double>(static_cast<int64_t>(found.bits)) : static_cast<double>(found.bits);
  }
  return expect(found, Type::floating) ? found.real : 0;
}

std::string_view Reader::str() {
  const Head found = head();
  if (!expect(found, Type::str)) return {};
  const auto data = take(found.bits);
  const std::string_view text{reinterpret_cast<const char*>(data.data()), data.size()};
  if (!is_utf8(text)) {
    fail("the str is not UTF-8");
    return {};
  }
  return text;
}

std::span<const std::byte> Reader::bin() {
  const Head found = head();
  return expect(found, Type::bin) ? take(found.bits) : std::span<const std::byte>{};
}

Reader::Ext Reader::ext() {
  const Head found = head();
  if (!expect(found, Type::ext)) return {};
  return {.type = found.ext_type, .data = take(found.bits)};
}

bool Reader::take_nil() {
  if (failed_ || remaining() == 0 || data_[position_] != std::byte{0xc0}) return false;
  ++position_;
  return true;
}

bool Reader::next_is_ext() const {
  if (failed_ || remaining() == 0) return false;
  const auto lead = std::to_integer<uint8_t>(data_[position_]);
  return (lead >= 0xc7 && lead <= 0xc9) || (lead >= 0xd4 && lead <= 0xd8);
}

size_t Reader::begin(Type type, size_t count_min) {
  const Head found = head();
  if (!expect(found, type)) return 0;
  if (found.bits < count_min) {
    fail(fmt::format("expected {} of {} or more, found {}", name(type), count_min, found.bits));
    return 0;
  }
  if (depth_ == depth_max_) {
    fail(fmt::format("nested deeper than {} levels", depth_max_));
    return 0;
  }
  path_[depth_++] = 0;
  return found.bits;
}

size_t Reader::begin_array(size_t count_min) {
  return begin(Type::array, count_min);
}

size_t Reader::begin_map() {
  return begin(Type::map, 0);
}

void Reader::at(size_t index) {
  if (!failed_) path_[depth_ - 1] = static_cast<uint32_t>(index);
}

void Reader::end() {
  if (!failed_) --depth_;
}

void Reader::skip() {
  // Values still owed. Each takes a byte at least, so this stays below what remains of the frame.
  uint64_t owed = 1;
  while (owed != 0 && !failed_) {
    --owed;
    const Head found = head();
    switch (found.type) {
      case Type::array:
        owed += found.bits;
        break;
      case Type::map:
        owed += 2 * found.bits;
        break;
      case Type::str:
      case Type::bin:
      case Type::ext:
        take(found.bits);
        break;
      default:
        break;
    }
  }
}

void Reader::finish() {
  if (remaining() != 0) fail(fmt::format("{} bytes follow the last value", remaining()));
}

}  // namespace troupe::wire
