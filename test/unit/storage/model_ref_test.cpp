#include "storage/model_ref.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <vector>

using namespace troupe;
using namespace troupe::storage;

BOOST_AUTO_TEST_SUITE(model_ref)

BOOST_AUTO_TEST_CASE(a_reference_has_a_name_and_perhaps_a_version) {
  BOOST_TEST((parse_model_ref("clerk@2").value() == ModelRef{"clerk", "2"}));
  BOOST_TEST((parse_model_ref("clerk").value() == ModelRef{"clerk", ""}));
  BOOST_TEST((parse_model_ref("a.b_c-9@v1.0-RC_2").value() == ModelRef{"a.b_c-9", "v1.0-RC_2"}));
  BOOST_TEST(to_string(ModelRef{"clerk", "2"}) == "clerk@2");
  BOOST_TEST(to_string(ModelRef{"clerk", ""}) == "clerk");
}

BOOST_AUTO_TEST_CASE(what_is_no_reference_is_refused) {
  const std::string long_name(65, 'a');
  const std::string long_version = "a@" + std::string(33, '1');
  for (const std::string& text :
       {std::string(""), std::string("@2"), std::string("clerk@"), std::string("Clerk"), std::string("a/b"),
        std::string("../x"), std::string(".hidden"), std::string("a@.."), std::string("a@1/2"), std::string("a@1@2"),
        std::string("a b"), std::string("a\0b", 3), long_name, long_version})
    BOOST_TEST(!parse_model_ref(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(a_refusal_says_what_a_name_looks_like) {
  const Error error = parse_model_ref("Clerk").error();

  BOOST_TEST(error.field == "name");
  BOOST_TEST(error.message.find("'Clerk' is no model name") == 0u);
  BOOST_TEST(error.message.find("like clerk") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(versions_sort_as_people_count) {
  std::vector<std::string> versions{"rc1", "10", "2", "1", "beta", "99999999999999999999999", "010"};

  std::ranges::sort(versions, version_before);

  BOOST_TEST((versions == std::vector<std::string>{"1", "2", "010", "10", "99999999999999999999999", "beta", "rc1"}));
}

BOOST_AUTO_TEST_SUITE_END()
