// Which documents a schema allows, and which schemas are refused.

#include "gpu/engine/constraint/json_schema.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "gpu/engine/constraint/json_parts.hpp"
#include "test/unit/gpu_constraint/support.hpp"

using namespace troupe;
using namespace troupe::gpu;
using nlohmann::ordered_json;

namespace {

Error refusal(std::string_view schema) {
  const auto compiled = compile_schema(schema);
  BOOST_TEST_REQUIRE(!compiled.has_value(), schema);
  return compiled.error();
}

struct Case {
  const char* schema;
  std::vector<const char*> allowed;
  std::vector<const char*> refused;
};

std::ostream& operator<<(std::ostream& out, const Case& one) {
  return out << one.schema;
}

const std::vector<Case> cases = {
    {R"({"type":"object"})",
     {"{}", R"({"a":1})", R"({"a": [1, {"b":null}], "\u00e9":""})"},
     {"", "1", "[]", "{ }", R"({"a" :1})", R"({"a":1,})", "{\"a\":\n1}", R"({"a":  1})", " {}", "{} ", "{}{}"}},
    {R"({"type":"string"})",
     {R"("")", R"("a\n\"\\\/\u00e9")", "\"\xc3\xa9\xf0\x9f\x98\x80\"", R"("\ud83d\uDE00")", "\"\x7f\""},
     {"\"\n\"", R"("\x")", "\"\xc3\"", "\"\xa9\"", "\"\xed\xa0\x80\"", "\"\xc0\x80\"", R"("\ud83d")", R"("\ude00")",
      R"("\ud83dx")", R"("\u12")", "\"a"}},
    {R"({"type":"number"})",
     {"0", "-1", "10", "1.50", "-0.1e5", "1E-07", "2e+99"},
     {"01", "+1", ".5", "1.", "1e", "--1", "1e100", "NaN", "1234567890123456789"}},
    {R"({"type":"integer"})", {"0", "-7", "123456789012345678"}, {"1.0", "1e2", "007", "-", ""}},
    {R"({"type":"integer","minimum":3,"maximum":1250})",
     {"3", "9", "10", "99", "100", "999", "1000", "1249", "1250"},
     {"2", "0", "-3", "1251", "1300", "2000", "12500", "03"}},
    {R"({"type":"integer","exclusiveMinimum":-12,"exclusiveMaximum":5})",
     {"-11", "-10", "-9", "-1", "0", "4"},
     {"-12", "-13", "-20", "-100", "5", "10", "-0", "-01"}},
    {R"({"type":"integer","minimum":-0.5})", {"0", "1", "999999999999999999"}, {"-1", "1000000000000000000"}},
    {R"({"type":"string","minLength":2,"maxLength":3})",
     {R"("ab")", R"("a\n")", "\"\xe6\x9d\xb1\xe4\xba\xac\"", R"("\ud83d\ude00ab")"},
     {R"("")", R"("a")", R"("abcd")", R"("\n")"}},
    {R"({"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":2})",
     {"[1]", "[1,2]", "[1, 2]"},
     {"[]", "[1,2,3]", "[1,]", "[,1]", "[1 ,2]", R"(["a"])"}},
    {R"({"type":"array","prefixItems":[{"type":"string"},{"type":"null"}],"items":false})",
     {"[]", R"(["a"])", R"(["a",null])"},
     {"[null]", R"(["a",null,1])"}},
    {R"({"properties":{"b":{"type":"integer"},"a":{"type":"null"},"c":true},"required":["a"]})",
     {R"({"b":1,"a":null})", R"({"a":null})", R"({"a":null,"c":[]})", R"({"b":1, "a":null, "c":"x"})"},
     {"{}", R"({"b":1})", R"({"a":null,"b":1})", R"({"a":null,"d":1})", R"({"a":null,"a":null})"}},
    {R"({"properties":{"a":{"type":"null"},"abc":{"type":"null"}},"additionalProperties":{"type":"integer"}})",
     {"{}", R"({"ab":1})", R"({"a":null,"abcd":1,"":2})", R"({"ac":1,"b":2})", "{\"\xc3\xa9\":1}"},
     {R"({"a":1})", R"({"abc":1})", R"({"ab":null})", R"({"ab":1,"a":null})", R"({"\u0061":1})", "{\"\xc3\":1}"}},
    {R"({"type":"object","required":["x"],"additionalProperties":{"type":"boolean"}})",
     {R"({"x":true})", R"({"x":true,"y":false})"},
     {"{}", R"({"y":false})", R"({"x":true,"x":false})"}},
    {R"({"enum":["a","ab","\n",1,null,true,{"k":[1,2]},-2.5]})",
     {R"("a")", R"("ab")", R"("\n")", "1", "null", "true", R"({"k":[1,2]})", R"({"k": [1, 2]})", "-2.5"},
     {R"("b")", R"("abc")", R"("\u000a")", "2", "false", R"({"k":[1]})", "1.0"}},
    {R"({"type":["string","null"],"enum":["a",null,3]})", {R"("a")", "null"}, {"3"}},
    {R"({"const":"x","title":"t"})", {R"("x")"}, {R"("y")"}},
    {R"({"oneOf":[{"type":"integer"},{"type":"array","items":{"$ref":"#"}}]})",
     {"1", "[]", "[1,[2,[3]]]"},
     {R"("a")", R"([["a"]])"}},
    {R"({"$ref":"#/$defs/n~1o%64e","$defs":{"n/ode":{"type":"object","properties":{"v":{"type":"integer"},
        "next":{"anyOf":[{"$ref":"#/$defs/n~1ode"},{"type":"null"}]}},"required":["v","next"],
        "additionalProperties":false}}})",
     {R"({"v":1,"next":null})", R"({"v":1,"next":{"v":2,"next":null}})"},
     {R"({"v":1})", R"({"v":1,"next":{"v":2}})"}},
    // A reference to itself beside another reading, and one that is never ended.
    {R"({"anyOf":[{"type":"null"},{"$ref":"#"}]})", {"null"}, {"1"}},
    {R"({"anyOf":[{"type":"null"},{"type":"array","items":{"$ref":"#/$defs/x"},"minItems":1}],
        "$defs":{"x":{"type":"array","items":{"$ref":"#/$defs/x"},"minItems":1}}})",
     {"null"},
     {"["}},
    {"true", {"1", "{}", "null", R"([{"a":"b"}])"}, {"", "nul"}},
    {R"({"type":["integer","number"]})", {"1", "1.5"}, {"x"}},
    {R"({"type":"string","minimum":3})", {R"("a")"}, {"4"}},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(json_schema)

