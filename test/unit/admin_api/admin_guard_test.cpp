#include <boost/test/unit_test.hpp>

#include "fake_head.hpp"

using namespace troupe;
using namespace troupe::cluster;
using namespace troupe::cluster::testing;

namespace {

Result<std::string> empty_list(const AdminCall&) {
  return "[]";
}

AdminApiOptions on_the_network() {
  AdminApiOptions options;
  options.is_loopback = false;
  return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(admin_guard)

BOOST_AUTO_TEST_CASE(reading_on_loopback_needs_no_key) {
  Site site(empty_list);

  BOOST_TEST(site.get("/api/v1/nodes")->status() == 200);
}

BOOST_AUTO_TEST_CASE(writing_without_the_key_is_refused_and_says_where_it_is) {
  Site site(empty_list);

  const auto answer = site.ask("POST", "/api/v1/apply", "kind: Model", {});

  BOOST_TEST(answer->status() == 401);
  BOOST_TEST(answer->code() == "unauthenticated");
  BOOST_TEST(answer->message() ==
             "this needs the admin key; send 'Authorization: Bearer KEY' with the key in /data/admin.key");
  BOOST_TEST(answer->header("www-authenticate") == "Bearer realm=\"troupe\"");
}

BOOST_AUTO_TEST_CASE(only_the_exact_key_is_taken) {
  Site site(empty_list);
  const std::string right = key;
  const auto status_with = [&](const std::string& authorization) {
    return site.ask("DELETE", "/api/v1/deployments/clerk", "", {{"Authorization", authorization}})->status();
  };

  BOOST_TEST(status_with("Bearer " + right) == 200);
  BOOST_TEST(status_with("bearer " + right) == 200);
  BOOST_TEST(status_with("Bearer " + right.substr(1)) == 401);
  BOOST_TEST(status_with("Bearer " + right + "0") == 401);
  BOOST_TEST(status_with("Bearer f" + right.substr(1)) == 401);
  BOOST_TEST(status_with("Bearer ") == 401);
  BOOST_TEST(status_with("Basic " + right) == 401);
  BOOST_TEST(status_with(right) == 401);
}

BOOST_AUTO_TEST_CASE(without_a_configured_key_nothing_can_be_written) {
  Site site(empty_list);
  AdminApiOptions keyless;
  site.handler = make_admin_api(site.head, keyless);

  BOOST_TEST(site.ask("POST", "/api/v1/apply", "", {{"Authorization", "Bearer "}})->status() == 401);
}

BOOST_AUTO_TEST_CASE(on_other_addresses_reading_needs_the_key_too) {
  Site site(empty_list, on_the_network());

  BOOST_TEST(site.get("/api/v1/nodes", {{"Host", "head.example:8265"}})->status() == 401);
  BOOST_TEST(site.write("GET", "/api/v1/nodes", "", {{"Host", "head.example:8265"}})->status() == 200);
}

BOOST_AUTO_TEST_CASE(health_is_open_everywhere) {
  Site site(empty_list, on_the_network());

  const auto answer = site.get("/healthz", {{"Host", "10.0.0.7:8265"}});

  BOOST_TEST(answer->status() == 200);
  BOOST_TEST(answer->body().at("status") == "ok");
}

BOOST_AUTO_TEST_CASE(on_loopback_the_host_must_be_this_servers) {
  Site site(empty_list);
  const auto status_for = [&](const std::string& host) {
    return site.get("/api/v1/nodes", {{"Host", host}})->status();
  };

  BOOST_TEST(status_for("127.0.0.1:8265") == 200);
  BOOST_TEST(status_for("LocalHost:8265") == 200);
  BOOST_TEST(status_for("[::1]:8265") == 200);
  BOOST_TEST(status_for("127.0.0.2:8265") == 200);
  BOOST_TEST(status_for("127.0.0.1.evil.example:8265") == 403);
  BOOST_TEST(status_for("evil.example:8265") == 403);
  BOOST_TEST(status_for("localhost.evil.example:8265") == 403);
  BOOST_TEST(status_for("127.0.0.1:8266") == 403);
  BOOST_TEST(status_for("127.0.0.1") == 403);
  BOOST_TEST(status_for("[::1]") == 403);
  BOOST_TEST(status_for("") == 403);
}

BOOST_AUTO_TEST_CASE(a_rebound_name_is_told_which_address_to_use) {
  Site site(empty_list);

  BOOST_TEST(site.get("/api/v1/nodes", {{"Host", "evil.example:8265"}})->message() ==
             "Host 'evil.example:8265' is not this server's; use 127.0.0.1:8265");
}

BOOST_AUTO_TEST_CASE(a_foreign_page_is_refused_even_with_the_key) {
  Site site(empty_list);
  const auto status_from = [&](const std::string& origin) {
    return site.write("DELETE", "/api/v1/deployments/clerk", "", {{"Origin", origin}})->status();
  };

  BOOST_TEST(status_from("http://127.0.0.1:8265") == 200);
  BOOST_TEST(status_from("http://localhost:8265") == 403);
  BOOST_TEST(status_from("http://127.0.0.1:3000") == 403);
  BOOST_TEST(status_from("http://evil.example") == 403);
  BOOST_TEST(status_from("null") == 403);
}

BOOST_AUTO_TEST_CASE(on_other_addresses_foreign_pages_are_refused_too) {
  Site site(empty_list, on_the_network());
  const auto status_from = [&](const std::string& origin) {
    return site.write("GET", "/api/v1/nodes", "", {{"Host", "head.example:8265"}, {"Origin", origin}})->status();
  };

  BOOST_TEST(status_from("https://head.example:8265") == 200);
  BOOST_TEST(status_from("https://evil.example") == 403);
}

BOOST_AUTO_TEST_CASE(the_page_stands_beside_the_api_and_is_open) {
  AdminApiOptions options = on_the_network();
  options.page = [](const http::HttpRequest& request, const std::shared_ptr<http::HttpResponder>& responder) {
    responder->respond(200, "application/json", "\"page " + request.target + "\"");
  };
  Site site(empty_list, options);

  BOOST_TEST(site.get("/app.js")->body() == "page /app.js");
  BOOST_TEST(site.get("/healthz")->body().at("status") == "ok");
  BOOST_TEST(site.get("/api/v1/nodes")->status() == 401);
  BOOST_TEST(site.get("/api")->status() == 401);
}

BOOST_AUTO_TEST_CASE(a_refused_write_is_logged) {
  Site site(empty_list);

  site.ask("DELETE", "/api/v1/deployments/clerk", "", {{"Authorization", "Bearer guess"}});

  const auto line = site.log().at(0);
  BOOST_TEST(line.at("level") == "warn");
  BOOST_TEST(line.at("action") == "DELETE");
  BOOST_TEST(line.at("subject") == "/api/v1/deployments/clerk");
  BOOST_TEST(line.at("who") == "unknown");
  BOOST_TEST(line.at("from") == "127.0.0.1:50000");
  BOOST_TEST(line.at("result") == "unauthenticated");
  BOOST_TEST(line.dump().find("guess") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
