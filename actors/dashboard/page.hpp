#pragma once
// The dashboard's page over HTTP: static files that hold no data of the cluster. What they show they fetch from
// /api/v1 of the same origin.

#include "runtime/http/message.hpp"

namespace troupe::dashboard {

/// Answers GET and HEAD of the page's files, 304 where the client has them, 404 or 405 otherwise. Answers at once, on
/// the calling thread; thread-safe.
http::Handler make_page_handler();

}  // namespace troupe::dashboard
