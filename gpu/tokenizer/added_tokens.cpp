#include "gpu/tokenizer/added_tokens.hpp"

#include <algorithm>

#include "gpu/tokenizer/unicode.hpp"
#include "gpu/tokenizer/utf8.hpp"
#include "runtime/base/assert.hpp"

namespace troupe::gpu {
namespace {

Trie trie_of(const std::vector<AddedToken>& tokens) {
  std::vector<Trie::Entry> entries;
  // Of equal texts the trie keeps the last.
  for (size_t i = tokens.size(); i-- > 0;) {
    TROUPE_ASSERT(!tokens[i].text.empty() && tokens[i].text.size() <= AddedTokens::max_token_bytes);
    entries.emplace_back(tokens[i].text, static_cast<int32_t>(i));
  }
  return Trie(std::move(entries));
}

bool ends_with_word(std::string_view text) {
  return !text.empty() && unicode::is_word(first_code_point(text.substr(last_character(text))).value);
}

bool begins_with_word(std::string_view text) {
  return !text.empty() && unicode::is_word(first_code_point(text).value);
}

/// Where the white space at the end of `text` begins, but not before `limit`.
size_t trailing_space(std::string_view text, size_t limit) {
  size_t end = text.size();
  while (end > limit) {
    const size_t last = last_character(text.substr(0, end));
    if (last < limit || !unicode::is_white_space(first_code_point(text.substr(last)).value)) break;
    end = last;
  }
  return end;
}

/// Where the white space that begins at `from` ends.
size_t leading_space(std::string_view text, size_t from) {
  while (from < text.size()) {
    const CodePoint next = first_code_point(text.substr(from));
    if (!unicode::is_white_space(next.value)) break;
    from += next.length;
  }
  return from;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)), trie_(trie_of(tokens_)) {}

bool AddedTokens::stands_alone(std::string_view text, Place match) const {
  return !ends_with_word(text.substr(0, match.begin)) && !begins_with_word(text.substr(match.end));
}

void AddedTokens::split(std::string_view text, std::vector<Segment>& out) const {
  size_t done = 0;
  const auto put_text = [&](size_t end) {
    if (end > done) out.push_back({-1, text.substr(done, end - done)});
  };
  for (size_t at = 0; at < text.size();) {
    const Trie::Match match = trie_.longest(text.substr(at));
    if (match.value < 0) {
      ++at;
      continue;
    }
    Place place = {at, at + match.length};
    at = place.end;
    const AddedToken& token = tokens_[static_cast<size_t>(match.value)];
    if (token.single_word && !stands_alone(text, place)) continue;
    if (token.lstrip) place.begin = trailing_space(text.substr(0, place.begin), std::min(done, place.begin));
    // What an earlier token took along is white space up to `done`, and is not looked at again.
    if (token.rstrip) place.end = leading_space(text, std::max(place.end, done));
    put_text(place.begin);
    out.push_back({token.id, text.substr(place.begin, place.end - place.begin)});
    done = place.end;
  }
  put_text(text.size());
}

}  // namespace troupe::gpu
