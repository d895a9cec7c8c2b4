#pragma once
// Reads values that the reference libraries computed.

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gpu/tokenizer/chat_template.hpp"
#include "gpu/tokenizer/stream_decoder.hpp"
#include "gpu/tokenizer/tokenizer.hpp"

namespace troupe::test {

inline nlohmann::json read_json(const std::filesystem::path& path) {
  std::ifstream file(path);
  BOOST_REQUIRE_MESSAGE(file.good(), path.string() << " cannot be read");
  return nlohmann::json::parse(file);
}

inline gpu::Tokenizer open_tokenizer(const std::filesystem::path& path) {
  auto tokenizer = gpu::Tokenizer::from_file(path);
  BOOST_REQUIRE_MESSAGE(tokenizer.has_value(), tokenizer.error().message);
  return *std::move(tokenizer);
}

inline std::vector<gpu::ChatMessage> chat_messages(const nlohmann::json& list) {
  std::vector<gpu::ChatMessage> messages;
  for (const auto& message : list) {
    gpu::ChatMessage& made = messages.emplace_back();
    made = {message["role"], message["content"], message.value("name", ""), message.value("tool_call_id", ""), {}};
    for (const auto& call : message.value("tool_calls", nlohmann::json::array())) {
      made.tool_calls.push_back({call["id"], call["name"], call["arguments"]});
    }
  }
  return messages;
}

inline std::vector<gpu::Tool> chat_tools(const nlohmann::json& list) {
  std::vector<gpu::Tool> tools;
  for (const auto& tool : list) {
    tools.push_back({tool["name"], tool["description"], tool["parameters"], {}});
    if (tool.contains("strict")) tools.back().strict = tool["strict"].get<bool>();
  }
  return tools;
}

/// Decodes at once and token by token, and checks that both give the same.
inline std::string decode(const gpu::Tokenizer& tokenizer, const std::vector<int32_t>& ids, bool skip_special) {
  const auto whole = tokenizer.decode(ids, skip_special);
  BOOST_REQUIRE_MESSAGE(whole.has_value(), whole.error().message);
  gpu::StreamDecoder stream(tokenizer, skip_special);
  std::string joined;
  for (const int32_t id : ids) joined += stream.push(id).value();
  joined += stream.flush();
  BOOST_TEST(joined == *whole);
  return *whole;
}

}  // namespace troupe::test
