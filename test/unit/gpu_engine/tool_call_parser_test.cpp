#include "gpu/engine/tool_calls/tool_call_parser.hpp"

#include <algorithm>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <functional>

#include "gpu/engine/tool_calls/forced_call.hpp"

using namespace troupe;
using namespace troupe::gpu;
namespace data = boost::unit_test::data;

namespace {

/// Everything that came out, joined.
struct Seen {
  std::string text;
  std::vector<ToolCallDelta> calls;
  bool is_finished = false;

  void add(const ToolCallParser::Output& output) {
    text += output.text;
    is_finished = output.is_finished;
    for (const ToolCallDelta& call : output.calls) {
      if (call.index == calls.size()) {
        calls.push_back(call);
        continue;
      }
      BOOST_TEST_REQUIRE(call.index + 1 == calls.size(), "only the last call goes on");
      BOOST_TEST((call.id + call.name) == "");
      calls.back().arguments += call.arguments;
    }
  }

  /// "text|name(arguments)|…"
  std::string shown() const {
    std::string all = text;
    for (const ToolCallDelta& call : calls) all += fmt::format("|{}({})", call.name, call.arguments);
    return all;
  }
};

ToolCallParser::Options options(ToolCallFormat format) {
  return {.format = format, .names = {"get_weather", "now"}, .id_seed = 7};
}

Seen parse(ToolCallFormat format, const std::vector<std::string>& pieces) {
  ToolCallParser parser(options(format));
  Seen seen;
  for (const std::string& piece : pieces) seen.add(parser.push(piece));
  seen.add(parser.flush());
  BOOST_TEST(parser.has_calls() == !seen.calls.empty());
  return seen;
}

struct Case {
  ToolCallFormat format;
  std::string text;
  std::string expected;

