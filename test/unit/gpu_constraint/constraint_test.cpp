// Texts held to formats, several at once.

#include "gpu/engine/constraint/constraint.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::gpu;

namespace {

TokenTree bytes_and_words() {
  std::vector<TokenTree::Token> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.push_back({std::string(1, static_cast<char>(byte)), byte});
  tokens.push_back({"[[", 256});
  tokens.push_back({"]]", 257});
  return {std::move(tokens), 260};
}

void accept(Constraint& constraint, std::string_view text) {
  for (const char byte : text) {
    BOOST_TEST_REQUIRE(constraint.mask().allows(static_cast<unsigned char>(byte)));
    BOOST_TEST_REQUIRE(constraint.accept(static_cast<unsigned char>(byte)));
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(constraint)

BOOST_AUTO_TEST_CASE(a_text_is_held_to_its_schema_and_ends_with_it) {
  Constraints constraints(bytes_and_words());
  const auto text = constraints.make(JsonSchema{R"({"type":"array","items":{"type":"integer"}})"}).value();

  BOOST_TEST(!text->mask().allows('1'));
  BOOST_TEST(!text->mask().allows(256));
  accept(*text, "[12");
  BOOST_TEST(!text->is_complete());
  BOOST_TEST(!text->mask().allows('x'));
  accept(*text, "]");
  BOOST_TEST(text->must_end());
}

BOOST_AUTO_TEST_CASE(a_number_may_end_and_go_on) {
  Constraints constraints(bytes_and_words());
  const auto text = constraints.make(JsonSchema{R"({"type":"integer"})"}).value();

  accept(*text, "4");

  BOOST_TEST(text->is_complete());
  BOOST_TEST(!text->must_end());
}

BOOST_AUTO_TEST_CASE(any_text_is_not_held) {
  Constraints constraints(bytes_and_words());

  BOOST_TEST(constraints.make(AnyText{}).value().get() == nullptr);
}

BOOST_AUTO_TEST_CASE(texts_of_one_format_do_not_disturb_each_other_however_much_they_make_it_know) {
  Constraints constraints(bytes_and_words());
  const auto first = constraints.make(AnyJsonObject{}).value();
  const auto deep = constraints.make(AnyJsonObject{}).value();
  accept(*first, R"({"a":[1,{"b)");
  accept(*deep, R"({"a":)");

  // Every step leads to places that were not there, far more than are kept.
  for (int depth = 0; depth < 9000; ++depth) {
    BOOST_TEST_REQUIRE(deep->mask().allows(256));
    BOOST_TEST_REQUIRE(deep->accept(256));
  }
  for (int depth = 0; depth < 9000; ++depth) {
    BOOST_TEST_REQUIRE(deep->mask().allows(257));
    BOOST_TEST_REQUIRE(deep->accept(257));
  }
  accept(*deep, "}");
  accept(*first, R"(":null}]})");

  BOOST_TEST(deep->must_end());
  BOOST_TEST(first->must_end());
}

BOOST_AUTO_TEST_CASE(a_text_with_too_many_readings_goes_no_further) {
  Constraints constraints(bytes_and_words());
  std::string schema = R"({"type":"object","additionalProperties":false,"properties":{)";
  for (size_t i = 0; i <= Automaton::readings_max; ++i) schema += fmt::format(R"({}"p{}":{{}})", i > 0 ? "," : "", i);
  const auto text = constraints.make(JsonSchema{schema + "}}"}).value();

  BOOST_TEST(!text->mask().allows('['));
  BOOST_TEST(!text->accept('{'));
  BOOST_TEST(!text->is_complete());
}

BOOST_AUTO_TEST_CASE(so_many_formats_are_in_use_at_once_and_those_that_ended_make_room) {
  Constraints constraints(bytes_and_words());
  const auto numbered = [](size_t i) { return TextChoice{{std::to_string(i)}}; };
  std::vector<std::unique_ptr<Constraint>> used;
  for (size_t i = 0; i < 3 * Constraints::idle_max; ++i) BOOST_TEST(constraints.make(numbered(i)).has_value());
  for (size_t i = 0; i < Constraints::used_max; ++i) used.push_back(constraints.make(numbered(i)).value());

  BOOST_TEST((constraints.make(numbered(1000)).error().code == Errc::overloaded));
  BOOST_TEST(constraints.make(numbered(7)).has_value());
  used.pop_back();
  BOOST_TEST(constraints.make(numbered(1000)).has_value());
}

BOOST_AUTO_TEST_CASE(what_is_wrong_with_a_schema_is_said) {
  Constraints constraints(bytes_and_words());

  BOOST_TEST(constraints.make(JsonSchema{R"({"if":{}})"}).error().message.find("#/if") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
