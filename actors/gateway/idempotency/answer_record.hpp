#pragma once
// AnswerRecord: what is kept of a request that had an idempotency key, and how it lies in the store. Pure.

#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::gateway {

using PartPtr = std::shared_ptr<const protocol::ResultPart>;

struct AnswerRecord {
  uint32_t schema = 1;
  std::string fingerprint;
  int64_t at_unix_us = 0;     ///< When it ended, or began where it has not.
  uint32_t attempts = 0;      ///< That were begun.
  bool is_finished = false;   ///< False: an attempt may have run, and its answer was not kept.
  bool is_repeatable = true;  ///< False: the answer was too long to be kept.
  std::vector<protocol::ResultPart> answer;

  bool operator==(const AnswerRecord&) const = default;
  static constexpr auto fields() {
    using R = AnswerRecord;
    return std::tuple{&R::schema,      &R::fingerprint,   &R::at_unix_us, &R::attempts,
                      &R::is_finished, &R::is_repeatable, &R::answer};
  }
};

std::string encode(const AnswerRecord& record);
/// corrupt_data where the bytes are no record, failed_precondition where a newer troupe wrote it.
Result<AnswerRecord> decode_answer_record(std::string_view bytes);

/// The answer as it is kept: the pieces of each choice as one, without the replica's load.
std::vector<protocol::ResultPart> joined(const std::vector<PartPtr>& parts);

/// What keeping it takes, about.
uint64_t part_bytes(const protocol::ResultPart& part);

}  // namespace troupe::gateway
