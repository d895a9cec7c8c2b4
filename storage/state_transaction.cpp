#include "storage/state_transaction.hpp"

#include <unordered_set>

namespace troupe::storage {
namespace {

const std::string& key_of(const StateOp& op) {
  return std::visit([](const auto& o) -> const std::string& { return o.key; }, op);
}

Status compare_failed(const Compare& compare, const std::optional<KeyFacts>& found) {
  std::string message;
  if (!found)
    message =
        fmt::format("'{}' does not exist, but was compared with revision {}", compare.key, compare.mod_revision.value);
  else if (!compare.mod_revision)
    message = fmt::format("'{}' exists already, since revision {}", compare.key, found->create_revision.value);
  else
    message = fmt::format("'{}' is at revision {}, but was compared with {}; read it again", compare.key,
                          found->mod_revision.value, compare.mod_revision.value);
  return fail(Error{Errc::failed_precondition, std::move(message), compare.key, {}});
}

Status check_compares(const std::vector<Compare>& compares, const KeyLookup& lookup) {
  for (const Compare& compare : compares) {
    TROUPE_TRY(const auto found, lookup(compare.key));
    const Revision actual = found ? found->mod_revision : Revision{};
    if (actual != compare.mod_revision) return compare_failed(compare, found);
  }
  return {};
}

}  // namespace

size_t transaction_bytes(const Transaction& transaction) noexcept {
  size_t bytes = 0;
  for (const Compare& compare : transaction.compares) bytes += compare.key.size();
  for (const StateOp& op : transaction.ops) {
    bytes += key_of(op).size();
    if (const auto* put = std::get_if<Put>(&op)) bytes += put->value.size();
  }
  return bytes;
}

Status check_transaction(const Transaction& transaction) {
  if (transaction.ops.empty()) return fail(Errc::invalid_argument, "a transaction needs at least one put or delete");
  if (transaction.ops.size() > transaction_ops_max || transaction.compares.size() > transaction_ops_max)
    return fail(Errc::too_large, "a transaction of {} ops and {} compares; at most {} of each are allowed",
                transaction.ops.size(), transaction.compares.size(), transaction_ops_max);
  for (const Compare& compare : transaction.compares) TROUPE_CHECK(check_state_key(compare.key));
  std::unordered_set<std::string_view> seen;
  for (const StateOp& op : transaction.ops) {
    const std::string& key = key_of(op);
    TROUPE_CHECK(check_state_key(key));
    if (!seen.insert(key).second)
      return fail(Errc::invalid_argument, "a transaction names '{}' in two ops; one per key is allowed", key);
    const auto* put = std::get_if<Put>(&op);
    if (put && put->value.size() > state_value_bytes_max)
      return fail(Errc::too_large, "the value of '{}' has {} bytes; at most {} are allowed", key, put->value.size(),
                  state_value_bytes_max);
  }
  if (const size_t bytes = transaction_bytes(transaction); bytes > transaction_bytes_max)
    return fail(Errc::too_large, "a transaction of {} bytes; at most {} are allowed", bytes, transaction_bytes_max);
  return {};
}

Result<CommitPlan> plan_commit(Transaction transaction, Revision next, uint64_t live_bytes, ByteCount live_bytes_max,
                               const KeyLookup& lookup) {
  TROUPE_CHECK(check_compares(transaction.compares, lookup));
  CommitPlan plan{.changes = {}, .live_bytes = live_bytes};
  for (StateOp& op : transaction.ops) {
    TROUPE_TRY(const auto found, lookup(key_of(op)));
    if (found) plan.live_bytes -= key_of(op).size() + found->value_bytes;
    if (auto* put = std::get_if<Put>(&op)) {
      plan.live_bytes += put->key.size() + put->value.size();
      plan.changes.push_back({std::move(put->key), std::move(put->value), found ? found->create_revision : next});
    } else if (found) {
      plan.changes.push_back({std::move(std::get<Delete>(op).key), std::nullopt, Revision{}});
    }
  }
  if (plan.live_bytes > live_bytes && plan.live_bytes > live_bytes_max.value)
    return fail(Errc::resource_exhausted,
                "the control state would grow to {} bytes; at most {} are allowed: delete some", plan.live_bytes,
                format_bytes(live_bytes_max));
  return plan;
}

}  // namespace troupe::storage
