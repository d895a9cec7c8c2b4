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
  check_refused([](json& f) { f["model"]["type"] = "Unigram"; }, "model.type: Unigram is not supported");
  check_refused([](json& f) { f["model"]["byte_fallback"] = true; }, "model.byte_fallback: true is not supported");
  check_refused([](json& f) { f["model"]["dropout"] = 0.1; }, "model.dropout: 0.1 is not supported");
  check_refused([](json& f) { f["model"]["end_of_word_suffix"] = "</w>"; }, "model.end_of_word_suffix");
  check_refused([](json& f) { f["normalizer"] = {{"type", "NFC"}}; }, "normalizer: \"NFC\" is not supported");
  check_refused([](json& f) { f["truncation"] = {{"max_length", 5}}; }, "truncation");
  check_refused([](json& f) { f["pre_tokenizer"]["type"] = "Whitespace"; }, "pre_tokenizer.type: Whitespace");
  check_refused([](json& f) { f["pre_tokenizer"]["use_regex"] = true; }, "pre_tokenizer.use_regex: true");
  check_refused([](json& f) { f["pre_tokenizer"].erase("use_regex"); }, "pre_tokenizer.use_regex: true");
  check_refused([](json& f) { f["decoder"]["type"] = "WordPiece"; }, "decoder.type: WordPiece");
  check_refused([](json& f) { f["post_processor"]["type"] = "BertProcessing"; }, "post_processor.type: BertProcessing");
  check_refused([](json& f) { f["added_tokens"][1]["lstrip"] = true; }, "added_tokens[1].lstrip: true");
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
  check_refused([](json& f) { f.erase("model"); }, "model: expected an object");
  check_refused([](json& f) { f["model"]["unk_token"] = "<what>"; }, "model.unk_token: <what> is not in model.vocab");
  check_refused(
      [](json& f) {
        f["model"]["vocab"].erase("!");
        f["model"]["merges"] = json::array();
      },
      "lacks !, which stands for byte 0x21");
}

BOOST_AUTO_TEST_CASE(broken_added_tokens_and_templates_are_refused) {
  check_refused([](json& f) { f["added_tokens"][0]["id"] = 3; }, "belongs to both");
  check_refused([](json& f) { f["added_tokens"][0]["id"] = "x"; }, "added_tokens[0].id: expected an id");
  check_refused([](json& f) { f["added_tokens"][0]["content"] = ""; }, "added_tokens[0].content: expected 1 to 256");
  check_refused([](json& f) { f["added_tokens"][0]["content"] = "a"; }, "added_tokens[0]: a has id");
  check_refused([](json& f) { f["added_tokens"][0]["special"] = 1; },
                "added_tokens[0].special: expected true or false");
  check_refused([](json& f) { f["added_tokens"] = 7; }, "added_tokens: expected a list");
  check_refused([](json& f) { f["post_processor"]["single"] = json::array(); }, "the sequence A exactly once");
  check_refused([](json& f) { f["post_processor"]["single"][1]["Sequence"]["id"] = "B"; },
                "the sequence A exactly once");
  check_refused([](json& f) { f["post_processor"]["special_tokens"].erase("<bos>"); },
                "post_processor.special_tokens.<bos>: expected an object");
  check_refused([](json& f) { f["post_processor"]["special_tokens"]["<bos>"]["ids"] = {99999}; },
                "no token has id 99999");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::gpu
