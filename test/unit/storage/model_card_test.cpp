#include "storage/model_card.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe::storage;

using Fields = std::map<std::string, std::string>;

BOOST_AUTO_TEST_SUITE(model_card)

BOOST_AUTO_TEST_CASE(fields_before_the_text_are_taken_and_others_passed_over) {
  const Fields fields = model_card_metadata(
      "---\n"
      "license: apache-2.0\n"
      "language:\n"
      "- en\n"
      "base_model: \"me/clerk\"\r\n"
      "pipeline_tag: text-generation   \n"
      "tags: [a, b]\n"
      "---\n"
      "# Clerk\nlicense: mit\n");

  BOOST_TEST(
      (fields == Fields{{"license", "apache-2.0"}, {"base_model", "me/clerk"}, {"pipeline_tag", "text-generation"}}));
}

BOOST_AUTO_TEST_CASE(a_license_of_its_own_is_known_by_its_name) {
  BOOST_TEST((model_card_metadata("---\nlicense: other\nlicense_name: my-license\n---\n") ==
              Fields{{"license", "my-license"}}));
  BOOST_TEST((model_card_metadata("---\nlicense: mit\nlicense_name: x\n---\n") == Fields{{"license", "mit"}}));
}

BOOST_AUTO_TEST_CASE(what_is_no_plain_value_or_no_card_says_nothing) {
  for (const char* text :
       {"", "# Clerk\nlicense: mit\n", "---\nlicense: mit\n", "---\n---\n", "---\nlicense: [mit, bsd]\n---\n",
        "---\nlicense:\n- mit\n---\n", "---\nlicense: |\n  mit\n---\n", "---\n  license: mit\n---\n",
        "---\nlicense: \xc3\xa9\n---\n"})
    BOOST_TEST(model_card_metadata(text).empty());
}

BOOST_AUTO_TEST_SUITE_END()