  friend std::ostream& operator<<(std::ostream& out, const Case& one) { return out << one.text; }
};

constexpr auto hermes = ToolCallFormat::hermes;
constexpr auto llama = ToolCallFormat::llama;
constexpr auto mistral = ToolCallFormat::mistral;

const std::vector<Case> cases = {
    // Hermes, Qwen.
    {hermes, "", ""},
    {hermes, " Good day. ", " Good day. "},
    {hermes, " \n", " \n"},
    {hermes, R"(<tool_call>
{"name": "get_weather", "arguments": {"place": "Brno", "days": [1, 2.5e3, null]}}
</tool_call>)",
     R"(|get_weather({"place": "Brno", "days": [1, 2.5e3, null]}))"},
    {hermes, R"(Let me see.
<tool_call>{"name":"get_weather","arguments":{"p":"a}\"</tool_call>ü🙂\\"}}</tool_call>
<tool_call>
{"name": "now", "arguments": {}}
</tool_call>

)",
     R"(Let me see.
|get_weather({"p":"a}\"</tool_call>ü🙂\\"})|now({}))"},
    {hermes,
     "\n\n<tool_call>{\"arguments\": {\"a\": {\"b\": []}}, \"id\": [1, \"x\"], \"name\": \"n\\u006fw\"}</tool_call> "
     "So.",
     " So.|now({\"a\": {\"b\": []}})"},
    {hermes, R"(<tool_call>{"name": "unknown", "parameters": {}}</tool_call>)", "|unknown({})"},
    {hermes, R"(<tool_call>{"name": "now", "arguments": {}}<tool_call>{"name": "now", "arguments": {}})",
     "|now({})|now({})"},
    {hermes, R"(<tool_call>{"name": "now", "arguments": {"a": 1}
</tool_call>)",
     R"(|now({"a": 1}))"},
    {hermes, R"(<tool_call>{"name": "now", "arguments": {}, "id": 12, "x": tru)", "|now({})"},
    // Broken off or bent within the arguments: what came of them stands.
    {hermes, R"(<tool_call>{"name": "now", "arguments": {"a": [1, )", R"(|now({"a": [1, ))"},
    {hermes, R"(<tool_call>{"name": "now", "arguments": {"a": [1}</tool_call> ok)",
     R"(}</tool_call> ok|now({"a": [1))"},
    {hermes, R"(<tool_call>{"name": "now", "arguments": {"a": 1 </tool_call>)", R"(|now({"a": 1 ))"},
    // None at all: text, as it was written.
    {hermes, R"(<tool_call>call the clock</tool_call>)", "<tool_call>call the clock</tool_call>"},
    {hermes, R"(<tool_call>{"name": "now"}</tool_call>)", R"(<tool_call>{"name": "now"}</tool_call>)"},
    {hermes, R"( <tool_call>{"name": "", "arguments": {}})", R"( <tool_call>{"name": "", "arguments": {}})"},
    {hermes, R"(<tool_call>{"name": 7, "arguments": {}})", R"(<tool_call>{"name": 7, "arguments": {}})"},
    {hermes, R"(<tool_call>{"name": "now", "arguments": "{}"})", R"(<tool_call>{"name": "now", "arguments": "{}"})"},
    {hermes, R"(<tool_call>{"name": "\ud800", "arguments": {}})", R"(<tool_call>{"name": "\ud800", "arguments": {}})"},
    {hermes, R"(<tool_call>{"arguments": {"a": 1}})", R"(<tool_call>{"arguments": {"a": 1}})"},
    {hermes, "<tool_call>{\"na", "<tool_call>{\"na"},
    {hermes, "a < b <tool_cal", "a < b <tool_cal"},
    {hermes, "<<tool_call>{\"name\": \"now\", \"arguments\": {}}</tool_", "<</tool_|now({})"},
    {hermes, R"(<tool_call> <tool_call>{"name": "now", "arguments": {}}</tool_call>)", "<tool_call> |now({})"},
    {hermes, R"({"name": "now", "arguments": {}})", R"({"name": "now", "arguments": {}})"},
    // Llama.
    {llama, R"({"name": "get_weather", "parameters": {"place": "Brno"}})", R"(|get_weather({"place": "Brno"}))"},
    {llama, "\n\n{\"name\": \"now\", \"parameters\": {}}; {\"name\": \"now\", \"parameters\": {\"a\": 1}}\n",
     R"(|now({})|now({"a": 1}))"},
    {llama, R"(<|python_tag|>{"name": "other", "parameters": {}})", "|other({})"},
    {llama, R"(Well. <|python_tag|>{"name": "now", "parameters": {}} then)", "Well.  then|now({})"},
    {llama, R"({"name": "Ann", "parameters": {}})", R"({"name": "Ann", "parameters": {}})"},
    {llama, R"({"name": "now", "age": 3})", R"({"name": "now", "age": 3})"},
    {llama, R"(A call is {"name": "now", "parameters": {}})", R"(A call is {"name": "now", "parameters": {}})"},
    {llama, R"(<|python_tag|>print(1))", "<|python_tag|>print(1)"},
    {llama, R"({"name": "now", "parameters": {}}; and so on)", "; and so on|now({})"},
    // Mistral.
    {mistral,
     R"([TOOL_CALLS] [{"name": "get_weather", "arguments": {"place": "Brno"}}, {"name": "now", "arguments": {}}])",
     R"(|get_weather({"place": "Brno"})|now({}))"},
    {mistral, R"([TOOL_CALLS][{"name": "now", "arguments": {}, "id": "abcdefgh1"}] Done.)", " Done.|now({})"},
    {mistral, "[TOOL_CALLS][]", "[TOOL_CALLS][]"},
    {mistral, R"([TOOL_CALLS]now{"a": 1})", R"([TOOL_CALLS]now{"a": 1})"},
    {mistral, R"(Hm [TOOL_CALLS] [{"name": "now", "arguments": {}}, x])", "Hm , x]|now({})"},
    {mistral, "[TOOL_CALLS] ", "[TOOL_CALLS] "},
};

/// The text cut before every character for which `cuts` says so.
std::vector<std::string> cut(const std::string& text, const std::function<bool(size_t)>& cuts) {
  std::vector<std::string> pieces(1);
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_inside = (static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U;
    if (!is_inside && cuts(i)) pieces.emplace_back();
    pieces.back() += text[i];
  }
  return pieces;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tool_call_parser)

