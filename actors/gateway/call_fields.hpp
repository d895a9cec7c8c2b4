#pragma once
// CallFields: what a client says around its request, in HTTP's header fields or in gRPC's metadata; and what every door
// that has them does with it.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/gateway/front_end.hpp"
#include "runtime/base/random.hpp"
#include "runtime/http/message.hpp"

namespace troupe::gateway {

/// Of one request for an answer of a model.
struct CallFields {
  std::optional<std::string> key;               ///< The API key it shows.
  std::string idempotency_key;                  ///< Empty: none.
  std::string unit;                             ///< Empty: none is named.
  std::string session;                          ///< Likewise.
  std::map<std::string, std::string> features;  ///< Those that experiments ask for.
  std::optional<Time> deadline;
};

/// Under which a request is known, here and to its client.
struct CallIdentity {
  std::string request_id;     ///< The client's x-request-id, where it is fit for one; else one of its trace; else
                              ///< a new one.
  std::string traceresponse;  ///< A span of its own in the client's trace; empty where it has none.
};
CallIdentity identify(const http::Headers& fields, Random& random);

/// `x-api-key`, or the token of `authorization: Bearer`.
std::optional<std::string_view> key_of(const http::Headers& fields);

/// Which models the client's key may see; all where the list is empty.
Result<std::vector<std::string>> models_of(const FrontEnd& front_end, const http::Headers& fields);

/// Reads into `call`. Who may not ask at all is told here, before anything of the request is read.
Status read_call_fields(const FrontEnd& front_end, const http::Headers& fields, CallFields& call);

/// What the key may still ask, in OpenAI's words; empty where it has no rate.
http::HeaderList quota_fields(const FrontEnd& front_end, const std::optional<std::string>& key);

/// Asks the head to load or unload, where the client's key allows it; `done` runs once, on any thread.
void change_load(const FrontEnd& front_end, const http::Headers& fields, protocol::ChangeLoad wish,
                 std::function<void(Status)> done);

/// Hands `serve` to the gateway, which answers into `sink` unless this fails. By the id it can be withdrawn.
Result<balancer::DispatchId> submit(const FrontEnd& front_end, CallFields call, std::string request_id,
                                    protocol::ServeRequest serve, std::shared_ptr<balancer::ResponseSink> sink);

}  // namespace troupe::gateway
