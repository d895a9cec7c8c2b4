#pragma once
// What a text that must be a call is held to.

#include <string>

#include "gpu/engine/generate.hpp"
#include "gpu/engine/tool_calls/tool_call_format.hpp"

namespace troupe::gpu {

/// The JSON Schema of one call, without marks, of the tool that `chat` names or of any of its tools. Requires
/// must_call, and tools whose parameters are JSON objects or empty.
std::string call_schema(const Chat& chat, ToolCallFormat format);

}  // namespace troupe::gpu
