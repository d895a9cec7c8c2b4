#include "runtime/wire/envelope.hpp"

#include <algorithm>

#include "runtime/wire/reader.hpp"
#include "runtime/wire/writer.hpp"

namespace troupe::wire {
namespace {

constexpr size_t field_count = 10;  ///< Without the credit, which only some have.
constexpr std::string_view subject = "the envelope";

Kind read_kind(Reader& reader) {
  constexpr auto first = static_cast<int64_t>(Kind::request);
  constexpr auto last = static_cast<int64_t>(Kind::hello);
  return static_cast<Kind>(reader.signed_integer(first, last));
}

std::string read_str(Reader& reader, size_t bytes_max) {
  const std::string_view text = reader.str();
  if (text.size() > bytes_max) {
    reader.fail(fmt::format("expected at most {} bytes, found {}", bytes_max, text.size()));
    return {};
  }
  return std::string(text);
}

/// Skips fields of newer versions and closes the array.
void end_fields(Reader& reader, size_t known, size_t count) {
  for (size_t i = known; i < count && reader.ok(); ++i) {
    reader.at(i);
    reader.skip();
  }
  reader.end();
}

void read_source(Reader& reader, Envelope& envelope) {
  const size_t count = reader.begin_array(2);
  envelope.source_node = {reader.unsigned_integer()};
  reader.at(1);
  envelope.source_incarnation = {reader.unsigned_integer()};
  end_fields(reader, 2, count);
}

void read_target(Reader& reader, Envelope& envelope) {
  const size_t count = reader.begin_array(2);
  envelope.target_incarnation = {reader.unsigned_integer()};
  reader.at(1);
  envelope.target_path = read_str(reader, target_path_bytes_max);
  end_fields(reader, 2, count);
}

std::optional<std::chrono::microseconds> read_remaining(Reader& reader) {
  if (reader.take_nil()) return std::nullopt;
  return std::chrono::microseconds(reader.signed_integer(0, std::chrono::microseconds(remaining_max).count()));
}

std::optional<PartPosition> read_part(Reader& reader, Kind kind) {
  if (reader.take_nil()) {
    if (kind == Kind::part) reader.fail("expected [index, last] in a message of kind part, found nil");
    return std::nullopt;
  }
  if (kind != Kind::part) {
    reader.fail(fmt::format("expected nil in a message of kind {}", static_cast<unsigned>(kind)));
    return std::nullopt;
  }
  PartPosition part;
  const size_t count = reader.begin_array(2);
  part.index = static_cast<uint32_t>(reader.unsigned_integer(std::numeric_limits<uint32_t>::max()));
  reader.at(1);
  part.last = reader.boolean();
  end_fields(reader, 2, count);
  return part;
}

std::optional<uint64_t> read_credit(Reader& reader, Kind kind) {
  if (reader.take_nil()) return std::nullopt;
  if (kind != Kind::request && kind != Kind::credit) {
    reader.fail(fmt::format("expected nil in a message of kind {}", static_cast<unsigned>(kind)));
    return std::nullopt;
  }
  return reader.unsigned_integer();
}

void read_fields(Reader& reader, Envelope& envelope, size_t count) {
  reader.at(1);
  envelope.kind = read_kind(reader);
  reader.at(2);
  envelope.message_type = static_cast<uint16_t>(reader.unsigned_integer(std::numeric_limits<uint16_t>::max()));
  reader.at(3);
  envelope.correlation_id = {reader.unsigned_integer()};
  reader.at(4);
  read_source(reader, envelope);
  reader.at(5);
  read_target(reader, envelope);
  reader.at(6);
  envelope.remaining = read_remaining(reader);
  reader.at(7);
  envelope.priority = static_cast<uint8_t>(reader.unsigned_integer(std::numeric_limits<uint8_t>::max()));
  reader.at(8);
  envelope.trace = read_str(reader, trace_bytes_max);
  reader.at(9);
  envelope.part = read_part(reader, envelope.kind);
  reader.at(field_count);
  if (count > field_count) envelope.credit = read_credit(reader, envelope.kind);
  if (envelope.kind == Kind::credit && !envelope.credit)
    reader.fail("expected the bytes of a message of kind credit, found nil");
}

}  // namespace

void encode(const Envelope& envelope, std::string& out) {
  Writer writer(out);
  writer.array(field_count + (envelope.credit ? 1 : 0));
  writer.unsigned_integer(envelope.protocol);
  writer.unsigned_integer(static_cast<uint8_t>(envelope.kind));
  writer.unsigned_integer(envelope.message_type);
  writer.unsigned_integer(envelope.correlation_id.value);
  writer.array(2);
  writer.unsigned_integer(envelope.source_node.value);
  writer.unsigned_integer(envelope.source_incarnation.value);
  writer.array(2);
  writer.unsigned_integer(envelope.target_incarnation.value);
  writer.str(envelope.target_path);
  if (envelope.remaining) {
    writer.signed_integer(
        std::clamp<int64_t>(envelope.remaining->count(), 0, std::chrono::microseconds(remaining_max).count()));
  } else {
    writer.nil();
  }
  writer.unsigned_integer(envelope.priority);
  writer.str(envelope.trace);
  if (envelope.part) {
    writer.array(2);
    writer.unsigned_integer(envelope.part->index);
    writer.boolean(envelope.part->last);
  } else {
    writer.nil();
  }
  if (envelope.credit) writer.unsigned_integer(*envelope.credit);
}

Result<Envelope> decode_envelope(std::span<const std::byte> frame, const Limits& limits) {
  if (frame.size() > limits.header_bytes_max) {
    return troupe::fail(Errc::too_large, "the envelope has {} bytes, at most {} are taken", frame.size(),
                        limits.header_bytes_max);
  }
  Reader reader(frame, limits.depth_max);
  Envelope envelope;
  const size_t count = reader.begin_array(field_count);
  envelope.protocol = static_cast<uint32_t>(reader.unsigned_integer(std::numeric_limits<uint32_t>::max()));
  // Another protocol may have other fields, so it is judged before they are.
  if (reader.ok() && envelope.protocol != protocol_number) {
    return troupe::fail(Errc::unimplemented, "the envelope is of protocol {}, this build speaks {}", envelope.protocol,
                        protocol_number);
  }
  read_fields(reader, envelope, count);
  end_fields(reader, field_count + 1, count);
  reader.finish();
  if (!reader.ok()) return troupe::fail(reader.error(subject));
  return envelope;
}

}  // namespace troupe::wire
