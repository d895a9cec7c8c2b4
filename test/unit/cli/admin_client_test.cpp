#include "cluster/cli/admin_client.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::cli {

BOOST_AUTO_TEST_SUITE(admin_client)

BOOST_AUTO_TEST_CASE(addresses_come_as_host_and_port_or_as_url) {
  BOOST_TEST(parse_address("10.0.0.1:9", "8265")->port == "9");
  BOOST_TEST(parse_address("http://localhost:8265/", "1")->host == "localhost");
  BOOST_TEST(parse_address("localhost", "8265")->port == "8265");
  BOOST_TEST(parse_address("[::1]:77", "8265")->host == "::1");
  BOOST_TEST(parse_address("[::1]", "8265")->port == "8265");
}

BOOST_AUTO_TEST_CASE(what_is_no_address_is_refused) {
  for (const char* text : {"", ":8265", "host:", "host:port", "[::1", "[::1]8265"}) {
    const auto parsed = parse_address(text, "8265");

    BOOST_REQUIRE_MESSAGE(!parsed.has_value(), text);
    BOOST_TEST((parsed.error().code == Errc::invalid_argument));
  }
}

BOOST_AUTO_TEST_CASE(the_heads_errors_keep_their_code_and_words) {
  const Error error = error_of(404, R"({"error":{"code":"not_found","message":"there is no deployment named x"}})");

  BOOST_TEST((error.code == Errc::not_found));
  BOOST_TEST(error.message == "there is no deployment named x");
}

BOOST_AUTO_TEST_CASE(answers_that_are_no_error_objects_still_say_what_happened) {
  for (const char* body : {"", "<html>", "[]", "{}", R"({"error":"text"})"}) {
    const Error error = error_of(503, body);

    BOOST_TEST((error.code == Errc::unavailable), body);
    BOOST_TEST(error.message.find("503") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_refused_key_says_where_the_right_one_is) {
  const Error error = error_of(401, R"({"error":{"code":"unauthenticated","message":"no key"}})");

  BOOST_TEST(error.message.find("--key-file") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::cli
