#pragma once
// What a transaction means, apart from where the data lies: pure, shared by the implementations of StateStore.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "storage/state_store.hpp"

namespace troupe::storage {

/// What planning needs to know of a key that exists.
struct KeyFacts {
  Revision create_revision;
  Revision mod_revision;
  size_t value_bytes = 0;
};

/// None: the key does not exist.
using KeyLookup = std::function<Result<std::optional<KeyFacts>>(const std::string& key)>;

struct CommitPlan {
  std::vector<KeyChange> changes;  ///< Empty: the transaction changes nothing and takes no revision.
  uint64_t live_bytes = 0;         ///< Keys and values in the store afterwards.
};

/// Bytes of all keys and values in `transaction`.
size_t transaction_bytes(const Transaction& transaction) noexcept;

/// The checks that need no data: keys, sizes, counts, one op per key. Errors: invalid_argument, too_large.
Status check_transaction(const Transaction& transaction);

/// Compares a checked transaction with the store and says what it changes at revision `next`.
/// Errors: failed_precondition, resource_exhausted (it would grow the store beyond `live_bytes_max`), those of
/// `lookup`.
Result<CommitPlan> plan_commit(Transaction transaction, Revision next, uint64_t live_bytes, ByteCount live_bytes_max,
                               const KeyLookup& lookup);

}  // namespace troupe::storage