BOOST_DATA_TEST_CASE(calls_are_taken_out_of_texts_however_they_are_cut, data::make(cases), one) {
  BOOST_TEST(parse(one.format, {one.text}).shown() == one.expected);
  BOOST_TEST(parse(one.format, cut(one.text, [](size_t) { return true; })).shown() == one.expected);
  for (size_t at = 1; at < one.text.size(); ++at) {
    BOOST_TEST(parse(one.format, cut(one.text, [at](size_t i) { return i == at; })).shown() == one.expected);
  }
  for (uint64_t seed = 0; seed < 20; ++seed) {
    SeededRandom random(seed);
    const auto pieces = cut(one.text, [&](size_t) { return random.below(4) == 0; });
    BOOST_TEST(parse(one.format, pieces).shown() == one.expected);
  }
}

BOOST_AUTO_TEST_CASE(random_texts_come_out_alike_however_they_are_cut) {
  const std::vector<std::string> parts = {"<tool_call>",
                                          "</tool_call>",
                                          "[TOOL_CALLS]",
                                          "<|python_tag|>",
                                          "{",
                                          "}",
                                          "[",
                                          "]",
                                          "\"name\"",
                                          "\"arguments\"",
                                          "\"now\"",
                                          ":",
                                          ",",
                                          ";",
                                          " ",
                                          "\n",
                                          "x",
                                          "1",
                                          "\\",
                                          "\"",
                                          "{\"name\": \"now\", \"arguments\": {",
                                          "é",
                                          "<"};
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    SeededRandom random(seed);
    const auto format = static_cast<ToolCallFormat>(random.below(3));
    std::string text;
    for (uint64_t i = random.below(20); i > 0; --i) text += parts[random.below(parts.size())];

    const std::string whole = parse(format, {text}).shown();
    const std::string bytewise = parse(format, cut(text, [](size_t) { return true; })).shown();

    BOOST_TEST(whole == bytewise, "seed " << seed << ": " << text);
  }
}

BOOST_AUTO_TEST_CASE(arguments_come_as_they_are_written) {
  ToolCallParser parser(options(hermes));

  BOOST_TEST(parser.push("Yes.<tool").text == "Yes.");
  BOOST_TEST(parser.push("_call>{\"name\": \"now\", \"argum").calls.empty());
  const auto first = parser.push("ents\": {\"a\": \"b").calls;
  BOOST_TEST_REQUIRE(first.size() == 1U);
  BOOST_TEST(first[0].index == 0U);
  BOOST_TEST(first[0].id.starts_with("call_"));
  BOOST_TEST(first[0].name == "now");
  BOOST_TEST(first[0].arguments == "{\"a\": \"b");
  const auto second = parser.push("c\"}").calls;
  BOOST_TEST_REQUIRE(second.size() == 1U);
  BOOST_TEST((second[0].id + second[0].name) == "");
  BOOST_TEST(second[0].arguments == "c\"}");
  BOOST_TEST(parser.push("}</tool_call>").calls.empty());
}

BOOST_AUTO_TEST_CASE(ids_depend_on_the_seed_alone_and_are_as_templates_take_them) {
  const std::string two = R"([TOOL_CALLS][{"name": "now", "arguments": {}}, {"name": "now", "arguments": {}}])";
  ToolCallParser::Options other = options(mistral);
  other.id_seed = 8;
  ToolCallParser other_parser(other);

  const auto calls = parse(mistral, {two}).calls;

  BOOST_TEST(calls.at(0).id == parse(mistral, cut(two, [](size_t) { return true; })).calls.at(0).id);
  BOOST_TEST(calls.at(0).id != calls.at(1).id);
  BOOST_TEST(calls.at(0).id != other_parser.push(two).calls.at(0).id);
  for (const ToolCallDelta& call : calls) {
    BOOST_TEST(call.id.size() == 9U);
    BOOST_TEST(std::ranges::all_of(call.id, [](unsigned char c) { return std::isalnum(c) != 0; }));
  }
}

