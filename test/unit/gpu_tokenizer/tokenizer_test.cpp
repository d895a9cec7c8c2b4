#include "gpu/tokenizer/tokenizer.hpp"

#include <boost/test/unit_test.hpp>

#include "test/unit/gpu_tokenizer/reference.hpp"

namespace troupe::gpu {
namespace {

/// Ids 0 to 255 are the bytes; 256 <pad>, 257 <bos>, 258 <eos>.
const Tokenizer& bytes_tokenizer() {
  static const Tokenizer tokenizer = test::open_tokenizer(std::filesystem::path(TROUPE_SOURCE_DIR) / "examples" /
                                                          "models" / "clerk" / "2" / "tokenizer.json");
  return tokenizer;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tokenizer)

BOOST_AUTO_TEST_CASE(tokens_have_names_and_ids) {
  const Tokenizer& tokenizer = bytes_tokenizer();

  BOOST_TEST(tokenizer.vocab_size() == 259U);
  BOOST_TEST(tokenizer.token_to_id("<eos>").value() == 258);
  BOOST_TEST(tokenizer.id_to_token(258).value() == "<eos>");
  BOOST_TEST(tokenizer.id_to_token(32).value() == "Ġ");
  BOOST_TEST(tokenizer.is_special(258));
  BOOST_TEST(!tokenizer.is_special(65));
  BOOST_TEST(!tokenizer.token_to_id("nothing").has_value());
  BOOST_TEST(!tokenizer.id_to_token(259).has_value());
  BOOST_TEST(!tokenizer.id_to_token(-1).has_value());
}

BOOST_AUTO_TEST_CASE(text_that_is_no_utf8_is_refused_with_the_place) {
  for (const std::string_view text : {"abc\xff", "abc\xe2\x82", "abc\xed\xa0\x80", "abc\xc0\xaf"}) {
    const auto ids = bytes_tokenizer().encode(text, false);

    BOOST_REQUIRE(!ids.has_value());
    BOOST_TEST((ids.error().code == Errc::invalid_argument));
    BOOST_TEST(ids.error().message == "the text is not valid UTF-8 at byte 3");
  }
}

BOOST_AUTO_TEST_CASE(text_over_the_limit_is_refused) {
  const auto ids = bytes_tokenizer().encode(std::string(Tokenizer::max_text_bytes + 1, 'a'), false);

  BOOST_REQUIRE(!ids.has_value());
  BOOST_TEST((ids.error().code == Errc::too_large));
}

BOOST_AUTO_TEST_CASE(ids_that_no_token_has_are_refused) {
  for (const int32_t id : {-1, 259, INT32_MAX}) {
    const std::vector<int32_t> ids = {65, id};
    const auto text = bytes_tokenizer().decode(ids, true);
    StreamDecoder stream(bytes_tokenizer(), true);

    BOOST_REQUIRE(!text.has_value());
    BOOST_TEST(text.error().message == fmt::format("no token has id {}; ids are 0 to 258", id));
    BOOST_TEST(!stream.push(id).has_value());
  }
}

BOOST_AUTO_TEST_CASE(a_long_word_of_repeats_is_merged_whole) {
  const Tokenizer tokenizer =
      test::open_tokenizer(std::filesystem::path(TROUPE_TEST_DATA) / "tokenizer" / "tokenizer.json");
  std::string text;
  while (text.size() < 500'000) text += "thethethe";

  const auto ids = tokenizer.encode(text, false);

  BOOST_REQUIRE(ids.has_value());
  BOOST_TEST(ids->size() < text.size() / 2);
  BOOST_TEST(tokenizer.decode(*ids, false).value() == text);
}

BOOST_AUTO_TEST_CASE(characters_that_a_model_cannot_spell_are_an_error_not_dropped) {
  const auto tokenizer =
      Tokenizer::from_json(R"({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}})", "small");

  const auto ids = tokenizer->encode("aé", false);

  BOOST_REQUIRE(!ids.has_value());
  BOOST_TEST((ids.error().code == Errc::invalid_argument));
  BOOST_TEST(ids.error().message == "the vocabulary has no token for the character é");
}

BOOST_AUTO_TEST_CASE(a_length_counts_special_tokens_and_says_when_it_cut) {
  const Tokenizer tokenizer = bytes_tokenizer();
  const auto whole = tokenizer.encode_single("abcd", false, 4);
  const auto cut = tokenizer.encode_single("abcd", false, 3);

  BOOST_TEST(whole->ids == (std::vector<int32_t>{'a', 'b', 'c', 'd'}), boost::test_tools::per_element());
  BOOST_TEST(!whole->is_cut);
  BOOST_TEST(cut->ids == (std::vector<int32_t>{'a', 'b', 'c'}), boost::test_tools::per_element());
  BOOST_TEST(cut->is_cut);
  BOOST_TEST(tokenizer.encode_single("abcd", true, 0).error().message ==
             "a length of 0 has no room for 1 special tokens");
}

BOOST_AUTO_TEST_CASE(tokens_that_take_white_space_along_cost_linear_time) {
  const auto tokenizer = Tokenizer::from_json(
      R"({"added_tokens": [{"id": 0, "content": " ", "lstrip": true, "rstrip": true, "normalized": false}],
          "model": {"type": "WordLevel", "vocab": {"u": 1}, "unk_token": "u"}})",
      "spaces");
  BOOST_REQUIRE_MESSAGE(tokenizer.has_value(), tokenizer.error().message);

