#include "actors/dashboard/page.hpp"

#include <boost/test/unit_test.hpp>
#include <map>

#include "actors/dashboard/assets.hpp"

using namespace troupe;

namespace {

struct RecordingResponder final : http::HttpResponder {
  void respond(int s, std::string_view t, std::string b, http::HeaderList h) override {
    status = s;
    content_type = t;
    body = std::move(b);
    for (auto& [name, value] : h) headers[name] = value;
  }
  void begin_stream(int, std::string_view, http::HeaderList) override {}
  void write(std::string) override {}
  void end() override {}
  void abort() override {}
  void on_disconnect(std::function<void()>) override {}
  void when_unsent(size_t, std::function<void()>) override {}
  void post(std::function<void()> action) override { action(); }

  int status = 0;
  std::string content_type;
  std::string body;
  std::map<std::string, std::string> headers;
};

RecordingResponder answer_to(std::string method, std::string target, std::string if_none_match = {}) {
  http::HttpRequest request;
  request.method = std::move(method);
  request.target = std::move(target);
  if (!if_none_match.empty()) request.headers.add("If-None-Match", if_none_match);
  const auto responder = std::make_shared<RecordingResponder>();
  dashboard::make_page_handler()(request, responder);
  return *responder;
}

std::string app_tag() {
  return std::string(dashboard::find_asset("/app.js")->etag);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(page)

BOOST_AUTO_TEST_CASE(serves_a_file_with_its_type_and_tag) {
  const auto answer = answer_to("GET", "/app.js");

  BOOST_TEST(answer.status == 200);
  BOOST_TEST(answer.content_type == "text/javascript; charset=utf-8");
  BOOST_TEST(answer.body == dashboard::find_asset("/app.js")->body);
  BOOST_TEST(answer.headers.at("etag") == app_tag());
  BOOST_TEST(answer.headers.at("cache-control") == "no-cache");
}

BOOST_AUTO_TEST_CASE(a_query_does_not_change_the_file) {
  BOOST_TEST(answer_to("GET", "/?from=mail").status == 200);
}

BOOST_AUTO_TEST_CASE(every_answer_forbids_foreign_code_and_frames) {
  for (const char* target : {"/", "/style.css", "/nothing"}) {
    const auto answer = answer_to("GET", target);

    const std::string policy = answer.headers.at("content-security-policy");
    BOOST_TEST(policy.starts_with("default-src 'self';"));
    BOOST_TEST(policy.find("unsafe") == std::string::npos);
    BOOST_TEST(policy.find("frame-ancestors 'none'") != std::string::npos);
    BOOST_TEST(answer.headers.at("x-content-type-options") == "nosniff");
  }
}

BOOST_AUTO_TEST_CASE(a_client_that_has_the_file_is_not_sent_it_again) {
  for (const std::string& known : {app_tag(), "W/" + app_tag(), "\"older\" , " + app_tag(), std::string("*")}) {
    const auto answer = answer_to("GET", "/app.js", known);

    BOOST_TEST(answer.status == 304, known);
    BOOST_TEST(answer.body.empty());
    BOOST_TEST(answer.headers.at("etag") == app_tag());
  }
}

BOOST_AUTO_TEST_CASE(a_client_with_another_version_gets_this_one) {
  BOOST_TEST(answer_to("GET", "/app.js", "\"older\"").status == 200);
  BOOST_TEST(answer_to("GET", "/app.js", ",,").status == 200);
}

BOOST_AUTO_TEST_CASE(an_unknown_file_is_told_where_things_are) {
  const auto answer = answer_to("GET", "/../etc/passwd");

  BOOST_TEST(answer.status == 404);
  BOOST_TEST(answer.body.find("/api/v1") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(files_cannot_be_written) {
  const auto answer = answer_to("POST", "/");

  BOOST_TEST(answer.status == 405);
  BOOST_TEST(answer.headers.at("allow") == "GET, HEAD");
}

BOOST_AUTO_TEST_SUITE_END()
