#include "runtime/http/cors.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::http;

namespace {

HttpRequest request(std::string method, std::vector<std::pair<std::string, std::string>> fields) {
  HttpRequest made;
  made.method = std::move(method);
  for (const auto& [name, value] : fields) made.headers.add(name, value);
  return made;
}

std::string text(const HeaderList& headers) {
  std::string lines;
  for (const auto& [name, value] : headers) lines += name + ": " + value + "; ";
  return lines;
}

const CorsPolicy app = CorsPolicy::of({"https://app.example"}, "--cors-origin").value();

}  // namespace

BOOST_AUTO_TEST_SUITE(cors)

BOOST_AUTO_TEST_CASE(without_origins_nothing_is_said) {
  const CorsPolicy off;

  BOOST_TEST(!off.is_on());
  BOOST_TEST(off.answer_headers(request("GET", {{"origin", "https://app.example"}})).empty());
  BOOST_TEST(!off.preflight(request("OPTIONS", {{"origin", "https://app.example"}})).has_value());
}

BOOST_AUTO_TEST_CASE(pages_of_the_origins_may_read_answers_and_others_may_not) {
  BOOST_TEST(text(app.answer_headers(request("POST", {{"Origin", "https://app.example"}}))) ==
             "vary: origin; access-control-allow-origin: https://app.example; access-control-expose-headers: *; ");
  BOOST_TEST(text(app.answer_headers(request("POST", {{"Origin", "https://evil.example"}}))) == "vary: origin; ");
  BOOST_TEST(text(app.answer_headers(request("POST", {}))) == "vary: origin; ");
  BOOST_TEST(CorsPolicy::of({"*"}, "").value().allows("https://any.example"));
}

BOOST_AUTO_TEST_CASE(a_browser_that_asks_first_is_told_what_a_page_may_send) {
  const auto allowed = app.preflight(request("OPTIONS", {{"origin", "https://app.example"},
                                                         {"access-control-request-method", "POST"},
                                                         {"access-control-request-headers", "authorization"}}));

  BOOST_TEST_REQUIRE(allowed.has_value());
  BOOST_TEST(text(*allowed) ==
             "access-control-allow-methods: GET, HEAD, POST, PUT, DELETE; access-control-max-age: 600; "
             "access-control-allow-headers: authorization; ");
  BOOST_TEST(!app.preflight(request("OPTIONS",
                                    {{"origin", "https://evil.example"}, {"access-control-request-method", "POST"}}))
                  .has_value());
  BOOST_TEST(!app.preflight(request("OPTIONS", {{"origin", "https://app.example"}})).has_value());
  BOOST_TEST(
      !app.preflight(request("POST", {{"origin", "https://app.example"}, {"access-control-request-method", "POST"}}))
           .has_value());
}

BOOST_AUTO_TEST_CASE(what_is_no_origin_is_refused_by_the_option_s_name) {
  for (const char* text : {"app.example", "https://", "https://app.example/", "://x", "https://a b", ""}) {
    const auto refused = CorsPolicy::of({text}, "--cors-origin");
    BOOST_TEST_REQUIRE(!refused.has_value());
    BOOST_TEST(refused.error().field == "--cors-origin");
  }
}

BOOST_AUTO_TEST_SUITE_END()