  BOOST_TEST(tokenizer->encode(std::string(4 << 20, ' '), false)->size() == size_t{4} << 20);
}

BOOST_AUTO_TEST_CASE(normalizing_cannot_blow_a_text_up) {
  const std::string big(1 << 20, 'x');
  const nlohmann::json file = {{"normalizer", {{"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", big}}},
                               {"model", {{"type", "WordLevel"}, {"vocab", {{"u", 0}}}, {"unk_token", "u"}}}};
  const auto tokenizer = Tokenizer::from_json(file.dump(), "big");

  BOOST_TEST((tokenizer->encode(std::string(1000, 'a'), false).error().code == Errc::too_large));
}

BOOST_AUTO_TEST_CASE(a_token_has_bytes_of_its_own_that_need_be_no_character) {
  BOOST_TEST(bytes_tokenizer().token_bytes(0xE2).value() == "\xe2");
  BOOST_TEST(bytes_tokenizer().token_bytes(32).value() == " ");
  BOOST_TEST(bytes_tokenizer().token_bytes(258).value() == "<eos>");
  BOOST_TEST(!bytes_tokenizer().token_bytes(259).has_value());

  // As SentencePiece's BPE is written down: a text's first space is not said, and what has no token is bytes.
  const std::string_view pieces = R"({"model": {"type": "BPE", "byte_fallback": true, "merges": [],
      "vocab": {"<0xE2>": 0, "\u2581a": 1, "b": 2}},
    "decoder": {"type": "Sequence", "decoders": [
      {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "ByteFallback"},
      {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}})";
  const auto tokenizer = Tokenizer::from_json(std::string(pieces), "pieces");
  BOOST_TEST_REQUIRE(tokenizer.has_value(), (tokenizer ? "" : to_string(tokenizer.error())));
  BOOST_TEST(tokenizer->token_bytes(0).value() == "\xe2");
  BOOST_TEST(tokenizer->token_bytes(1).value() == " a");
  BOOST_TEST(tokenizer->token_bytes(2).value() == "b");
}

BOOST_AUTO_TEST_CASE(a_stream_hands_out_whole_characters_only) {
  StreamDecoder stream(bytes_tokenizer(), true);

  BOOST_TEST(stream.push(0x61).value() == "a");
  BOOST_TEST(stream.push(0xE2).value().empty());
  BOOST_TEST(stream.push(0x82).value().empty());
  BOOST_TEST(stream.push(258).value().empty());
  BOOST_TEST(stream.push(0xAC).value() == "€");
  BOOST_TEST(stream.flush().empty());
}

BOOST_AUTO_TEST_CASE(a_stream_replaces_a_character_as_soon_as_it_cannot_be_finished) {
  StreamDecoder stream(bytes_tokenizer(), true);

  BOOST_TEST(stream.push(0xE2).value().empty());
  BOOST_TEST(stream.push(0x61).value() == "\ufffda");
  BOOST_TEST(stream.push(0x80).value() == "\ufffd");
  BOOST_TEST(stream.push(0xF0).value().empty());
  BOOST_TEST(stream.push(0x9F).value().empty());
  BOOST_TEST(stream.flush() == "\ufffd");
  BOOST_TEST(stream.flush().empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::gpu
