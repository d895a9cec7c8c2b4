#pragma once
// What an attempt cost, exactly: the same attempt and price give the same bits, so that a recount does too.

#include "actors/experiment/definition/definition.hpp"
#include "actors/experiment/ledger/fixed_point.hpp"
#include "runtime/protocol/events.hpp"

namespace troupe::experiment {

/// In units of 2^-40 thousandths of what the definition's prices are in (9e-16 of it): the price of a single token is
/// far below what a Fixed can tell.
struct AttemptPrice {
  int64_t request = 0;
  int64_t prompt_token = 0;
  int64_t completion_token = 0;
  bool operator==(const AttemptPrice&) const = default;
};

/// Of a price that check(Definition) accepts: none is above 2^60.
AttemptPrice attempt_price(const PriceDefinition& price);

/// In thousandths of what prices are in: what a thousand such attempts cost. It is rounded once (to 1e-9 of what prices
/// are in), and held to `value_max`. A cached answer costs nothing; an attempt that failed costs what any other does.
Fixed cost_of(const AttemptPrice& price, const protocol::Attempt& attempt);

}  // namespace troupe::experiment
