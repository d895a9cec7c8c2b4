#include "actors/experiment/ledger/attempt_cost.hpp"

#include <algorithm>

namespace troupe::experiment {
namespace {

constexpr int price_bits = 40;
constexpr double thousandths = 1000;

int64_t price_of(double price) {
  return static_cast<int64_t>(std::nearbyint(std::ldexp(price * thousandths, price_bits)));
}

}  // namespace

AttemptPrice attempt_price(const PriceDefinition& price) {
  return {price_of(price.request), price_of(price.prompt_token), price_of(price.completion_token)};
}

Fixed cost_of(const AttemptPrice& price, const protocol::Attempt& attempt) {
  if (attempt.cached) return 0;
  // Below 2^60 + 2 * 2^(60 + 32).
  const Int128 cost = price.request + Int128{price.prompt_token} * attempt.prompt_tokens +
                      Int128{price.completion_token} * attempt.completion_tokens;
  constexpr int finer = price_bits - fixed_bits;
  constexpr auto most = static_cast<Int128>(value_max * fixed_one);
  return static_cast<Fixed>(std::min((cost + (Int128{1} << (finer - 1))) >> finer, most));
}

}  // namespace troupe::experiment
