#include "runtime/observe/recent_log.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::observe;

BOOST_AUTO_TEST_SUITE(recent_log)

BOOST_AUTO_TEST_CASE(a_reader_that_keeps_up_gets_every_line_and_one_that_does_not_is_told) {
  RecentLog log(ByteCount{64}, 7);
  const LogPosition begin = read_page(*log.files(), {}, {}).value().next;
  LogPosition position;
  for (int i = 10; i < 40; ++i) {
    log.append(fmt::format("line {}", i));
    const LogPage page = read_page(*log.files(), position, {}).value();
    BOOST_REQUIRE(page.lines.size() == 1U);
    BOOST_TEST(page.lines[0].text == fmt::format("line {}", i));
    BOOST_TEST(!page.has_gap);
    position = page.next;
  }

  BOOST_TEST(read_page(*log.files(), begin, {}).value().has_gap);
}

BOOST_AUTO_TEST_CASE(it_keeps_its_end_within_its_bound) {
  RecentLog log(ByteCount{64}, 1);
  for (int i = 0; i < 100; ++i) log.append("0123456789");
  log.append(std::string(1000, 'x'));

  uint64_t bytes = 0;
  const auto kept = log.files();
  for (const LogFiles::File& file : kept->files()) bytes += file.bytes;
  BOOST_TEST(bytes <= 64U);
  BOOST_TEST(read_page(*kept, {}, {}).value().lines.back().text == std::string(31, 'x'));
}

BOOST_AUTO_TEST_SUITE_END()
