#include "actors/worker/stream_budget.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::worker;

namespace {

protocol::ResultPart part_of(size_t bytes) {
  protocol::ResultPart part;
  part.content = protocol::TextPart{std::string(bytes, 'x'), {}, {}};
  return part;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(stream_budget)

BOOST_AUTO_TEST_CASE(without_credit_there_is_no_bound) {
  StreamBudget budget;
  for (int i = 0; i < 100; ++i) budget.sent(part_of(1 << 20));
  budget.add(1);

  BOOST_TEST(budget.may_send());
}

BOOST_AUTO_TEST_CASE(parts_count_with_what_surrounds_them_until_there_is_none_left) {
  StreamBudget budget(2 * (protocol::stream_part_overhead + 100));

  budget.sent(part_of(100));
  BOOST_TEST(budget.may_send());
  budget.sent(part_of(100));

  BOOST_TEST(!budget.may_send());
}

BOOST_AUTO_TEST_CASE(a_part_larger_than_what_is_left_is_paid_for_by_what_comes) {
  StreamBudget budget(1);
  budget.sent(part_of(1000));
  budget.add(1000);
  BOOST_TEST(!budget.may_send());

  budget.add(protocol::stream_part_overhead);

  BOOST_TEST(budget.may_send());
}

BOOST_AUTO_TEST_CASE(no_credit_at_all_lets_nothing_through) {
  BOOST_TEST(!StreamBudget(0).may_send());
}

BOOST_AUTO_TEST_CASE(tensors_count_by_their_bytes) {
  protocol::ResultPart part;
  protocol::InferResult result;
  result.outputs.push_back({"y", DType::u8, {3000}, Bytes::own(std::string(3000, 'x'))});
  part.content = std::move(result);

  BOOST_TEST(protocol::stream_cost(part) == protocol::stream_part_overhead + 3000);
}

BOOST_AUTO_TEST_SUITE_END()
