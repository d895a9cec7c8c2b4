#include "runtime/config/located.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::config;

namespace {

const Document document = parse_documents(R"(kind: Menu
name: lunch
courses:
  - name: soup
  - name: fish
    sides: {rice: 1}
)",
                                          "d.yaml")
                              .value()
                              .at(0);

}  // namespace

BOOST_AUTO_TEST_SUITE(located_errors)

BOOST_AUTO_TEST_CASE(a_path_has_the_line_of_its_key) {
  BOOST_TEST(line_of(document, "") == 1u);
  BOOST_TEST(line_of(document, "name") == 2u);
  BOOST_TEST(line_of(document, "courses") == 3u);
  BOOST_TEST(line_of(document, "courses[1]") == 5u);
  BOOST_TEST(line_of(document, "courses[1].sides.rice") == 6u);
}

BOOST_AUTO_TEST_CASE(what_is_not_there_has_the_line_of_what_it_would_be_in) {
  BOOST_TEST(line_of(document, "price") == 1u);
  BOOST_TEST(line_of(document, "courses[7]") == 3u);
  BOOST_TEST(line_of(document, "courses[0].sides.rice") == 4u);
  BOOST_TEST(line_of(document, "courses[") == 3u);
  BOOST_TEST(line_of(document, "[0]") == 1u);
}

BOOST_AUTO_TEST_CASE(an_error_keeps_all_else) {
  const Error error = located(document, {Errc::invalid_argument, "no such fish", "courses[1].name", {}});

  BOOST_TEST((error == Error{Errc::invalid_argument, "d.yaml:5: no such fish", "courses[1].name", {}}));
}

BOOST_AUTO_TEST_SUITE_END()