BOOST_AUTO_TEST_CASE(the_answer_ends_after_the_first_call_where_one_alone_is_wanted) {
  ToolCallParser::Options one = options(hermes);
  one.only_first = true;
  ToolCallParser parser(one);
  const std::string call = R"(<tool_call>{"name": "now", "arguments": {"a": 1}})";

  const auto output = parser.push(call + "</tool_call>" + call);

  BOOST_TEST(output.is_finished);
  BOOST_TEST_REQUIRE(output.calls.size() == 1U);
  BOOST_TEST(output.calls[0].arguments == "{\"a\": 1}");
}

BOOST_AUTO_TEST_CASE(a_forced_call_has_no_marks) {
  for (const ToolCallFormat format : {hermes, llama, mistral}) {
    ToolCallParser::Options forced = options(format);
    forced.is_forced = true;
    ToolCallParser parser(forced);
    Seen seen;
    for (const std::string& piece : cut(R"({"name": "now", "arguments": {"a": "b"}})", [](size_t) { return true; })) {
      seen.add(parser.push(piece));
    }
    seen.add(parser.flush());

    BOOST_TEST(seen.shown() == R"(|now({"a": "b"}))");
  }
}

BOOST_AUTO_TEST_CASE(what_never_becomes_a_call_is_not_held_back_for_ever) {
  ToolCallParser parser(options(hermes));
  const std::string begin = "<tool_call>{\"note\": \"";
  std::string text = parser.push(begin).text;
  for (size_t i = 0; i < CallReader::head_bytes_max / 1000 + 1; ++i) text += parser.push(std::string(1000, 'x')).text;

  BOOST_TEST(text.size() > CallReader::head_bytes_max);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(forced_call)

BOOST_AUTO_TEST_CASE(the_schema_of_a_call_is_that_of_one_tool_or_of_any) {
  Chat chat;
  chat.tools = {{"f", "", R"({"type":"object","properties":{"b":{},"a":{}}})", {}}, {"g", "", "", {}}};
  chat.must_call = true;
  const std::string any = call_schema(chat, hermes);
  chat.must_call_name = "f";
  const std::string one = call_schema(chat, llama);

  BOOST_TEST(one == R"({"type":"object","properties":{"name":{"const":"f"},"parameters":{"type":"object","properties":)"
                    R"({"b":{},"a":{}}}},"required":["name","parameters"],"additionalProperties":false})");
  BOOST_TEST(any.starts_with(R"({"anyOf":[{"type":"object","properties":{"name":{"const":"f"},"arguments")"));
  BOOST_TEST(any.find(R"({"const":"g"},"arguments":{"type":"object","properties":{}})") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(tool_call_format)

BOOST_AUTO_TEST_CASE(the_format_is_found_in_the_template_or_the_vocabulary) {
  const auto tokenizer = [](const std::string& special) {
    return Tokenizer::from_json(fmt::format(R"({{"added_tokens":[{{"id":1,"content":"{}","special":true}}],
                                            "model":{{"type":"WordLevel","vocab":{{"a":0}},"unk_token":"a"}}}})",
                                            special),
                                "test")
        .value();
  };

  BOOST_TEST((find_tool_call_format("… <tool_call>\n …", tokenizer("[TOOL_CALLS]")) == hermes));
  BOOST_TEST((find_tool_call_format("{{ \"[TOOL_CALLS] [\" }}", tokenizer("x")) == mistral));
  BOOST_TEST((find_tool_call_format("\"parameters\": ", tokenizer("<|python_tag|>")) == llama));
  BOOST_TEST(!find_tool_call_format("tools", tokenizer("x")));
  BOOST_TEST(mark_tokens(mistral, tokenizer("[TOOL_CALLS]")) == std::vector<int32_t>{1},
             boost::test_tools::per_element());
  BOOST_TEST(mark_tokens(hermes, tokenizer("[TOOL_CALLS]")).empty());
}

BOOST_AUTO_TEST_SUITE_END()
