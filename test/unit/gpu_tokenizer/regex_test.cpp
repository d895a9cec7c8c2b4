#include "gpu/tokenizer/regex.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::gpu {
namespace {

/// The matches in `text`, each in brackets.
std::string matches(std::string_view pattern, std::string_view text) {
  const auto regex = Regex::compile(pattern);
  BOOST_REQUIRE_MESSAGE(regex.has_value(), regex.error().message);
  std::vector<TextRange> found;
  const auto status = Regex::Matcher(*regex).find_all(text, found);
  BOOST_REQUIRE_MESSAGE(status.has_value(), status.error().message);
  std::string joined;
  for (const TextRange& range : found) joined += fmt::format("[{}]", text.substr(range.begin, range.end - range.begin));
  return joined;
}

void check_refused(std::string_view pattern, std::string_view part) {
  const auto regex = Regex::compile(pattern);
  BOOST_REQUIRE_MESSAGE(!regex.has_value(), pattern << " is understood");
  BOOST_TEST((regex.error().code == Errc::unimplemented));
  BOOST_TEST(regex.error().message.find(part) != std::string::npos, regex.error().message << " lacks " << part);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(regex)

BOOST_AUTO_TEST_CASE(what_oniguruma_spells_as_pcre2_does_but_means_otherwise_is_translated) {
  BOOST_TEST(matches(R"(\s)", "a\u180eb\u2003") == "[\u2003]");
  BOOST_TEST(matches(R"(\w+)", "e\u0301x ½ a_b") == "[e\u0301x][½][a_b]");
  BOOST_TEST(matches(R"(\h+)", "xafg") == "[af]");
  BOOST_TEST(matches(R"(\v)", "\n\x0b") == "[\x0b]");
  // A repetition of one to two, repeated: not a possessive one.
  BOOST_TEST(matches("a{1,2}+", "aaaaa") == "[aaaaa]");
  BOOST_TEST(matches("(?:ab){2}+", "ababab abababab") == "[abab][abababab]");
  BOOST_TEST(matches("a{,2}b", "aaab b") == "[aab][b]");
  BOOST_TEST(matches("(?m:a.b)", "a\nb") == "[a\nb]");
  BOOST_TEST(matches("^b$", "a\nb\nc") == "[b]");
  BOOST_TEST(matches("[[:alpha:]&]+", "é&1") == "[é&]");
  BOOST_TEST(matches(R"([^\S\n]+)", " \t\n ") == "[ \t][ ]");
  BOOST_TEST(matches(R"(\p{^L}|\p{Uppercase_Letter})", "aB1") == "[B][1]");
  BOOST_TEST(matches(R"(\p{Han}+)", "東京、カ") == "[東京]");
  BOOST_TEST(matches(R"(\u0061\x{62})", "ab") == "[ab]");
  BOOST_TEST(matches("{a}", "{a}") == "[{a}]");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_said_is_refused_by_name) {
  check_refused("[a&&b]", "&& in a set at byte 2");
  check_refused("[a[bc]]", "a set inside a set at byte 2");
  check_refused("a(?i)b|c", "options in the middle of a group at byte 1");
  check_refused(R"([\W])", "the complement of a class inside a set");
  check_refused(R"(\X)", R"(\X at byte 0)");
  check_refused("[[:emoji:]]", "[:emoji:]");
  check_refused("(?~a)", "(?~");
  check_refused("(a", "is not understood");
  check_refused(R"(\p{Nonsense})", "is not understood");
  check_refused("[a", "a set without an end");
}

BOOST_AUTO_TEST_CASE(empty_matches_are_found_but_not_right_after_another_match) {
  BOOST_TEST(matches("a*", "baac") == "[][aa][]");
  BOOST_TEST(matches("$", "é") == "[]");
  BOOST_TEST(matches("(?=b)", "ab") == "[]");
}

BOOST_AUTO_TEST_CASE(matches_longer_than_any_window_are_found_whole) {
  const std::string spaces(300'000, ' ');
  const auto regex = Regex::compile(R"(\s*[\r\n]+|\s+(?!\S)|\s+|x)");
  std::vector<TextRange> found;
  BOOST_REQUIRE(Regex::Matcher(*regex).find_all(spaces + "x", found).has_value());
  BOOST_TEST(found.size() == 3U);
  BOOST_TEST((found.front() == TextRange{0, spaces.size() - 1}));
  found.clear();
  BOOST_REQUIRE(Regex::Matcher(*regex).find_all(spaces + "\n", found).has_value());
  BOOST_TEST(found.size() == 1U);
  found.clear();
  std::string far(100'000, 'a');
  far += 'x';
  BOOST_REQUIRE(Regex::Matcher(*regex).find_all(far, found).has_value());
  BOOST_TEST((found == std::vector<TextRange>{{100'000, 100'001}}));
}

BOOST_AUTO_TEST_CASE(a_pattern_that_needs_more_than_linear_work_is_given_up) {
  const std::string text(4'000'000, 'a');
  for (const std::string_view pattern :
       {"a*b|.", "(?:a|aa)+b|.", "(?:a*)*b|.", "a*a*b", "a*a*+b", "a*a*a*a*b|.", "a+?a+?b", "(?=a*a*b)|x"}) {
    std::vector<TextRange> found;
    const auto status = Regex::Matcher(*Regex::compile(pattern)).find_all(text, found);
    BOOST_REQUIRE_MESSAGE(!status.has_value(), pattern);
    BOOST_TEST((status.error().code == Errc::too_large));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::gpu
