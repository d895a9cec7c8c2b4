#include "gpu/engine/tool_calls/forced_call.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace troupe::gpu {
namespace {

/// The parameters stand in it as they were given: the order of their properties is the order of the arguments.
std::string schema_of(const Tool& tool, ToolCallFormat format) {
  const char* arguments = format == ToolCallFormat::llama ? "parameters" : "arguments";
  return fmt::format(R"({{"type":"object","properties":{{"name":{{"const":{}}},"{}":{}}},"required":["name","{}"],)"
                     R"("additionalProperties":false}})",
                     nlohmann::json(tool.name).dump(), arguments,
                     tool.parameters.empty() ? R"({"type":"object","properties":{}})" : tool.parameters, arguments);
}

}  // namespace

std::string call_schema(const Chat& chat, ToolCallFormat format) {
  std::string any;
  for (const Tool& tool : chat.tools) {
    const std::string schema = schema_of(tool, format);
    if (tool.name == chat.must_call_name) return schema;
    any += (any.empty() ? "" : ",") + schema;
  }
  return fmt::format(R"({{"anyOf":[{}]}})", any);
}

}  // namespace troupe::gpu
