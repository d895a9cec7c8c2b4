// Compares with test/data/tokenizer/chat_templates.json, which make_chat_templates.py computed with jinja2.

#include <boost/test/unit_test.hpp>

#include "test/unit/gpu_tokenizer/reference.hpp"

namespace troupe::gpu {

namespace {

/// What make_chat_templates.py takes for the present.
constexpr std::chrono::sys_seconds now = std::chrono::sys_days{std::chrono::year{2026} / 3 / 7} +
                                         std::chrono::hours{9} + std::chrono::minutes{5} + std::chrono::seconds{1};

ChatInput input_of(const nlohmann::json& file, const nlohmann::json& expected) {
  const auto& messages =
      expected.contains("tool_chat") ? file["tool_chats"][expected["tool_chat"].get<size_t>()] : expected["messages"];
  ChatInput input{test::chat_messages(messages), expected["add_generation_prompt"], "<s>", "</s>", {}, now};
  if (expected.contains("has_tools")) input.tools = test::chat_tools(file["tools"]);
  return input;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(chat_template_reference)

BOOST_AUTO_TEST_CASE(templates_render_as_with_jinja2) {
  const auto file = test::read_json(std::filesystem::path(TROUPE_TEST_DATA) / "tokenizer" / "chat_templates.json");

  BOOST_TEST(file["templates"].size() >= 40U);
  for (const auto& entry : file["templates"]) {
    BOOST_TEST_CONTEXT("template " << entry["name"]) {
      const auto chat = ChatTemplate::parse(entry["template"]);
      BOOST_CHECK_MESSAGE(chat.has_value(), (chat ? "" : chat.error().message));
      if (!chat) continue;
      for (const auto& expected : entry["cases"]) {
        const auto text = chat->render(input_of(file, expected));
        if (expected.contains("raised")) {
          BOOST_CHECK(!text.has_value());
          if (!text) BOOST_TEST(text.error().message == expected["raised"].get<std::string>());
        } else {
          BOOST_CHECK_MESSAGE(text.has_value(), (text ? "" : text.error().message));
          if (text) BOOST_TEST(*text == expected["text"].get<std::string>());
        }
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::gpu
