// Compares with test/data/tokenizer, which make_reference.py and make_steps.py computed with the `tokenizers` library.

#include <boost/test/unit_test.hpp>

#include "test/unit/gpu_tokenizer/reference.hpp"

namespace troupe::gpu {
namespace {

using nlohmann::json;
using Ids = std::vector<int32_t>;

const std::filesystem::path data = std::filesystem::path(TROUPE_TEST_DATA) / "tokenizer";

void check_case(const Tokenizer& tokenizer, const json& expected) {
  const std::string text = expected["text"];
  const Ids framed = expected["framed"];
  BOOST_TEST_CONTEXT("text " << expected["text"]) {
    BOOST_TEST(tokenizer.encode(text, false).value() == expected["ids"].get<Ids>(), boost::test_tools::per_element());
    BOOST_TEST(tokenizer.encode(text, true).value() == framed, boost::test_tools::per_element());
    BOOST_TEST(test::decode(tokenizer, framed, false) == expected["decoded"].get<std::string>());
    BOOST_TEST(test::decode(tokenizer, framed, true) == expected["decoded_plain"].get<std::string>());
  }
}

void check_pair(const Tokenizer& tokenizer, const json& expected) {
  const std::string first = expected["first"];
  const std::string second = expected["second"];
  const auto encoding = tokenizer.encode_pair(first, second, true, expected["max_length"].get<size_t>());
  BOOST_TEST_CONTEXT("pair " << first << " and " << second << " in " << expected["max_length"]) {
    BOOST_REQUIRE_MESSAGE(encoding.has_value(), encoding.error().message);
    BOOST_TEST(encoding->ids == expected["ids"].get<Ids>(), boost::test_tools::per_element());
    BOOST_TEST(encoding->type_ids == expected["type_ids"].get<Ids>(), boost::test_tools::per_element());
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tokenizer_reference)

BOOST_AUTO_TEST_CASE(mixed_lines_encode_and_decode_as_in_the_reference_library) {
  const Tokenizer tokenizer = test::open_tokenizer(data / "tokenizer.json");
  const json reference = test::read_json(data / "encodings.json");

  BOOST_TEST(reference["encode"].size() == 300U);
  for (const json& expected : reference["encode"]) check_case(tokenizer, expected);
}

BOOST_AUTO_TEST_CASE(broken_bytes_decode_to_the_same_replacement_characters) {
  const Tokenizer tokenizer = test::open_tokenizer(data / "tokenizer.json");

  const json cases = test::read_json(data / "encodings.json")["decode"];
  for (const json& expected : cases) {
    BOOST_TEST_CONTEXT("ids " << expected["ids"]) {
      BOOST_TEST(test::decode(tokenizer, expected["ids"], false) == expected["decoded"].get<std::string>());
      BOOST_TEST(test::decode(tokenizer, expected["ids"], true) == expected["decoded_plain"].get<std::string>());
    }
  }
}

BOOST_AUTO_TEST_CASE(every_supported_option_acts_as_in_the_reference_library) {
  const json cases = test::read_json(data / "variants.json")["variants"];
  for (const json& variant : cases) {
    const std::string name = variant["name"];
    BOOST_TEST_CONTEXT("variant " << name) {
      const auto tokenizer = Tokenizer::from_json(variant["file"].dump(), name);
      BOOST_REQUIRE_MESSAGE(tokenizer.has_value(), tokenizer.error().message);
      for (const json& expected : variant["cases"]) check_case(*tokenizer, expected);
    }
  }
}

BOOST_AUTO_TEST_CASE(every_kind_of_model_and_pairs_act_as_in_the_reference_library) {
  const json cases = test::read_json(data / "steps.json")["variants"];
  for (const json& variant : cases) {
    const std::string name = variant["name"];
    BOOST_TEST_CONTEXT("variant " << name) {
      const auto tokenizer = Tokenizer::from_json(variant["file"].dump(), name);
      BOOST_REQUIRE_MESSAGE(tokenizer.has_value(), tokenizer.error().message);
      for (const json& expected : variant["cases"]) check_case(*tokenizer, expected);
      for (const json& expected : variant.value("pairs", json::array())) check_pair(*tokenizer, expected);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::gpu
