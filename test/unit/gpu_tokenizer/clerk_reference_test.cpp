// Compares with test/data/clerk/reference.json, which transformers computed from the example model.

#include <boost/test/unit_test.hpp>

#include "test/unit/gpu_tokenizer/reference.hpp"

namespace troupe::gpu {
namespace {

using nlohmann::json;
using Ids = std::vector<int32_t>;

const std::filesystem::path model = std::filesystem::path(TROUPE_SOURCE_DIR) / "examples" / "models" / "clerk" / "2";
const std::filesystem::path reference = std::filesystem::path(TROUPE_TEST_DATA) / "clerk" / "reference.json";

}  // namespace

BOOST_AUTO_TEST_SUITE(clerk_reference)

BOOST_AUTO_TEST_CASE(lines_encode_and_decode_as_with_transformers) {
  const Tokenizer tokenizer = test::open_tokenizer(model / "tokenizer.json");
  const json cases = test::read_json(reference)["tokenizer"];

  BOOST_TEST(!cases.empty());
  for (const json& expected : cases) {
    BOOST_TEST_CONTEXT("text " << expected["text"]) {
      const std::string text = expected["text"];
      BOOST_TEST((tokenizer.encode(text, true).value() == expected["ids"].get<Ids>()));
      BOOST_TEST((tokenizer.encode(text, false).value() == expected["ids_without_bos"].get<Ids>()));
      BOOST_TEST(test::decode(tokenizer, expected["ids"], false) == expected["decoded"].get<std::string>());
      BOOST_TEST(test::decode(tokenizer, expected["ids"], true) ==
                 expected["decoded_without_special"].get<std::string>());
    }
  }
}

BOOST_AUTO_TEST_CASE(broken_utf8_decodes_as_with_transformers) {
  const Tokenizer tokenizer = test::open_tokenizer(model / "tokenizer.json");

  const json cases = test::read_json(reference)["decode"];
  for (const json& expected : cases) {
    BOOST_TEST_CONTEXT("ids " << expected["ids"]) {
      BOOST_TEST(test::decode(tokenizer, expected["ids"], false) == expected["decoded"].get<std::string>());
      BOOST_TEST(test::decode(tokenizer, expected["ids"], true) ==
                 expected["decoded_without_special"].get<std::string>());
    }
  }
}

BOOST_AUTO_TEST_CASE(chats_render_and_encode_as_with_transformers) {
  const Tokenizer tokenizer = test::open_tokenizer(model / "tokenizer.json");
  const json config = test::read_json(model / "tokenizer_config.json");
  const auto chat = ChatTemplate::parse(config["chat_template"]);
  BOOST_REQUIRE_MESSAGE(chat.has_value(), chat.error().message);

  const json cases = test::read_json(reference)["chat"];
  for (const json& expected : cases) {
    const auto text = chat->render({test::chat_messages(expected["messages"]), expected["add_generation_prompt"],
                                    config["bos_token"], config["eos_token"]});
    BOOST_REQUIRE_MESSAGE(text.has_value(), text.error().message);
    BOOST_TEST(*text == expected["text"].get<std::string>());
    BOOST_TEST((tokenizer.encode(*text, false).value() == expected["ids"].get<Ids>()));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::gpu
