// Masks are what trying each token alone gives.

#include "gpu/engine/constraint/token_tree.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>

#include "test/unit/gpu_constraint/support.hpp"

using namespace troupe::gpu;

namespace {

/// All bytes, and tokens of several: words, pieces of JSON, pieces of characters, some twice.
std::vector<TokenTree::Token> vocabulary() {
  std::vector<TokenTree::Token> tokens;
  const auto add = [&](std::string bytes) {
    tokens.push_back({std::move(bytes), static_cast<int32_t>(tokens.size())});
  };
  for (int byte = 0; byte < 256; ++byte) add(std::string(1, static_cast<char>(byte)));
  for (const char* text : {"{\"",       "\":",
                           "\": ",      "\",",
                           "\", \"",    "},",
                           "}]",        "]]",
                           "[[",        "[]",
                           "{}",        "true",
                           "tr",        "ue",
                           "null",      "name",
                           "na",        "me\"",
                           "\"name\":", " \"",
                           "12",        "-1",
                           "0.",        "e5",
                           "1e",        "\\\"",
                           "\\u",       "\\ud8",
                           "\\n",       "\xc3\xa9",
                           "\xc3",      "\x98\x80",
                           "\xf0\x9f",  "\xf0\x9f\x98\x80",
                           "\xa9\"",    "\xed\xa0",
                           "  ",        " ",
                           "a\nb",      "}}}}",
                           "0,1",       "]}\n",
                           "true"}) {
    add(text);
  }
  return tokens;
}

constexpr const char* schemas[] = {
    R"({"type":"object","properties":{"name":{"type":"string","maxLength":9},"na":{"type":"integer","minimum":-12,
        "maximum":130},"list":{"type":"array","items":{"$ref":"#"}}},"required":["name"],"additionalProperties":{}})",
    R"({"type":["object","array","string"]})",
    R"({"enum":["name","na","n\"",true,[1,{"name":null}]]})",
};

}  // namespace

BOOST_AUTO_TEST_SUITE(token_tree)

BOOST_AUTO_TEST_CASE(a_mask_is_what_trying_each_token_gives) {
  const std::vector<TokenTree::Token> tokens = vocabulary();
  const TokenTree tree(tokens, tokens.size() + 7);
  size_t places = 0;
  for (const char* schema : schemas) {
    Automaton automaton = automaton_of(schema);
    FrameMasks masks;
    for (uint64_t seed = 0; seed < 25; ++seed) {
      Automaton::Place place = automaton.start();
      // A walk along allowed tokens, drawn by a linear congruential generator.
      uint64_t random = seed;
      for (int length = 0; length < 40; ++length, ++places) {
        const TokenMask mask = tree.allowed(automaton, place, masks);
        std::vector<Automaton::Place> next;
        for (const TokenTree::Token& token : tokens) {
          Automaton::Place at = place;
          for (const char byte : token.bytes) {
            if (at != Automaton::nowhere) at = automaton.step(at, static_cast<uint8_t>(byte));
          }
          BOOST_TEST_REQUIRE(mask.allows(token.id) == (at != Automaton::nowhere), schema << ": " << token.bytes);
          if (at != Automaton::nowhere) next.push_back(at);
        }
        BOOST_TEST(mask.is_empty() == next.empty());
        if (next.empty()) break;
        random = random * 6364136223846793005U + 1442695040888963407U;
        place = next[(random >> 33) % next.size()];
      }
    }
  }
  BOOST_TEST(places > 500U);
}

BOOST_AUTO_TEST_CASE(tokens_without_bytes_are_never_allowed) {
  const TokenTree tree({{"[", 3}, {"[", 5}, {"]", 4}}, 70);
  Automaton automaton = automaton_of(R"({"type":"array"})");

  FrameMasks masks;
  const TokenMask mask = tree.allowed(automaton, automaton.start(), masks);

  for (int32_t token = 0; token < 200; ++token) BOOST_TEST(mask.allows(token) == (token == 3 || token == 5));
  BOOST_TEST(tree.bytes_of(4) == "]");
  BOOST_TEST(tree.bytes_of(0).empty());
  BOOST_TEST(tree.bytes_of(1000).empty());
}

BOOST_AUTO_TEST_CASE(a_mask_leaves_allowed_logits_as_they_are) {
  TokenMask mask(130);
  for (int32_t token = 0; token < 64; ++token) mask.allow(token);
  mask.allow(129);
  std::vector<float> logits(130, 1);

  mask.apply(logits, -5);

  for (size_t i = 0; i < logits.size(); ++i) BOOST_TEST(logits[i] == (i < 64 || i == 129 ? 1 : -5));
}

BOOST_AUTO_TEST_SUITE_END()
