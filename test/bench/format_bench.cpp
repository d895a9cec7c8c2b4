// What it costs to hold a text to a format: making the tree of a vocabulary, compiling the schema, and the mask of each
// token, when its place is new and when it is known.
//
//   troupe_bench_format tokens [tokenizer.json]
//
// Without a tokenizer the vocabulary is made up: all bytes, and words as often as long as those of byte-level
// vocabularies.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "gpu/engine/constraint/constraint.hpp"
#include "gpu/engine/format_tokens.hpp"
#include "gpu/engine/logit_rules.hpp"

namespace {

using namespace troupe::gpu;
using std::chrono::steady_clock;

double microseconds_since(steady_clock::time_point begun) {
  return std::chrono::duration<double, std::micro>(steady_clock::now() - begun).count();
}

/// A linear congruential generator.
struct Numbers {
  uint64_t state = 7;
  uint64_t below(uint64_t bound) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return (state >> 33) % bound;
  }
};

TokenTree made_up(size_t count) {
  std::set<std::string> texts;
  for (int byte = 0; byte < 256; ++byte) texts.insert(std::string(1, static_cast<char>(byte)));
  for (const char* text : {"\",", "\":", "\": ", "\", \"", "{\"", "\"}", "}]", "[[", "]]", "true", "false", "null"})
    texts.insert(text);
  Numbers numbers;
  constexpr const char* parts[] = {"st", "er", "in", "a", "on", "re", "th", "e",
                                   "an", "t",  "or", "s", "o",  "al", "i",  "ch"};
  while (texts.size() < count) {
    std::string text = numbers.below(2) == 0 ? " " : "";
    for (uint64_t left = 1 + numbers.below(5); left > 0; --left) text += parts[numbers.below(std::size(parts))];
    if (numbers.below(12) == 0) text += numbers.below(2) == 0 ? "\"" : ",";
    if (numbers.below(8) == 0) text = std::to_string(numbers.below(1000));
    if (numbers.below(6) == 0) text += "\xc3\xa9";
    texts.insert(text);
  }
  std::vector<TokenTree::Token> tokens;
  for (const std::string& text : texts) tokens.push_back({text, static_cast<int32_t>(tokens.size())});
  return {std::move(tokens), count};
}

constexpr const char* schema = R"({"type":"object","properties":{"title":{"type":"string"},
    "tags":{"type":"array","items":{"enum":["red","green","blue"]},"maxItems":5},
    "author":{"type":"object","properties":{"name":{"type":"string"},"born":{"type":"integer","minimum":1000,"maximum":2100}},
      "required":["name","born"],"additionalProperties":false},
    "notes":{"type":"array","items":{"type":"object","properties":{"text":{"type":"string","maxLength":200},
      "page":{"type":["integer","null"]}},"required":["text"],"additionalProperties":false}}},
    "required":["title","tags","author","notes"],"additionalProperties":false})";
constexpr const char* document = R"({"title": "the instance of others", "tags": ["red", "blue"], "author": {"name":)"
                                 R"( "an author", "born": 1871}, "notes": [{"text": "on the rest", "page": 12},)"
                                 R"( {"text": "an endless thread in the chain of things", "page": null}]})";

/// The longest token that `text` begins with.
int32_t first_token(const TokenTree& tree, std::string_view text) {
  int32_t best = -1;
  size_t length = 0;
  for (size_t id = 0; id < tree.size(); ++id) {
    const std::string_view bytes = tree.bytes_of(static_cast<int32_t>(id));
    if (bytes.size() > length && text.starts_with(bytes)) {
      best = static_cast<int32_t>(id);
      length = bytes.size();
    }
  }
  return best;
}

void measure(const char* name, Constraints& constraints, const AnswerFormat& format, const std::vector<int32_t>& tokens,
             size_t vocabulary) {
  const auto made = steady_clock::now();
  (void)constraints.make(format).value();
  fmt::print("{}: compiled in {:.0f} us\n", name, microseconds_since(made));
  std::vector<float> logits(vocabulary);
  for (const char* pass : {"first text", "second text"}) {
    const auto text = constraints.make(format).value();
    std::vector<double> mask;
    std::vector<double> apply;
    for (const int32_t token : tokens) {
      std::ranges::fill(logits, 1.0F);
      const auto begun = steady_clock::now();
      const TokenMask& allowed = text->mask();
      mask.push_back(microseconds_since(begun));
      const auto applied = steady_clock::now();
      allow_only(allowed, text->is_complete(), {}, logits);
      apply.push_back(microseconds_since(applied));
      (void)text->accept(token);
    }
    const auto mean = [](const std::vector<double>& values) {
      double sum = 0;
      for (const double value : values) sum += value;
      return sum / static_cast<double>(values.size());
    };
    fmt::print("  {}, {} tokens: mask {:.1f} us a token (at most {:.0f}), applied in {:.1f} us\n", pass, tokens.size(),
               mean(mask), *std::ranges::max_element(mask), mean(apply));
  }
}

}  // namespace

int main(int argc, char** argv) {
  size_t count = 32000;
  if (argc > 1) std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), count);
  const auto begun = steady_clock::now();
  std::optional<TokenTree> tree;
  if (argc > 2) {
    const auto tokenizer = Tokenizer::from_file(argv[2]);
    if (!tokenizer) {
      fmt::print(stderr, "{}\n", tokenizer.error().message);
      return 1;
    }
    const auto opened = steady_clock::now();
    auto made = format_tokens(*tokenizer, {}, tokenizer->vocab_size());
    if (!made) {
      fmt::print(stderr, "{}\n", made.error().message);
      return 1;
    }
    fmt::print("tree of {} tokens in {:.0f} us\n", made->size(), microseconds_since(opened));
    tree = std::move(*made);
  } else {
    tree = made_up(count);
    fmt::print("made up {} tokens in {:.0f} us\n", count, microseconds_since(begun));
  }
  const size_t vocabulary = tree->size();
  std::vector<int32_t> tokens;
  for (std::string_view rest = document; !rest.empty(); rest.remove_prefix(tree->bytes_of(tokens.back()).size())) {
    tokens.push_back(first_token(*tree, rest));
  }
  Constraints constraints(*std::move(tree));
  measure("schema", constraints, JsonSchema{schema}, tokens, vocabulary);
  measure("any object", constraints, AnyJsonObject{}, tokens, vocabulary);
  return 0;
}
