#pragma once
// How records of units and rows of aggregates are written down: MessagePack with a schema number in front.

#include <string>
#include <string_view>

#include "actors/experiment/ledger/aggregates.hpp"
#include "actors/experiment/ledger/event_batch.hpp"

namespace troupe::experiment {

std::string encode(const UnitRecord& record);
/// corrupt_data where it is none, or not one of an experiment with these rules; failed_precondition where a newer
/// Troupe wrote it.
Result<UnitRecord> decode_unit_record(std::string_view bytes, const Rules& rules);

std::string encode(const Row& row);
/// Errors: as decode_unit_record().
Result<Row> decode_row(std::string_view bytes);

/// Keys whose order is that of their members.
std::string to_bytes(const UnitKey& key);
std::string to_bytes(const RowKey& key);
/// corrupt_data where the bytes are no key.
Result<UnitKey> unit_key_from(std::string_view bytes);
Result<RowKey> row_key_from(std::string_view bytes);

}  // namespace troupe::experiment
