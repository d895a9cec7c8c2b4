// What a stream holds back, and for how long, with each kind of decoder.

#include "gpu/tokenizer/stream_decoder.hpp"

#include <boost/test/unit_test.hpp>

#include "test/unit/gpu_tokenizer/reference.hpp"

namespace troupe::gpu {
namespace {

using nlohmann::json;

constexpr std::string_view tokens[] = {"▁the",   "▁a",     "ing", "##s", "x</w>", "<0xE2>",
                                       "<0x82>", "<0xAC>", ".",   " ",   "don't"};

StreamDecoder stream_with(json decoder) {
  json vocabulary;
  for (size_t i = 0; i < std::size(tokens); ++i) vocabulary[std::string(tokens[i])] = i;
  const json file = {{"model", {{"type", "WordLevel"}, {"vocab", vocabulary}}}, {"decoder", std::move(decoder)}};
  auto tokenizer = Tokenizer::from_json(file.dump(), "stream");
  BOOST_REQUIRE_MESSAGE(tokenizer.has_value(), tokenizer.error().message);
  return StreamDecoder(*std::move(tokenizer), true);
}

/// What each push, and then flush, gives, with a bar after each.
std::string texts(StreamDecoder stream, std::initializer_list<std::string_view> pushed) {
  std::string joined;
  for (const std::string_view token : pushed) {
    const auto id = std::find(std::begin(tokens), std::end(tokens), token) - std::begin(tokens);
    joined += stream.push(static_cast<int32_t>(id)).value() + "|";
  }
  return joined + stream.flush();
}

json sequence(std::initializer_list<json> steps) {
  return {{"type", "Sequence"}, {"decoders", steps}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(stream_decoder)

BOOST_AUTO_TEST_CASE(the_space_before_the_first_word_is_dropped_once) {
  const json metaspace = {{"type", "Metaspace"}, {"replacement", "▁"}, {"prepend_scheme", "always"}};
  BOOST_TEST(texts(stream_with(metaspace), {"▁the", "▁a", "ing"}) == "the| a|ing|");

  const json llama = sequence({{{"type", "Replace"}, {"pattern", {{"String", "▁"}}}, {"content", " "}},
                               {{"type", "ByteFallback"}},
                               {{"type", "Fuse"}},
                               {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}}});
  BOOST_TEST(texts(stream_with(llama), {"▁the", "▁a", "ing"}) == "the| a|ing|");
  BOOST_TEST(texts(stream_with(llama), {" ", " ", "▁a"}) == "| | a|");
}

BOOST_AUTO_TEST_CASE(byte_tokens_wait_until_it_shows_whether_they_are_a_character) {
  const json bytes = {{"type", "ByteFallback"}};
  BOOST_TEST(texts(stream_with(bytes), {"<0xE2>", "<0x82>", "<0xAC>", "."}) == "|||€.|");
  BOOST_TEST(texts(stream_with(bytes), {"<0xE2>", "<0x82>", "<0xAC>"}) == "|||€");
  BOOST_TEST(texts(stream_with(bytes), {"<0xE2>", "<0x82>", "."}) == "||\ufffd\ufffd.|");
}

BOOST_AUTO_TEST_CASE(a_word_s_end_shows_with_the_next_token) {
  BOOST_TEST(texts(stream_with({{"type", "BPEDecoder"}, {"suffix", "</w>"}}), {"x</w>", "ing", "x</w>"}) ==
             "|x |ing|x");
}

BOOST_AUTO_TEST_CASE(words_are_joined_by_what_begins_them) {
  const json words = {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}};
  BOOST_TEST(texts(stream_with(words), {"ing", "##s", "ing", "."}) == "ing|s| ing|.|");
  BOOST_TEST(texts(stream_with(nullptr), {"ing", "."}) == "ing| .|");
}

BOOST_AUTO_TEST_CASE(what_may_be_stripped_from_the_end_waits_for_it) {
  const json strip = sequence({{{"type", "Fuse"}}, {{"type", "Strip"}, {"content", " "}, {"start", 0}, {"stop", 1}}});
  BOOST_TEST(texts(stream_with(strip), {"ing", " ", " ", "ing", " "}) == "ing|| | ing||");
}

BOOST_AUTO_TEST_CASE(a_stream_is_as_new_after_its_end) {
  StreamDecoder stream = stream_with({{"type", "Metaspace"}, {"replacement", "▁"}});
  BOOST_TEST(stream.push(0).value() == "the");
  BOOST_TEST(stream.flush().empty());
  BOOST_TEST(stream.push(0).value() == "the");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::gpu
