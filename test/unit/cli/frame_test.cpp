#include "cluster/cli/frame.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::cli {

BOOST_AUTO_TEST_SUITE(frame_of_a_watch)

BOOST_AUTO_TEST_CASE(lines_replace_what_stood_there_and_the_rest_is_cleared) {
  BOOST_TEST(frame("one\ntwo\n", 80, 24) == "\x1b[Hone\x1b[K\ntwo\x1b[K\n\x1b[J");
}

BOOST_AUTO_TEST_CASE(long_lines_are_cut_between_characters) {
  BOOST_TEST(frame("├─ abc", 4, 24) == "\x1b[H├─ a\x1b[K\n\x1b[J");
}

BOOST_AUTO_TEST_CASE(too_many_lines_say_how_many_are_left_out) {
  BOOST_TEST(frame("1\n2\n3\n", 80, 4) == "\x1b[H1\x1b[K\n2\x1b[K\n3\x1b[K\n\x1b[J");
  BOOST_TEST(frame("1\n2\n3\n4\n", 80, 4) == "\x1b[H1\x1b[K\n2\x1b[K\n… 2 more lines\x1b[K\n\x1b[J");
}

BOOST_AUTO_TEST_CASE(without_a_known_size_everything_is_shown) {
  BOOST_TEST(frame("a long line\nand another\n", 0, 0) == "\x1b[Ha long line\x1b[K\nand another\x1b[K\n\x1b[J");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::cli
