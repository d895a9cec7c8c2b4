#include "runtime/wire/schema.hpp"

namespace troupe::wire::detail {
namespace {

/// What decoding may allocate for each byte received: a one-byte empty struct must not become a hundred bytes of memory
/// a million times over. Real messages stay below; the constant is for small ones.
constexpr size_t budget_per_byte = 16;
constexpr size_t budget_least = 64 << 10;

}  // namespace

void Encoder::bytes(const Bytes& value) {
  // Past the number of frames that a receiver takes, byte strings stay in the body.
  if (value.size() < attachment_bytes_min || attachments_.size() == Limits{}.attachments_max) {
    writer_.bin(value.span());
    return;
  }
  const auto number = static_cast<uint32_t>(attachments_.size());
  const std::array<std::byte, 4> big_endian = {std::byte(number >> 24), std::byte(number >> 16 & 0xff),
                                               std::byte(number >> 8 & 0xff), std::byte(number & 0xff)};
  writer_.ext(attachment_ext, big_endian);
  attachments_.push_back(value);
}

Decoder::Decoder(const Body& body, const Limits& limits)
    : body_(body),
      reader_(body.data.span(), limits.depth_max),
      budget_(budget_least + budget_per_byte * body.data.size()),
      taken_(body.attachments.size()) {}

Bytes Decoder::bytes() {
  if (!reader_.next_is_ext()) {
    const auto data = reader_.bin();
    return reader_.ok() ? body_.data.slice(reader_.position() - data.size(), data.size()) : Bytes();
  }
  const Reader::Ext ext = reader_.ext();
  if (!reader_.ok()) return {};
  if (ext.type != attachment_ext || ext.data.size() != 4) {
    reader_.fail(fmt::format("expected bin or ext {} of 4 bytes, found ext {} of {} bytes", attachment_ext, ext.type,
                             ext.data.size()));
    return {};
  }
  size_t number = 0;
  for (const std::byte byte : ext.data) number = number << 8 | std::to_integer<size_t>(byte);
  if (number >= body_.attachments.size()) {
    reader_.fail(fmt::format("attachment {} is missing, the message has {}", number, body_.attachments.size()));
    return {};
  }
  if (taken_[number]) {
    reader_.fail(fmt::format("attachment {} is used twice", number));
    return {};
  }
  taken_[number] = true;
  return body_.attachments[number];
}

bool Decoder::afford(size_t count, size_t size) {
  if (!reader_.ok()) return false;
  if (count > budget_ / size) {
    reader_.end();
    reader_.fail(fmt::format("{} elements are more than a body of {} bytes may hold", count, body_.data.size()));
    return false;
  }
  budget_ -= count * size;
  return true;
}

Status check_limits(const Body& body, const Limits& limits) {
  if (body.data.size() > limits.body_bytes_max) {
    return fail(Errc::too_large, "the body has {} bytes, at most {} are taken", body.data.size(),
                limits.body_bytes_max);
  }
  if (body.attachments.size() > limits.attachments_max) {
    return fail(Errc::too_large, "the message has {} attachments, at most {} are taken", body.attachments.size(),
                limits.attachments_max);
  }
  if (const size_t bytes = body.size() - body.data.size(); bytes > limits.attachment_bytes_max) {
    return fail(Errc::too_large, "the attachments have {} bytes together, at most {} are taken", bytes,
                limits.attachment_bytes_max);
  }
  return {};
}

}  // namespace troupe::wire::detail