BOOST_DATA_TEST_CASE(documents_are_allowed_or_refused, boost::unit_test::data::make(cases), one) {
  Automaton automaton = automaton_of(one.schema);

  for (const char* text : one.allowed) BOOST_TEST(accepts(automaton, text), text);
  for (const char* text : one.refused) BOOST_TEST(!accepts(automaton, text), text);
}

BOOST_AUTO_TEST_CASE(documents_are_judged_as_by_the_reference_library) {
  std::ifstream file(std::string(TROUPE_TEST_DATA) + "/json_schema/cases.json");
  for (const auto& one : ordered_json::parse(file)) {
    const std::string schema = one["schema"].dump();
    Automaton automaton = automaton_of(schema);
    for (const auto& text : one["valid"]) {
      BOOST_TEST(accepts(automaton, text.get<std::string>()), schema << " allows " << text);
    }
    for (const auto& text : one["invalid"]) {
      BOOST_TEST(!accepts(automaton, text.get<std::string>()), schema << " refuses " << text);
    }
  }
}

BOOST_AUTO_TEST_CASE(any_object_is_an_object) {
  CompiledGrammar compiled = json_object_grammar();
  Automaton automaton(std::move(compiled.grammar), compiled.start);

  BOOST_TEST(accepts(automaton, R"({"a":[1,{"b":"c"}]})"));
  BOOST_TEST(!accepts(automaton, "[]"));
}

BOOST_AUTO_TEST_CASE(choices_are_taken_as_they_are) {
  auto compiled = choice_grammar({"yes", "yes, but", "no \"way\""});
  Automaton automaton(std::move(compiled->grammar), compiled->start);

  for (const char* text : {"yes", "yes, but", "no \"way\""}) BOOST_TEST(accepts(automaton, text));
  for (const char* text : {"", "ye", "yes,", "\"yes\""}) BOOST_TEST(!accepts(automaton, text));
  BOOST_TEST(!choice_grammar({}).has_value());
}

