// Compares with test/data/tokenizer/chat_templates.json, which make_reference.py computed with jinja2.

#include <boost/test/unit_test.hpp>

#include "test/unit/gpu_tokenizer/reference.hpp"

namespace troupe::gpu {

BOOST_AUTO_TEST_SUITE(chat_template_reference)

BOOST_AUTO_TEST_CASE(templates_render_as_with_jinja2) {
  const auto file = std::filesystem::path(TROUPE_TEST_DATA) / "tokenizer" / "chat_templates.json";
  const auto templates = test::read_json(file)["templates"];

  BOOST_TEST(templates.size() >= 25U);
  for (const auto& entry : templates) {
    BOOST_TEST_CONTEXT("template " << entry["name"]) {
      const auto chat = ChatTemplate::parse(entry["template"]);
      BOOST_CHECK_MESSAGE(chat.has_value(), (chat ? "" : chat.error().message));
      if (!chat) continue;
      for (const auto& expected : entry["cases"]) {
        const auto text =
            chat->render({test::chat_messages(expected["messages"]), expected["add_generation_prompt"], "<s>", "</s>"});
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
