#include "actors/experiment/assignment/targeting.hpp"

#include <boost/test/unit_test.hpp>
#include <map>

using namespace troupe;
using namespace troupe::experiment;
using protocol::ConditionKind;
using protocol::TargetCondition;

namespace {

TargetCondition condition(ConditionKind kind, std::vector<std::string> values = {}, double number = 0) {
  return {"feature", kind, std::move(values), number};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(targeting)

BOOST_AUTO_TEST_CASE(text_is_one_of_the_values_or_is_not) {
  const auto paying = condition(ConditionKind::any_of, {"pro", "team"});
  const auto others = condition(ConditionKind::none_of, {"pro", "team"});

  BOOST_TEST(matches(paying, "pro"));
  BOOST_TEST(!matches(paying, "Pro"));
  BOOST_TEST(!matches(paying, {}));
  BOOST_TEST(!matches(others, "team"));
  BOOST_TEST(matches(others, "free"));
  BOOST_TEST(matches(others, {}));
}

BOOST_AUTO_TEST_CASE(numbers_are_compared_as_numbers_also_where_they_come_as_text) {
  const auto warm = condition(ConditionKind::at_least, {}, 0.5);
  const auto cold = condition(ConditionKind::below, {}, 0.5);

  BOOST_TEST(matches(warm, 0.5));
  BOOST_TEST(matches(warm, "0.70"));
  BOOST_TEST(!matches(warm, "hot"));
  BOOST_TEST(!matches(warm, "0.7 or so"));
  BOOST_TEST(!matches(warm, {}));
  BOOST_TEST(matches(cold, 0.0));
  BOOST_TEST(!matches(cold, {}));
  BOOST_TEST(matches(condition(ConditionKind::any_of, {"1", "2.0"}), 2.0));
}

BOOST_AUTO_TEST_CASE(presence_is_a_condition_of_its_own) {
  BOOST_TEST(matches(condition(ConditionKind::present), ""));
  BOOST_TEST(!matches(condition(ConditionKind::present), {}));
  BOOST_TEST(matches(condition(ConditionKind::absent), {}));
}

BOOST_AUTO_TEST_CASE(all_conditions_must_hold_and_features_are_looked_up_by_name) {
  const std::map<std::string, std::string, std::less<>> request{{"region", "eu"}, {"header.x-plan", "pro"}};
  const Features features = [&](std::string_view name) -> FeatureValue {
    const auto found = request.find(name);
    return found == request.end() ? FeatureValue{} : std::string_view(found->second);
  };
  const TargetCondition eu{"region", ConditionKind::any_of, {"eu"}};
  const TargetCondition free{"header.x-plan", ConditionKind::none_of, {"pro"}};

  BOOST_TEST(matches(std::vector<TargetCondition>{}, features));
  BOOST_TEST(matches(std::vector{eu}, features));
  BOOST_TEST(!matches(std::vector{eu, free}, features));
}

BOOST_AUTO_TEST_SUITE_END()
