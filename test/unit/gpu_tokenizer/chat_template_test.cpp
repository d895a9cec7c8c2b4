#include "gpu/tokenizer/chat_template.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::gpu {
namespace {

const ChatInput conversation = {{{"user", "hello"}, {"assistant", "hi"}}, true, "<s>", "</s>"};

Result<std::string> render(std::string source, const ChatInput& input = conversation) {
  auto chat = ChatTemplate::parse(std::move(source));
  if (!chat) return fail(chat.error());
  return chat->render(input);
}

/// Checks that the template fails with a message that has `part` in it.
void check_fails(std::string source, std::string_view part, Errc code = Errc::invalid_argument) {
  BOOST_TEST_CONTEXT("template " << source.substr(0, 200)) {
    const auto text = render(std::move(source));
    BOOST_REQUIRE(!text.has_value());
    BOOST_TEST((text.error().code == code));
    BOOST_TEST(text.error().message.find(part) != std::string::npos, text.error().message << " lacks " << part);
  }
}

std::string repeated(std::string_view text, size_t count) {
  std::string result;
  for (size_t i = 0; i < count; ++i) result += text;
  return result;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(chat_template)

BOOST_AUTO_TEST_CASE(raise_exception_fails_with_exactly_its_text) {
  const auto text = render("{{ raise_exception('No ' ~ messages[0].role ~ ' here!') }}");

  BOOST_REQUIRE(!text.has_value());
  BOOST_TEST((text.error().code == Errc::invalid_argument));
  BOOST_TEST(text.error().message == "No user here!");
}

BOOST_AUTO_TEST_CASE(content_is_never_read_as_template) {
  const auto text = render("{{ messages[0].content }}", {{{"user", "{{ bos_token }}{% if %}"}}, false, "<s>", ""});

  BOOST_TEST(text.value() == "{{ bos_token }}{% if %}");
}

BOOST_AUTO_TEST_CASE(unknown_constructs_are_quoted_with_their_line) {
  check_fails("a\nb\n{% include 'x' %}", "line 3: expected one of the statements if, for, set, macro, ");
  check_fails("\n{{ x | reverse }}", "line 2: expected a filter (trim, ");
  check_fails("{{ x | reverse }}", "found \"reverse\"");
  check_fails("{{ x is prime }}", "found \"prime\"");
  check_fails("{{ cycler('a') }}", "line 1: unknown function \"cycler\"");
  check_fails("{{ strftime_now('%s') }}", "strftime_now knows the directives ");
  check_fails("{{ [1]|tojson(width=3) }}", "the argument width= of filter tojson is not supported");
  check_fails("{{ [1]|select('prime')|list }}", "there is no test \"prime\"");
  check_fails("{{ [1]|map('reverse')|list }}", "there is no filter \"reverse\"");
  check_fails("{{ 'a'.zfill(3) }}", "unknown method \"zfill\" of a string");
  check_fails("{{ 1.5 }}", "only decimal integers");
  check_fails("{{ {'a': 1} }}", "a mapping cannot be written as text");
  check_fails("{{ {1: 2}|length }}", "a key must be a string, found integer");
  check_fails("{{ 2 ** 3 }}", "found \"**\"");
  check_fails("{{ 2 / 3 }}", "found \"/\"");
  check_fails("{% for a, b in [[1, 2], [3]] %}{% endfor %}", "an item has 1 parts, the loop has 2 variables");
  check_fails("{% break %}", "break and continue belong into a loop");
  check_fails("{% for a in x %}{% macro f() %}{% endmacro %}{% endfor %}", "a macro must not stand in a loop");
  check_fails("{% for a in x %}{% generation %}{% break %}{% endgeneration %}{% endfor %}", "belong into a loop");
  check_fails("{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}", "macro f takes 1 arguments at most, found 2");
  check_fails("{% macro f(a) %}{% endmacro %}{{ f(b=2) }}", "macro f has no argument b to give");
}

BOOST_AUTO_TEST_CASE(broken_syntax_is_refused_with_its_line) {
  check_fails("\n\n{{ 'a' ", "line 3: this tag has no \"}}\"");
  check_fails("{% if true", "this tag has no \"%}\"");
  check_fails("{# never closed", "this comment has no \"#}\"");
  check_fails("{{ 'never closed }}", "this string has no closing quote");
  check_fails("{% if true %}", "expected \"{% endif %}\", found the end of the template");
  check_fails("{% for m in messages %}{% endif %}", "expected \"{% endfor %}\", found \"{% endif\"");
  check_fails("{% endif %}", "found \"{% endif\"");
  check_fails("{{ }}", "expected an expression, found the end of the tag");
  check_fails("{{ 1 + }}", "expected an expression");
  check_fails("{{ (1 }}", "this tag has no");
  check_fails("{{ messages[ }}", "this tag has no");
  check_fails("{{ messages[] }}", "expected an index");
  check_fails("{{ 'a'('b') }}", "only functions and methods can be called");
  check_fails("{{ ? }}", "unexpected character \"?\"");
  check_fails("{{ '\\ud800' }}", "needs hex digits of a character");
  check_fails("{{ 99999999999999999999 }}", "more than 18 digits");
}

BOOST_AUTO_TEST_CASE(wrong_types_are_refused_as_python_does) {
  check_fails("\n{{ 'a' + 1 }}", "line 2: \"+\" cannot take string and integer");
  check_fails("{{ 'a' < 1 }}", "\"<\" cannot take string and integer");
  check_fails("{{ 1 in 'a' }}", "\"in\" cannot take integer and string");
  check_fails("{{ nothing.role }}", "cannot look up \"role\" in an undefined value");
  check_fails("{{ 1 % 0 }}", "divides by zero");
  check_fails("{{ 999999999999999999 * 999999999999999999 }}", "does not fit into 64 bits");
  check_fails("{% for x in 7 %}{% endfor %}", "cannot go through a value that is integer");
  check_fails("{{ messages }}", "a list cannot be written as text");
  check_fails("{{ 7|length }}", "length needs a string, list or mapping");
  check_fails("{{ 'é'|upper }}", "ASCII text only");
  check_fails("{% set messages.x = 1 %}", "\"messages\" is no namespace");
  check_fails("{{ 'abc'[::0] }}", "must not be 0");
  check_fails("{{ 'a,b'.split('') }}", "not empty");
}

BOOST_AUTO_TEST_CASE(extreme_slices_and_remainders_stay_inside) {
  BOOST_TEST(render("{{ 'abc'[::999999999999999999] }}|{{ 'abc'[::-999999999999999999] }}").value() == "a|c");
  BOOST_TEST(render("{{ 'abc'[-999999999999999999:999999999999999999] }}").value() == "abc");
  BOOST_TEST(render("{{ (0 - 999999999999999999) % -1 }}").value() == "0");
}

BOOST_AUTO_TEST_CASE(deep_nesting_is_refused) {
  check_fails("{{ " + repeated("(", 10'000) + "1" + repeated(")", 10'000) + " }}", "nested more than");
  check_fails("{{ " + repeated("[", 10'000) + repeated("]", 10'000) + " }}", "nested more than");
  check_fails("{{ " + repeated("not ", 10'000) + "1 }}", "more than 500 parts");
  check_fails("{{ " + repeated("-", 10'001) + "1 }}", "more than 500 parts");
  check_fails("{{ x" + repeated(".y", 10'000) + " }}", "more than 500 parts");
  check_fails("{{ 1" + repeated(" + 1", 10'000) + " }}", "more than 500 parts");
  check_fails(repeated("{% if true %}", 10'000) + repeated("{% endif %}", 10'000), "nested more than");
  for (const std::string_view inner : {"[ns.x]", "{'a': ns.x}"}) {
    check_fails(
        fmt::format("{{% set ns = namespace(x=[]) %}}{{% for i in range(200) %}}{{% set ns.x = {} %}}{{% endfor %}}",
                    inner),
        "nested more than 100 levels");
  }
  check_fails("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "nested more than 200 deep");
  const std::string sum = "1" + repeated(" + 1", 200);
  check_fails("{% macro f() %}{{ " + sum + " + f()|length }}{% endmacro %}{{ f() }}", "nested more than 200 deep");
}

BOOST_AUTO_TEST_CASE(namespaces_cannot_hold_each_other) {
  check_fails("{% set ns = namespace() %}{% set ns.self = ns %}", "a namespace cannot be in a namespace");
  check_fails("{% set ns = namespace() %}{% set ns.list = [ns] %}", "a namespace cannot be in a list");
  check_fails("{% set ns = namespace() %}{% set other = namespace(inner=ns) %}",
              "a namespace cannot be in a namespace");
}

BOOST_AUTO_TEST_CASE(tools_that_are_no_json_are_refused_by_name) {
  const auto field_of = [](ChatMessage message, Tool tool) {
    const auto text =
        render("{{ messages|tojson }}{{ tools|tojson }}", {{std::move(message)}, false, "", "", {std::move(tool)}, {}});
    BOOST_REQUIRE(!text.has_value());
    return text.error().field + ": " + text.error().message;
  };
  const ChatMessage call{"assistant", "", "", "", {{"id", "f", "[1]"}}};
  std::string deep = repeated("{\"a\":", 100) + "1" + repeated("}", 100);

  BOOST_TEST(field_of({"user", "hi"}, {"f", "", "{", {}}).starts_with("tools: the parameters of tool f: is no JSON"));
  BOOST_TEST(field_of({"user", "hi"}, {"f", "", "7", {}}) ==
             "tools: the parameters of tool f: must be a JSON object, found integer");
  BOOST_TEST(field_of({"user", "hi"}, {"f", "", deep, {}}).find("too deep") != std::string::npos);
  BOOST_TEST(field_of({"user", "hi"}, {"f", "", "{\"a\": 18446744073709551615}", {}}).find("64 bits") !=
             std::string::npos);
  BOOST_TEST(field_of(call, {"f", "", "", {}}) ==
             "messages: the arguments of a call of f: must be a JSON object, found list");
}

BOOST_AUTO_TEST_CASE(a_tool_has_a_schema_even_where_none_is_given) {
  BOOST_TEST(
      render("{{ tools|tojson }}", {{}, false, "", "", {{"f", "", "", {}}}, {}}).value() ==
      R"([{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}])");
}

BOOST_AUTO_TEST_CASE(a_template_says_whether_it_takes_tools) {
  BOOST_TEST(ChatTemplate::parse("{% if tools %}x{% endif %}")->takes_tools());
  BOOST_TEST(!ChatTemplate::parse("tools {{ 'tools' }}{# tools #}")->takes_tools());
}

BOOST_AUTO_TEST_CASE(work_memory_and_output_are_bounded) {
  check_fails("{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}", "steps", Errc::too_large);
  check_fails("{{ range(999999999999)|length }}", "steps", Errc::too_large);
  check_fails("{% set ns = namespace(s='x') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
              "bytes", Errc::too_large);
  check_fails("{% set ns = namespace(s=[1]) %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
              "bytes", Errc::too_large);
  check_fails(
      "{% macro f(n) %}{{ n }}{% endmacro %}{% for a in range(9999) %}{% for b in range(9999) %}{% set x = f(b) %}"
      "{% endfor %}{% endfor %}",
      "steps", Errc::too_large);
  check_fails("{% for i in range(9999) %}" + std::string(1000, 'x') + "{% endfor %}", "writes more than",
              Errc::too_large);
  BOOST_TEST(
      (ChatTemplate::parse(std::string(ChatTemplate::max_source_bytes + 1, 'x')).error().code == Errc::too_large));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::gpu
