#include "gpu/tokenizer/added_tokens.hpp"

#include "runtime/base/assert.hpp"

namespace troupe::gpu {

void AddedTokens::add(std::string_view content, int32_t id) {
  TROUPE_ASSERT(!content.empty() && content.size() <= max_token_bytes);
  uint32_t at = 0;
  for (const char c : content) {
    const auto [child, is_new] = nodes_[at].children.emplace(c, static_cast<uint32_t>(nodes_.size()));
    at = child->second;
    if (is_new) nodes_.emplace_back();
  }
  nodes_[at].token = id;
}

Segment AddedTokens::longest_match(std::string_view text) const {
  Segment best{-1, {}};
  const Node* node = &nodes_.front();
  for (size_t i = 0; i < text.size(); ++i) {
    const auto child = node->children.find(text[i]);
    if (child == node->children.end()) break;
    node = &nodes_[child->second];
    if (node->token >= 0) best = {node->token, text.substr(0, i + 1)};
  }
  return best;
}

void AddedTokens::split(std::string_view text, std::vector<Segment>& out) const {
  size_t text_begin = 0;
  const auto flush = [&](size_t end) {
    if (end > text_begin) out.push_back({-1, text.substr(text_begin, end - text_begin)});
  };
  for (size_t at = 0; at < text.size();) {
    const Segment match = longest_match(text.substr(at));
    if (match.token < 0) {
      ++at;
      continue;
    }
    flush(at);
    out.push_back(match);
    at += match.text.size();
    text_begin = at;
  }
  flush(text.size());
}

}  // namespace troupe::gpu
