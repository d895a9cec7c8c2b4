#include "actors/experiment/assignment/segments.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

using namespace troupe;
using namespace troupe::experiment;

namespace {

const std::vector<Segmentation> plan_and_region{{"header.x-plan", {"free", "pro"}}, {"region", {"eu"}}};

Features request(FeatureValue plan, FeatureValue region) {
  return [=](std::string_view name) { return name == "region" ? region : plan; };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(segments)

BOOST_AUTO_TEST_CASE(each_combination_of_parts_is_a_segment) {
  std::set<uint32_t> found;
  for (const FeatureValue& plan : {FeatureValue("free"), FeatureValue("pro"), FeatureValue()})
    for (const FeatureValue& region : {FeatureValue("eu"), FeatureValue("us")})
      found.insert(segment_of(plan_and_region, request(plan, region)));

  BOOST_TEST(segment_count(plan_and_region) == 6u);
  BOOST_TEST((found == std::set<uint32_t>{1, 2, 3, 4, 5, 6}));
}

BOOST_AUTO_TEST_CASE(a_segment_says_which_parts_it_is_of) {
  const uint32_t pro_elsewhere = segment_of(plan_and_region, request("pro", "us"));

  BOOST_TEST((parts_of_segment(plan_and_region, pro_elsewhere) == std::vector<uint32_t>{1, 1}));
}

BOOST_AUTO_TEST_CASE(parts_and_segments_have_names_and_numbers) {
  BOOST_TEST(part_number(plan_and_region, 0, 0) == 1u);
  BOOST_TEST(part_number(plan_and_region, 1, 1) == 5u);
  BOOST_TEST(part_name(plan_and_region, 2) == "header.x-plan pro");
  BOOST_TEST(part_name(plan_and_region, 5) == "region (others)");
  BOOST_TEST(segment_name(plan_and_region, segment_of(plan_and_region, request("pro", "us"))) ==
             "header.x-plan=pro, region=(others)");
}

BOOST_AUTO_TEST_CASE(what_a_request_does_not_have_is_among_the_others) {
  BOOST_TEST(segment_of(plan_and_region, request({}, {})) == segment_of(plan_and_region, request("team", "us")));
}

BOOST_AUTO_TEST_CASE(a_number_is_the_value_that_spells_it) {
  const std::vector<Segmentation> warmth{{"parameters.temperature", {"0", "0.7"}}};
  const auto of = [&](FeatureValue value) { return segment_of(warmth, [=](std::string_view) { return value; }); };

  BOOST_TEST(of(0.7) == 2u);
  BOOST_TEST(of("0.7") == 2u);
  BOOST_TEST(of(0.5) == 3u);
}

BOOST_AUTO_TEST_CASE(where_nothing_is_told_apart_there_is_no_segment) {
  BOOST_TEST(segment_count({}) == 1u);
  BOOST_TEST(segment_of({}, request("pro", "eu")) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
