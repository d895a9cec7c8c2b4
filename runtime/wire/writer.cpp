#include "runtime/wire/writer.hpp"

#include <bit>
#include <limits>

#include "runtime/base/assert.hpp"

namespace troupe::wire {
namespace {

constexpr uint64_t u8_max = std::numeric_limits<uint8_t>::max();
constexpr uint64_t u16_max = std::numeric_limits<uint16_t>::max();
constexpr uint64_t u32_max = std::numeric_limits<uint32_t>::max();

}  // namespace

void Writer::number(unsigned head, uint64_t value, unsigned bytes) {
  char buffer[9] = {static_cast<char>(head)};
  for (unsigned i = 0; i < bytes; ++i) buffer[bytes - i] = static_cast<char>(value >> (8 * i));
  out_.append(buffer, bytes + 1);
}

void Writer::raw(std::span<const std::byte> data) {
  out_.append(reinterpret_cast<const char*>(data.data()), data.size());
}

void Writer::nil() {
  byte(0xc0);
}

void Writer::boolean(bool value) {
  byte(value ? 0xc3 : 0xc2);
}

void Writer::unsigned_integer(uint64_t value) {
  if (value < 0x80) {
    byte(static_cast<unsigned>(value));
  } else if (value <= u8_max) {
    number(0xcc, value, 1);
  } else if (value <= u16_max) {
    number(0xcd, value, 2);
  } else if (value <= u32_max) {
    number(0xce, value, 4);
  } else {
    number(0xcf, value, 8);
  }
}

void Writer::signed_integer(int64_t value) {
  const auto bits = static_cast<uint64_t>(value);
  if (value >= 0) {
    unsigned_integer(bits);
  } else if (value >= -32) {
    byte(static_cast<unsigned>(bits & 0xff));
  } else if (value >= std::numeric_limits<int8_t>::min()) {
    number(0xd0, bits, 1);
  } else if (value >= std::numeric_limits<int16_t>::min()) {
    number(0xd1, bits, 2);
  } else if (value >= std::numeric_limits<int32_t>::min()) {
    number(0xd2, bits, 4);
  } else {
    number(0xd3, bits, 8);
  }
}

void Writer::float32(float value) {
  number(0xca, std::bit_cast<uint32_t>(value), 4);
}

void Writer::float64(double value) {
  number(0xcb, std::bit_cast<uint64_t>(value), 8);
}

void Writer::str(std::string_view text) {
  TROUPE_ASSERT(text.size() <= u32_max);
  if (text.size() < 32) {
    byte(0xa0 | static_cast<unsigned>(text.size()));
  } else if (text.size() <= u8_max) {
    number(0xd9, text.size(), 1);
  } else if (text.size() <= u16_max) {
    number(0xda, text.size(), 2);
  } else {
    number(0xdb, text.size(), 4);
  }
  out_.append(text);
}

void Writer::bin(std::span<const std::byte> data) {
  TROUPE_ASSERT(data.size() <= u32_max);
  if (data.size() <= u8_max) {
    number(0xc4, data.size(), 1);
  } else if (data.size() <= u16_max) {
    number(0xc5, data.size(), 2);
  } else {
    number(0xc6, data.size(), 4);
  }
  raw(data);
}

void Writer::ext(int8_t type, std::span<const std::byte> data) {
  TROUPE_ASSERT(data.size() <= u32_max);
  switch (data.size()) {
    case 1:
      byte(0xd4);
      break;
    case 2:
      byte(0xd5);
      break;
    case 4:
      byte(0xd6);
      break;
    case 8:
      byte(0xd7);
      break;
    case 16:
      byte(0xd8);
      break;
    default:
      if (data.size() <= u8_max) {
        number(0xc7, data.size(), 1);
      } else if (data.size() <= u16_max) {
        number(0xc8, data.size(), 2);
      } else {
        number(0xc9, data.size(), 4);
      }
  }
  byte(static_cast<uint8_t>(type));
  raw(data);
}

void Writer::array(size_t count) {
  TROUPE_ASSERT(count <= u32_max);
  if (count < 16) {
    byte(0x90 | static_cast<unsigned>(count));
  } else if (count <= u16_max) {
    number(0xdc, count, 2);
  } else {
    number(0xdd, count, 4);
  }
}

void Writer::map(size_t count) {
  TROUPE_ASSERT(count <= u32_max);
  if (count < 16) {
    byte(0x80 | static_cast<unsigned>(count));
  } else if (count <= u16_max) {
    number(0xde, count, 2);
  } else {
    number(0xdf, count, 4);
  }
}

}  // namespace troupe::wire
