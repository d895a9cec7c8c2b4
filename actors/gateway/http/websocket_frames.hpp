#pragma once
// What the gateway's WebSocket door says and hears, as JSON texts. Pure; no sockets. docs/http-api.md has the manual.
//
//   client   {"op":"request","id":…,"path":…,"headers":{…},"body":{…}}   "op" may be left out
//            {"op":"cancel","id":…}    {"op":"authenticate","key":…}
//   server   {"id":…,"event":"answer","status":…,"headers":{…},"body":{…}}
//            {"id":…,"event":"begin",…}  {"id":…,"event":"part","body":{…}}…  {"id":…,"event":"end"}
//            {"id":…,"event":"error","status":…,"headers":{…},"body":{…}}     {"event":"authenticated"}
//            In a stream that has begun an error has neither status nor headers.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/gateway/http/json.hpp"
#include "runtime/base/result.hpp"
#include "runtime/http/message.hpp"

namespace troupe::gateway {

enum class ClientOp : uint8_t { request, cancel, authenticate };

struct ClientFrame {
  ClientOp op = ClientOp::request;
  std::string id;            ///< Of a request or cancel: 1 to 128 bytes of the client's choice.
  std::string path;          ///< Of a request: "/v1/chat/completions".
  http::HeaderList headers;  ///< Of a request: those that differ from one to the next.
  std::string body;          ///< Of a request: JSON, as that of the same POST.
  std::string key;           ///< Of an authenticate.
};

/// Refuses what it does not know, by name. `id` is set where one could be read, whatever else is wrong.
Result<ClientFrame> parse_client_frame(std::string_view text, JsonParser& parser, std::string& id);

/// `event` is answer, begin or error; `body` is JSON, or empty where there is none.
std::string format_answer_frame(std::string_view id, std::string_view event, int status,
                                const http::HeaderList& headers, std::string_view body);
/// Of a stream: `event` is part or error.
std::string format_stream_frame(std::string_view id, std::string_view event, std::string_view body);
std::string format_end_frame(std::string_view id);
/// Of no request, or before it had an API to say it in: OpenAI's object. `id` may be empty.
std::string format_error_frame(std::string_view id, const Error& error);

/// One server-sent event.
struct StreamEvent {
  std::string name;  ///< "error"; empty: none.
  std::string data;
};

/// Takes a stream of server-sent events apart.
class EventSplitter {
 public:
  /// Those that are whole with `piece`.
  std::vector<StreamEvent> feed(std::string_view piece);

 private:
  std::string rest_;
};

}  // namespace troupe::gateway
