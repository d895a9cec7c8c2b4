#include "actors/experiment/ledger/stored_ledger.hpp"

#include "actors/experiment/assignment/segments.hpp"
#include "runtime/wire/reader.hpp"
#include "runtime/wire/writer.hpp"

namespace troupe::experiment {
namespace {

constexpr uint64_t schema = 1;
constexpr size_t buckets_max = 1 << 13;

void put(wire::Writer& out, Int128 value) {
  out.signed_integer(static_cast<int64_t>(value >> 64));
  out.unsigned_integer(static_cast<uint64_t>(value));
}

Int128 get_wide(wire::Reader& in) {
  const Int128 high = in.signed_integer();
  return (high << 64) | in.unsigned_integer();
}

void put(wire::Writer& out, const BucketCounts& counts) {
  out.array(counts.size() * 2);
  for (const auto& [bucket, count] : counts) {
    out.unsigned_integer(bucket);
    out.signed_integer(count);
  }
}

BucketCounts get_counts(wire::Reader& in) {
  BucketCounts counts;
  const size_t numbers = in.begin_array();
  if (numbers % 2 != 0 || numbers / 2 > buckets_max) in.fail("no list of buckets and counts");
  for (size_t i = 0; i < numbers / 2 && in.ok(); ++i) {
    const auto bucket = static_cast<uint16_t>(in.unsigned_integer(std::numeric_limits<uint16_t>::max()));
    counts[bucket] = in.signed_integer();
  }
  in.end();
  return counts;
}

void put(wire::Writer& out, const MeasureTotal& total) {
  out.array(5);
  out.signed_integer(total.count);
  put(out, total.sum);
  out.signed_integer(total.first_us);
  put(out, total.buckets);
}

MeasureTotal get_total(wire::Reader& in) {
  MeasureTotal total;
  in.begin_array(5);
  total.count = in.signed_integer();
  total.sum = get_wide(in);
  total.first_us = in.signed_integer();
  total.buckets = get_counts(in);
  in.end();
  return total;
}

/// Nothing was added up.
bool is_empty(const MeasureTotal& total) {
  return total.count == 0;
}

/// After the totals: the segment, and how long after `first_us` its exposure was. Not where no segment is known.
constexpr size_t segment_fields = 2;

void put(wire::Writer& out, const UnitPlace& place) {
  const bool has_segment = place.segment != 0;
  out.array(3 + place.totals.size() + (has_segment ? segment_fields : 0));
  out.unsigned_integer(place.revision);
  out.unsigned_integer(place.arm);
  out.signed_integer(place.first_us);
  for (const MeasureTotal& total : place.totals) is_empty(total) ? out.nil() : put(out, total);
  if (!has_segment) return;
  out.unsigned_integer(place.segment);
  out.signed_integer(place.segment_us - place.first_us);
}

UnitPlace get_place(wire::Reader& in, const Rules& rules) {
  UnitPlace place;
  const size_t fields = in.begin_array(3);
  const size_t without_segment = 3 + rules.measures.size();
  const bool has_segment = fields == without_segment + segment_fields;
  if (in.ok() && fields != without_segment && !has_segment) in.fail("another number of measures");
  place.revision = static_cast<uint32_t>(in.unsigned_integer(std::numeric_limits<uint32_t>::max()));
  place.arm = static_cast<uint32_t>(in.unsigned_integer(rules.arms - 1));
  place.first_us = in.signed_integer();
  for (size_t i = 0; i < rules.measures.size() && in.ok(); ++i)
    place.totals.push_back(in.take_nil() ? MeasureTotal{} : get_total(in));
  if (has_segment && in.ok()) {
    place.segment = static_cast<uint32_t>(in.unsigned_integer(segment_count(rules.segmentations)));
    place.segment_us = place.first_us + in.signed_integer();
  }
  in.end();
  return place;
}

void put(wire::Writer& out, const UnitOutcome& outcome) {
  out.array(5);
  out.signed_integer(outcome.time_us);
  out.unsigned_integer(outcome.id_high);
  out.unsigned_integer(outcome.id_low);
  out.unsigned_integer(outcome.measure);
  out.signed_integer(outcome.value);
}

UnitOutcome get_outcome(wire::Reader& in, const Rules& rules) {
  UnitOutcome outcome;
  in.begin_array(5);
  outcome.time_us = in.signed_integer();
  outcome.id_high = in.unsigned_integer();
  outcome.id_low = in.unsigned_integer();
  outcome.measure = static_cast<uint16_t>(in.unsigned_integer(rules.measures.size() - 1));
  outcome.value = in.signed_integer();
  in.end();
  return outcome;
}

/// Opens the array of a record with so many fields after the schema's number.
Status begin(wire::Reader& in, size_t fields) {
  in.begin_array(1 + fields);
  const uint64_t found = in.unsigned_integer();
  if (in.ok() && found != schema)
    return fail(Errc::failed_precondition, "it has schema {}, but this version of Troupe reads {}", found, schema);
  return {};
}

Status finished(wire::Reader& in, std::string_view what) {
  in.end();
  in.finish();
  if (in.ok()) return {};
  return fail(in.error(what));
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

void put_big_endian(std::string& out, uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
}

/// Takes the number off the front.
uint64_t take_big_endian(std::string_view& bytes, size_t count) {
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  bytes.remove_prefix(count);
  return value;
}

constexpr uint64_t sign_bit = uint64_t{1} << 63;
constexpr size_t unit_key_bytes = 4 + 8 + 8;
constexpr size_t row_key_bytes = 4 + 4 + 4 + 4 + 8;

}  // namespace

std::string encode(const UnitRecord& record) {
  std::string bytes;
  wire::Writer out(bytes);
  out.array(4);
  out.unsigned_integer(schema);
  out.array(record.places.size());
  for (const UnitPlace& place : record.places) put(out, place);
  out.array(record.outcomes.size());
  for (const UnitOutcome& outcome : record.outcomes) put(out, outcome);
  out.signed_integer(record.lost);
  return bytes;
}

Result<UnitRecord> decode_unit_record(std::string_view bytes, const Rules& rules) {
  wire::Reader in(bytes_of(bytes));
  TROUPE_CHECK(begin(in, 3));
  UnitRecord record;
  const size_t places = in.begin_array();
  if (places > UnitRecord::places_max) in.fail("too many places");
  for (size_t i = 0; i < places && in.ok(); ++i) record.places.push_back(get_place(in, rules));
  in.end();
  const size_t outcomes = in.begin_array();
  if (outcomes > UnitRecord::outcomes_max) in.fail("too many outcomes");
  if (outcomes > 0 && rules.measures.empty()) in.fail("outcomes of no measure");
  for (size_t i = 0; i < outcomes && in.ok(); ++i) record.outcomes.push_back(get_outcome(in, rules));
  in.end();
  record.lost = in.signed_integer(0);
  TROUPE_CHECK(finished(in, "the record of a unit"));
  return record;
}

std::string encode(const Row& row) {
  std::string bytes;
  wire::Writer out(bytes);
  out.array(13);
  out.unsigned_integer(schema);
  out.signed_integer(row.sums.units);
  for (const Int128 sum : {row.sums.x, row.sums.y, row.sums.xx, row.sums.yy, row.sums.xy}) put(out, sum);
  put(out, row.counts);
  return bytes;
}

Result<Row> decode_row(std::string_view bytes) {
  wire::Reader in(bytes_of(bytes));
  TROUPE_CHECK(begin(in, 12));
  Row row;
  row.sums.units = in.signed_integer();
  for (Int128* const sum : {&row.sums.x, &row.sums.y, &row.sums.xx, &row.sums.yy, &row.sums.xy}) *sum = get_wide(in);
  row.counts = get_counts(in);
  TROUPE_CHECK(finished(in, "a row of aggregates"));
  return row;
}

std::string to_bytes(const UnitKey& key) {
  std::string bytes;
  put_big_endian(bytes, key.experiment, 4);
  put_big_endian(bytes, key.high, 8);
  put_big_endian(bytes, key.low, 8);
  return bytes;
}

std::string to_bytes(const RowKey& key) {
  std::string bytes;
  put_big_endian(bytes, key.experiment, 4);
  put_big_endian(bytes, key.revision, 4);
  put_big_endian(bytes, key.arm, 4);
  put_big_endian(bytes, key.metric, 4);
  put_big_endian(bytes, static_cast<uint64_t>(key.bucket) ^ sign_bit, 8);
  return bytes;
}

Result<UnitKey> unit_key_from(std::string_view bytes) {
  if (bytes.size() != unit_key_bytes) return fail(Errc::corrupt_data, "{} bytes are no key of a unit", bytes.size());
  UnitKey key;
  key.experiment = static_cast<uint32_t>(take_big_endian(bytes, 4));
  key.high = take_big_endian(bytes, 8);
  key.low = take_big_endian(bytes, 8);
  return key;
}

Result<RowKey> row_key_from(std::string_view bytes) {
  if (bytes.size() != row_key_bytes) return fail(Errc::corrupt_data, "{} bytes are no key of a row", bytes.size());
  RowKey key;
  for (uint32_t* const part : {&key.experiment, &key.revision, &key.arm, &key.metric})
    *part = static_cast<uint32_t>(take_big_endian(bytes, 4));
  key.bucket = static_cast<int64_t>(take_big_endian(bytes, 8) ^ sign_bit);
  return key;
}

}  // namespace troupe::experiment
