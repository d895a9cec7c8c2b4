#pragma once
// HttpFrontEnd: what the HTTP door stands on.

#include "actors/gateway/front_end.hpp"
#include "runtime/http/cors.hpp"

namespace troupe::gateway {

struct HttpFrontEnd : FrontEnd {
  http::CorsPolicy cors;    ///< As the server's: pages of which origins may open a WebSocket.
  unsigned io_threads = 2;  ///< The server's HttpOptions::io_threads.
};

}  // namespace troupe::gateway
