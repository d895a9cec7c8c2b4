#include "runtime/config/document.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::config;

namespace {

std::string message_of(std::string_view yaml) {
  const auto documents = parse_documents(yaml, "d.yaml");
  return documents ? "no error" : documents.error().message;
}

/// Nine anchors, each a list of nine of the one before: 9^9 values if all were expanded.
std::string billion_laughs(const std::string& first) {
  std::string yaml = "a0: &a0 " + first + "\n";
  for (int i = 1; i <= 9; ++i) {
    yaml += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 9; ++k) yaml += (k > 0 ? ", *a" : "*a") + std::to_string(i - 1);
    yaml += "]\n";
  }
  return yaml;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(documents)

BOOST_AUTO_TEST_CASE(a_file_holds_several_documents_with_kinds_and_lines) {
  const auto documents =
      parse_documents("# models\nkind: Model\nname: clerk\n---\n\nkind: Deployment\n---\n# empty\n", "d.yaml");

  BOOST_REQUIRE(documents.has_value());
  BOOST_REQUIRE(documents->size() == 2u);
  BOOST_TEST(documents->at(0).kind == "Model");
  BOOST_TEST(documents->at(0).line == 2u);
  BOOST_TEST(documents->at(1).kind == "Deployment");
  BOOST_TEST(documents->at(1).line == 6u);
}

BOOST_AUTO_TEST_CASE(no_text_is_no_documents) {
  BOOST_TEST(parse_documents("", "d.yaml").value().empty());
  BOOST_TEST(parse_documents("# nothing here\n---\n", "d.yaml").value().empty());
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_and_windows_line_ends_are_read) {
  const auto documents = parse_documents("\xEF\xBB\xBFkind: Model\r\nname: clerk\r\n", "d.yaml");

  BOOST_REQUIRE(documents.has_value());
  BOOST_TEST(documents->at(0).kind == "Model");
  BOOST_TEST(documents->at(0).node->find("name")->text == "clerk");
}

BOOST_AUTO_TEST_CASE(every_duplicate_key_is_reported) {
  BOOST_TEST(message_of("name: a\nspec: {x: 1, x: 2}\nname: b\n") ==
             "d.yaml:2: key 'x' stands here a second time (first on line 2); keep one\n"
             "d.yaml:3: key 'name' stands here a second time (first on line 1); keep one");
}

BOOST_AUTO_TEST_CASE(what_is_no_mapping_is_no_document) {
  BOOST_TEST(message_of("kind: Model\n---\n- a\n") == "d.yaml:3: a document must be a mapping of keys, found a list");
  BOOST_TEST(message_of("hello\n") == "d.yaml:1: a document must be a mapping of keys, found 'hello'");
}

BOOST_AUTO_TEST_CASE(broken_yaml_is_an_error_with_its_line) {
  BOOST_TEST(message_of("name: a\nspec: [1, 2\n").starts_with("d.yaml:3: not valid YAML: "));
  BOOST_TEST(message_of("name: a\n  b: c: d\n").starts_with("d.yaml:2: not valid YAML: "));
  BOOST_TEST(message_of("a: *nowhere\n").starts_with("d.yaml:1: not valid YAML: "));
}

BOOST_AUTO_TEST_CASE(characters_that_are_no_text_are_refused_in_words) {
  BOOST_TEST(message_of(std::string_view("a: 1\nb: \0", 9)) ==
             "d.yaml:2: the character U+0000 is not allowed; YAML is plain UTF-8 text");
  BOOST_TEST(message_of("a: 1\x04\nb: 2\n") ==
             "d.yaml:1: the character U+0004 is not allowed; YAML is plain UTF-8 text");
  BOOST_TEST(message_of("a: 1\nb: caf\xE9\n") == "d.yaml:2: the text is not valid UTF-8; save the file as UTF-8");
  BOOST_TEST(message_of("a: \"\\0\"\n") == "d.yaml:1: a NUL character (\"\\0\") is not allowed in text");
}

BOOST_AUTO_TEST_CASE(an_alias_stands_for_its_anchor) {
  const auto documents = parse_documents("base: &base {x: 1}\ncopy: *base\n", "d.yaml");

  BOOST_REQUIRE(documents.has_value());
  BOOST_TEST(documents->at(0).node->find("copy")->find("x")->text == "1");
}

BOOST_AUTO_TEST_CASE(an_alias_inside_its_own_anchor_is_refused) {
  BOOST_TEST(message_of("a: &a [1, *a]\n") == "d.yaml:1: an alias (*name) stands inside the anchor that it names");
}

BOOST_AUTO_TEST_CASE(a_billion_laughs_stop_at_the_limit) {
  const auto many = parse_documents(billion_laughs("ha"), "d.yaml");
  const auto long_text = parse_documents(billion_laughs(std::string(100'000, 'h')), "d.yaml");

  BOOST_REQUIRE(!many);
  BOOST_TEST((many.error().code == Errc::too_large));
  BOOST_TEST(many.error().message == "d.yaml:7: more than 200000 values, counting each use of an alias");
  BOOST_REQUIRE(!long_text);
  BOOST_TEST(long_text.error().message == "d.yaml:3: more than 4194304 bytes of text, counting each use of an alias");
}

BOOST_AUTO_TEST_CASE(size_and_depth_have_limits) {
  BOOST_TEST((parse_documents(std::string(text_bytes_max + 1, ' '), "d.yaml").error().code == Errc::too_large));
  BOOST_TEST(message_of("a: " + std::string(40, '[') + std::string(40, ']') + "\n") ==
             "d.yaml:1: nested deeper than 32 levels");
  BOOST_TEST(message_of("a: " + std::string(30, '[') + std::string(30, ']') + "\n") == "no error");
}

BOOST_AUTO_TEST_CASE(aliases_do_not_hide_depth) {
  const std::string nested = std::string(20, '[') + std::string(20, ']');

  BOOST_TEST(message_of("a: &a " + nested + "\nb: " + std::string(20, '[') + "*a" + std::string(20, ']') + "\n") ==
             "d.yaml:2: nested deeper than 32 levels");
}

BOOST_AUTO_TEST_CASE(merge_keys_tags_and_keys_that_are_no_text_are_refused_in_words) {
  BOOST_TEST(message_of("a: &a {x: 1}\nb:\n  <<: *a\n") ==
             "d.yaml:3: merge keys (<<) are not supported; write the keys out");
  BOOST_TEST(message_of("a: !!int 3\n").find("tags such as tag:yaml.org,2002:int are not supported") !=
             std::string::npos);
  BOOST_TEST(message_of("? [a]\n: 1\n") == "d.yaml:1: a key must be text, found a list");
}

BOOST_AUTO_TEST_CASE(a_kind_must_be_one_that_the_caller_knows) {
  const std::vector<std::string> kinds{"Model", "Deployment"};
  const auto documents = parse_documents("kind: Deployment\n---\nkind: Deploment\n---\nname: x\n", "d.yaml").value();

  BOOST_TEST(check_kind(documents.at(0), kinds).has_value());
  BOOST_TEST(check_kind(documents.at(1), kinds).error().message ==
             "d.yaml:3: 'Deploment' is not a kind (did you mean Deployment?); kinds are: Model, Deployment");
  BOOST_TEST(check_kind(documents.at(2), kinds).error().message ==
             "d.yaml:5: the document has no kind; kinds are: Model, Deployment");
}

BOOST_AUTO_TEST_SUITE_END()
