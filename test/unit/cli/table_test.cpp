#include "cluster/cli/table.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::cli {

BOOST_AUTO_TEST_SUITE(table)

BOOST_AUTO_TEST_CASE(columns_are_aligned_and_numbers_stand_right) {
  Table table({"NAME", "COUNT", "NOTE"});
  table.add({"a", "5", "x"});
  table.add({"longer", "1000", ""});

  BOOST_TEST(table.str() ==
             "NAME    COUNT  NOTE\n"
             "a           5  x\n"
             "longer   1000  -\n");
}

BOOST_AUTO_TEST_CASE(letters_of_several_bytes_count_once) {
  Table table({"A", "B"});
  table.add({"é…", "x"});
  table.add({"abc", "y"});

  BOOST_TEST(table.str() ==
             "A    B\n"
             "é…   x\n"
             "abc  y\n");
}

BOOST_AUTO_TEST_CASE(missing_cells_show_as_dashes) {
  Table table({"A", "B"});
  table.add({"x"});

  BOOST_TEST(table.str() == "A  B\nx  -\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::cli
