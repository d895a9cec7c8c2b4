// What a tokenizer.json may not say.

#include <boost/test/unit_test.hpp>
#include <functional>

#include "test/unit/gpu_tokenizer/reference.hpp"

namespace troupe::gpu {
namespace {

using nlohmann::json;

json good_file() {
  return test::read_json(std::filesystem::path(TROUPE_TEST_DATA) / "tokenizer" / "tokenizer.json");
}

/// Changes a good file and checks that it is refused with `part` in the message, which names the JSON path.
void check_refused(const std::function<void(json&)>& change, std::string_view part) {
  json file = good_file();
  change(file);
  const auto tokenizer = Tokenizer::from_json(file.dump(), "t.json");
  BOOST_TEST_CONTEXT("expecting " << part) {
    BOOST_REQUIRE(!tokenizer.has_value());
    const std::string& message = tokenizer.error().message;
    BOOST_TEST(message.starts_with("t.json: "), message);
    BOOST_TEST(message.find(part) != std::string::npos, message << " lacks " << part);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tokenizer_file)

BOOST_AUTO_TEST_CASE(text_that_is_no_json_object_is_refused) {
  for (const std::string_view text : {"", "{", "[]", "7", "{\"a\": \"\xff\"}"}) {
    const auto tokenizer = Tokenizer::from_json(text, "t.json");
    BOOST_REQUIRE(!tokenizer.has_value());
    BOOST_TEST((tokenizer.error().code == Errc::corrupt_data));
  }
  const auto missing = Tokenizer::from_file("/nowhere/tokenizer.json");
  BOOST_REQUIRE(!missing.has_value());
  BOOST_TEST((missing.error().code == Errc::not_found));
}

BOOST_AUTO_TEST_CASE(unsupported_features_are_refused_by_name) {
  check_refused([](json& f) { f["model"]["type"] = "Neural"; },
                "model.type: Neural is not supported; supported: BPE, WordPiece, Unigram, WordLevel");
  check_refused([](json& f) { f["model"]["dropout"] = 0.1; }, "model.dropout: 0.1 is not supported");
  check_refused([](json& f) { f["normalizer"] = {{"type", "Rot13"}}; }, "normalizer.type: Rot13 is not supported");
  check_refused([](json& f) { f["pre_tokenizer"]["type"] = "FixedLength"; }, "pre_tokenizer.type: FixedLength");
  check_refused([](json& f) { f["decoder"]["type"] = "Encoder"; }, "decoder.type: Encoder");
  check_refused([](json& f) { f["post_processor"]["type"] = "Sed"; }, "post_processor.type: Sed");
  check_refused([](json& f) { f["version"] = "2.0"; }, "version: 2.0 is not supported");
  check_refused([](json& f) { f["truncation"] = {{"max_length", 5}, {"strategy", "Middle"}}; }, "truncation.strategy");
  check_refused(
      [](json& f) {
        f["post_processor"] = {{"type", "Sequence"}, {"processors", {f["post_processor"], f["post_processor"]}}};
      },
      "post_processor.processors[1]: a second step that adds tokens is not supported");
}

BOOST_AUTO_TEST_CASE(steps_say_where_they_are_wrong) {
  const auto normalizer = [](json step) {
    return [step = std::move(step)](json& f) { f["normalizer"] = {{"type", "Sequence"}, {"normalizers", {step}}}; };
  };
  check_refused(normalizer({{"type", "Prepend"}}), "normalizer.normalizers[0].prepend: is missing");
  check_refused(normalizer({{"type", 7}}), "normalizer.normalizers[0].type: expected a string");
  check_refused(normalizer({{"type", "Replace"}, {"pattern", {{"String", ""}}}, {"content", "x"}}),
                "normalizer.normalizers[0].pattern.String: the pattern is empty");
  check_refused(normalizer({{"type", "Replace"}, {"pattern", {{"Regex", "(a"}}}, {"content", "x"}}),
                "normalizer.normalizers[0].pattern: the pattern (a is not understood");
  check_refused(normalizer({{"type", "Replace"}, {"pattern", {{"Regex", "[a&&b]"}}}, {"content", "x"}}),
                "has && in a set at byte 2, which is not supported");
  check_refused(normalizer({{"type", "Precompiled"}, {"precompiled_charsmap", "AAA="}}),
                "normalizer.normalizers[0].precompiled_charsmap: the character map is cut off");
  check_refused(normalizer({{"type", "Precompiled"}, {"precompiled_charsmap", "?"}}), "expected base64");
  check_refused(normalizer({{"type", "Precompiled"}, {"precompiled_charsmap", "/////wAAAAA="}}), "its trie has");
  check_refused(
      [](json& f) {
        f["pre_tokenizer"] = {{"type", "Metaspace"}, {"replacement", "ab"}};
      },
      "pre_tokenizer.replacement: expected one character");
  check_refused(
      [](json& f) {
        f["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", "all"}};
      },
      "pre_tokenizer.pretokenizers: expected a list");
  check_refused(
      [](json& f) {
        f["decoder"] = {{"type", "Strip"}, {"content", " "}, {"start", -1}, {"stop", 0}};
      },
      "decoder.start: expected a number from 0");
}

BOOST_AUTO_TEST_CASE(nesting_and_numbers_of_steps_have_limits) {
  json nested = {{"type", "NFC"}};
  for (int i = 0; i < 40; ++i) nested = {{"type", "Sequence"}, {"normalizers", {nested}}};
  check_refused([&](json& f) { f["normalizer"] = nested; }, "at most 16 Sequences may be nested");
  json many = {{"type", "Sequence"}, {"normalizers", json::array()}};
  for (int i = 0; i < 100; ++i) many["normalizers"].push_back({{"type", "NFC"}});
  check_refused([&](json& f) { f["normalizer"] = many; }, "normalizer.normalizers[64]: at most 64 steps are allowed");
}

BOOST_AUTO_TEST_CASE(broken_merges_are_refused) {
  check_refused([](json& f) { f["model"]["merges"].push_back({"q", "zzz"}); }, "\"zzz\" is not in model.vocab");
  check_refused([](json& f) { f["model"]["merges"][0] = {"Ġ", "\u0100"}; }, "model.merges[0]: \"Ġ\u0100\" is not in");
  check_refused([](json& f) { f["model"]["merges"][3] = "a b c"; },
                "model.merges[3]: expected [\"a\", \"b\"] or \"a b\"");
  check_refused([](json& f) { f["model"]["merges"][3] = {"a"}; }, "model.merges[3]");
  check_refused([](json& f) { f["model"]["merges"][3] = 7; }, "model.merges[3]");
  check_refused([](json& f) { f["model"]["merges"] = "none"; }, "model.merges: expected a list");
  // With an empty token, "" + "a" = "a" would merge for ever.
  check_refused([](json& f) { f["model"]["merges"][0] = {"", "a"}; }, "model.merges[0]: \"\" is not in model.vocab");
  check_refused([](json& f) { f["model"]["vocab"][""] = 5000; }, "a token is empty");
}

BOOST_AUTO_TEST_CASE(broken_vocabularies_are_refused) {
  check_refused([](json& f) { f["model"]["vocab"]["a"] = f["model"]["vocab"]["b"]; }, "belongs to both");
  check_refused([](json& f) { f["model"]["vocab"]["a"] = -1; }, "model.vocab.a: expected an id from 0 to 1048575");
  check_refused([](json& f) { f["model"]["vocab"]["a"] = 1 << 20; }, "model.vocab.a: expected an id");
  check_refused([](json& f) { f["model"]["vocab"]["a"] = "1"; }, "model.vocab.a: expected an id");
  check_refused([](json& f) { f["model"]["vocab"] = json::array(); }, "model.vocab: expected an object");
  check_refused([](json& f) { f.erase("model"); }, "model: is missing");
  check_refused([](json& f) { f["model"] = 7; }, "model: expected an object");
  check_refused([](json& f) { f["model"]["unk_token"] = "<what>"; }, "model.unk_token: <what> is not in model.vocab");
  check_refused([](json& f) { f["model"] = R"({"type": "Unigram", "vocab": [["a", 0.0], ["b"]]})"_json; },
                "model.vocab[1]: expected [\"token\", score]");
  check_refused([](json& f) { f["model"] = R"({"type": "Unigram", "vocab": [["a", 0], ["a", 1]]})"_json; },
                "model.vocab: a has two ids, 0 and 1");
  check_refused([](json& f) { f["model"] = R"({"type": "Unigram", "vocab": [["a", 0]], "unk_id": 1})"_json; },
                "model.unk_id: expected a number from 0 to 0");
  check_refused(
      [](json& f) {
        f["model"] = {{"type", "WordPiece"}, {"vocab", {{"a", 0}}}, {"unk_token", "[UNK]"}};
      },
      "model.unk_token: [UNK] is not in model.vocab");
}

BOOST_AUTO_TEST_CASE(broken_added_tokens_and_templates_are_refused) {
  check_refused([](json& f) { f["added_tokens"][0]["id"] = 3; }, "belongs to both");
  check_refused([](json& f) { f["added_tokens"][0]["id"] = "x"; },
                "added_tokens[0].id: expected a number from 0 to 1048575");
  check_refused([](json& f) { f["added_tokens"][0]["content"] = ""; }, "added_tokens[0].content: expected 1 to 256");
  check_refused([](json& f) { f["added_tokens"][0]["content"] = "a"; }, "added_tokens[0]: a has id");
  check_refused([](json& f) { f["added_tokens"][0]["special"] = 1; },
                "added_tokens[0].special: expected true or false");
  check_refused([](json& f) { f["added_tokens"] = 7; }, "added_tokens: expected a list");
  check_refused([](json& f) { f["post_processor"]["single"] = json::array(); }, "the sequence A exactly once");
  check_refused([](json& f) { f["post_processor"]["single"][1]["Sequence"]["id"] = "B"; },
                "the sequence A exactly once");
  check_refused([](json& f) { f["post_processor"]["special_tokens"].erase("<bos>"); },
                "post_processor.special_tokens.<bos>: is missing");
  check_refused([](json& f) { f["post_processor"]["special_tokens"]["<bos>"]["ids"] = {99999}; },
                "no token has id 99999");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::gpu