BOOST_AUTO_TEST_CASE(what_can_not_be_kept_is_refused_with_its_place) {
  const auto message = [](std::string_view schema) {
    const Error error = refusal(schema);
    BOOST_TEST((error.code == Errc::invalid_argument));
    BOOST_TEST(error.field == "response_format");
    return error.message;
  };

  BOOST_TEST(message(R"({"type":"object","properties":{"a/b":{"type":"string","pattern":"x"}}})") ==
             "the schema at #/properties/a~1b/pattern: the keyword 'pattern' is not supported");
  BOOST_TEST(message(R"({"anyOf":[{"type":"string"},{"type":"string","format":"date"}]})") ==
             "the schema at #/anyOf/1/format: the keyword 'format' is not supported");
  BOOST_TEST(message(R"({"$defs":{"x":{"not":{}}},"$ref":"#/$defs/x"})") ==
             "the schema at #/$defs/x/not: the keyword 'not' is not supported");
  BOOST_TEST(message(R"({"type":"number","minimum":1})").find("of an integer it is") != std::string::npos);
  BOOST_TEST(message(R"({"allOf":[{},{}]})").find("more than one") != std::string::npos);
  BOOST_TEST(message(R"({"anyOf":[{}],"type":"string"})").find("'type' beside 'anyOf'") != std::string::npos);
  BOOST_TEST(message(R"({"$ref":"https://example.com/x"})").find("not in this schema") != std::string::npos);
  BOOST_TEST(message(R"({"$ref":"#/$defs/x"})").find("there is no") != std::string::npos);
  BOOST_TEST(message(R"({"type":"text"})").find("no type") != std::string::npos);
  BOOST_TEST(message(R"({"type":"object","properties":{},"required":["a"]})").find("'a'") != std::string::npos);
  BOOST_TEST(message(R"({"items":[{}],"type":"array"})").find("an object or a boolean") != std::string::npos);
  BOOST_TEST(message(R"({"minItems":-1})").find("an integer from 0") != std::string::npos);
  BOOST_TEST(message(R"({"type":"string",})").find("not JSON") != std::string::npos);
  BOOST_TEST(message("7").find("an object or a boolean") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(schemas_that_no_document_satisfies_are_refused) {
  for (const char* schema :
       {"false", R"({"$ref":"#"})", R"({"type":"string","minLength":2,"maxLength":1})",
        R"({"type":"integer","minimum":5,"maximum":4})", R"({"type":"integer","enum":["a"]})",
        R"({"type":"array","items":{"$ref":"#"},"minItems":1})", R"({"properties":{"a":false},"required":["a"]})"}) {
    BOOST_TEST(refusal(schema).message.find("no document of finite length") != std::string::npos, schema);
  }
}

BOOST_AUTO_TEST_CASE(sizes_are_bounded) {
  std::string deep = "true";
  for (int i = 0; i < 100; ++i) deep = R"({"items":)" + deep + "}";
  const std::string long_one = R"({"title":")" + std::string(schema_bytes_max, 'x') + "\"}";

  BOOST_TEST((refusal(deep).message.find("nested more than") != std::string::npos));
  BOOST_TEST((refusal(long_one).code == Errc::too_large));
  BOOST_TEST((refusal(R"({"type":"string","maxLength":1000000000000})").code == Errc::too_large));
  BOOST_TEST((refusal(R"({"type":"array","minItems":4000000000})").code == Errc::too_large));
  BOOST_TEST((choice_grammar({std::string(1 << 16, 'x')}).error().code == Errc::too_large));
}

BOOST_AUTO_TEST_CASE(strings_are_quoted_in_their_shortest_spelling) {
  BOOST_TEST(json_quoted("a\"\\\n\x01\x7f\xc3\xa9/") == "\"a\\\"\\\\\\n\\u0001\x7f\xc3\xa9/\"");
}

BOOST_AUTO_TEST_SUITE_END()
