#pragma once
// How a record of the control state is read, whichever it is. For the records' own source files.

#include <string>
#include <string_view>

#include "runtime/base/result.hpp"
#include "runtime/wire/schema.hpp"

namespace troupe::cluster {

/// `key` is where it was found. corrupt_data where `value` is no Record; failed_precondition where it has another
/// schema.
template <class Record>
Result<Record> decode_record(std::string_view key, const std::string& value) {
  auto record = wire::decode_body<Record>(wire::Body{Bytes::copy(value), {}}, wire::Limits{});
  if (!record)
    return fail(Errc::corrupt_data, "the record '{}' in the control state is damaged: {}", key, record.error().message);
  if (record->schema != 1)
    return fail(Errc::failed_precondition, "the record '{}' has schema {}, but this version of Troupe reads 1", key,
                record->schema);
  return std::move(*record);
}

}  // namespace troupe::cluster
