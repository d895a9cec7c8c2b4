#include "runtime/observe/log_pages.hpp"

#include <boost/test/unit_test.hpp>
#include <map>

using namespace troupe;
using namespace troupe::observe;

namespace {

/// A log in memory; keys are numbers from 1.
class Memory final : public LogFiles {
 public:
  Memory(std::initializer_list<std::string> texts) {
    for (const std::string& text : texts) add(text);
  }
  void add(std::string text) {
    files_.push_back({++last_key_, text.size()});
    texts_[last_key_] = std::move(text);
  }
  void append(std::string_view text) {
    texts_[last_key_] += text;
    files_.back().bytes += text.size();
  }
  void remove_oldest() { files_.erase(files_.begin()); }

  const std::vector<File>& files() const override { return files_; }
  Result<std::string> read(size_t index, uint64_t offset, size_t bytes) const override {
    const std::string& text = texts_.at(files_[index].key);
    BOOST_REQUIRE(offset + bytes <= text.size());
    return text.substr(offset, bytes);
  }

 private:
  uint64_t last_key_ = 0;
  std::vector<File> files_;
  std::map<uint64_t, std::string> texts_;
};

LogPage read(const LogFiles& files, const LogPosition& from = {}, PageOptions options = {}) {
  return read_page(files, from, options).value();
}
std::string texts(const LogPage& page) {
  std::string all;
  for (const LogLine& line : page.lines) all += line.text + '|';
  return all;
}
/// What a reader gets who starts there.
std::string from(const LogFiles& files, const LogStart& start) {
  return texts(read(files, find_start(files, start).value(), {.takes_unfinished = true}));
}
std::string at(int second, const std::string& text) {
  return fmt::format("2026-11-21T04:05:{:02}.000Z {}\n", second, text);
}
std::string time_at(int second) {
  return fmt::format("2026-11-21T04:05:{:02}.000Z", second);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(log_pages)

BOOST_AUTO_TEST_CASE(pages_follow_each_other_over_files_and_end_at_the_end) {
  Memory log{"one\ntwo\n", "three\n"};

  const LogPage first = read(log, {}, {.bytes_max = 6});
  const LogPage second = read(log, first.next, {.bytes_max = 100});

  BOOST_TEST(texts(first) == "one|");
  BOOST_TEST(!first.at_end);
  BOOST_TEST(texts(second) == "two|three|");
  BOOST_TEST(second.at_end);
  BOOST_TEST(!second.has_gap);
}

BOOST_AUTO_TEST_CASE(a_page_at_the_end_is_empty_until_something_comes) {
  Memory log{"one\n"};
  const LogPage first = read(log);

  BOOST_TEST(texts(read(log, first.next)) == "");
  log.add("");
  BOOST_TEST(texts(read(log, first.next)) == "");
  log.append("two\n");
  BOOST_TEST(texts(read(log, first.next)) == "two|");
}

BOOST_AUTO_TEST_CASE(a_log_of_no_files_is_at_its_end) {
  const LogPage page = read(Memory{});

  BOOST_TEST(page.at_end);
  BOOST_TEST((page.next == LogPosition{}));
}

BOOST_AUTO_TEST_CASE(a_line_that_is_being_written_waits_for_its_end_unless_it_is_wanted_now) {
  Memory log{"one\ntw"};

  const LogPage patient = read(log);
  BOOST_TEST(texts(patient) == "one|");
  BOOST_TEST(patient.at_end);
  const LogPage eager = read(log, {}, {.takes_unfinished = true});
  BOOST_TEST(texts(eager) == "one|tw|");
  BOOST_TEST(eager.is_open);

  log.append("o\nthree\n");
  BOOST_TEST(texts(read(log, patient.next)) == "two|three|");
  const LogPage rest = read(log, eager.next);
  BOOST_TEST(texts(rest) == "o|three|");
  BOOST_TEST(rest.continues);
  BOOST_TEST(!rest.is_open);
}

BOOST_AUTO_TEST_CASE(a_line_longer_than_a_page_comes_in_pieces) {
  const Memory log{"0123456789\nnext\n"};

  const LogPage first = read(log, {}, {.bytes_max = 4});
  const LogPage second = read(log, first.next, {.bytes_max = 4});
  const LogPage third = read(log, second.next, {.bytes_max = 4});

  BOOST_TEST(texts(first) == "0123|");
  BOOST_TEST((first.is_open && !first.continues));
  BOOST_TEST(texts(second) == "4567|");
  BOOST_TEST((second.is_open && second.continues));
  BOOST_TEST(texts(third) == "89|");
  BOOST_TEST((!third.is_open && third.continues));
}

BOOST_AUTO_TEST_CASE(pieces_do_not_cut_characters) {
  const Memory log{"aé€😀z\n"};
  std::string whole;
  LogPosition position;
  for (LogPage page; !page.at_end; position = page.next) {
    page = read(log, position, {.bytes_max = 4});
    for (const LogLine& line : page.lines) whole += line.text;
  }

  BOOST_TEST(whole == "aé€😀z");
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_utf_8_are_replaced) {
  BOOST_TEST(texts(read(Memory{std::string("a\xff\0b\n", 5)})) == std::string("a\xEF\xBF\xBD\0b|", 7));
}

BOOST_AUTO_TEST_CASE(the_time_before_a_line_is_told_from_its_text) {
  const LogPage page = read(Memory{at(7, "loading"), "plain\r\n",
                                   R"({"ts":"2026-11-21T04:05:06.123Z","msg":"x"})"
                                   "\n"});

  const std::vector<LogLine> expected{{time_at(7), "loading"},
                                      {"", "plain"},
                                      {"2026-11-21T04:05:06.123Z", R"({"ts":"2026-11-21T04:05:06.123Z","msg":"x"})"}};
  BOOST_TEST((page.lines == expected));
}

BOOST_AUTO_TEST_CASE(what_a_piece_of_a_line_looks_like_is_no_time) {
  Memory log{"0123" + at(7, "x")};

  const LogPage first = read(log, {}, {.bytes_max = 4});
  const LogPage second = read(log, first.next);

  BOOST_TEST(second.lines[0].time == "");
  BOOST_TEST(second.lines[0].text == time_at(7) + " x");
}

BOOST_AUTO_TEST_CASE(a_reader_whose_place_is_gone_is_told_and_goes_on_with_the_oldest) {
  Memory log{"one\n", "two\n"};
  const LogPage first = read(log, {}, {.bytes_max = 4});
  log.add("three\n");
  log.remove_oldest();
  log.remove_oldest();

  const LogPage page = read(log, first.next);

  BOOST_TEST(page.has_gap);
  BOOST_TEST(texts(page) == "three|");
}

BOOST_AUTO_TEST_CASE(a_place_beyond_the_end_of_its_file_is_a_gap_too) {
  const LogPage page = read(Memory{"one\n"}, {1, 100, true});

  BOOST_TEST(page.has_gap);
  BOOST_TEST(!page.continues);
  BOOST_TEST(texts(page) == "one|");
}

BOOST_AUTO_TEST_CASE(the_tail_has_so_many_lines_whole_or_not) {
  const Memory log{"one\ntwo\n", "th", "ree\nfour"};

  BOOST_TEST(from(log, {.tail = 1}) == "four|");
  BOOST_TEST(from(log, {.tail = 2}) == "three|four|");
  BOOST_TEST(from(log, {.tail = 3}) == "two|three|four|");
  BOOST_TEST(from(log, {.tail = 9}) == "one|two|three|four|");
  BOOST_TEST(from(log, {.tail = 0}) == "");
  BOOST_TEST(from(log, {}) == "one|two|three|four|");
}

BOOST_AUTO_TEST_CASE(a_tail_of_nothing_continues_the_line_that_is_being_written) {
  Memory log{"one\ntw"};
  const LogPosition end = find_start(log, {.tail = 0}).value();
  log.append("o\n");

  const LogPage page = read(log, end);

  BOOST_TEST(page.continues);
  BOOST_TEST(texts(page) == "o|");
}

BOOST_AUTO_TEST_CASE(a_tail_is_looked_for_in_the_last_part_of_a_log_only) {
  const std::string line(1 << 20, 'x');
  Memory log{};
  for (int i = 0; i < 20; ++i) log.add(line + '\n');

  const LogPosition start = find_start(log, {.tail = 15}).value();

  BOOST_TEST(start.file > 11U);
  BOOST_TEST(!start.in_line);
}

BOOST_AUTO_TEST_CASE(a_time_is_found_in_any_file) {
  std::string many;
  for (int second = 20; second < 50; ++second) many += at(second, std::to_string(second)) + "more\n";
  const Memory log{at(1, "a") + at(3, "b"), at(5, "c"), many};

  BOOST_TEST(from(log, {.since = time_at(0)}).starts_with("a|b|c|20|"));
  BOOST_TEST(from(log, {.since = time_at(2)}).starts_with("b|c|20|"));
  BOOST_TEST(from(log, {.since = time_at(4)}).starts_with("c|20|"));
  BOOST_TEST(from(log, {.since = time_at(6)}).starts_with("20|more|21|"));
  for (int second = 20; second < 50; ++second)
    BOOST_TEST(from(log, {.since = time_at(second)}).starts_with(std::to_string(second) + "|more|"));
  BOOST_TEST(from(log, {.since = time_at(55)}) == "");
}

BOOST_AUTO_TEST_CASE(the_later_of_tail_and_time_counts) {
  const Memory log{at(1, "a") + at(2, "b") + at(3, "c")};

  BOOST_TEST(from(log, {.tail = 2, .since = time_at(0)}) == "b|c|");
  BOOST_TEST(from(log, {.tail = 2, .since = time_at(3)}) == "c|");
}

BOOST_AUTO_TEST_CASE(of_lines_without_times_none_is_young_enough) {
  const Memory log{"no\ntimes\nhere\n"};

  BOOST_TEST(from(log, {.since = time_at(1)}) == "");
}

BOOST_AUTO_TEST_CASE(a_cursor_comes_back_as_it_was) {
  for (const LogPosition& position : {LogPosition{}, LogPosition{1, 2, true}, LogPosition{UINT64_MAX, UINT64_MAX}}) {
    const auto parsed = parse_cursor(to_cursor(position));
    BOOST_REQUIRE(parsed.has_value());
    BOOST_TEST((*parsed == position));
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_cursor_is_refused) {
  for (const char* text : {"", "-", "1", "1-", "-1", "1-2-", "1-2-x", "01-2", "g-1", "1-2-l-l", "../../etc/passwd",
                           "10000000000000000-0", "1-+2"}) {
    const auto parsed = parse_cursor(text);
    BOOST_REQUIRE_MESSAGE(!parsed.has_value(), text);
    BOOST_TEST(parsed.error().field == "cursor");
  }
}

BOOST_AUTO_TEST_SUITE_END()
