#include "actors/gateway/http/error_answer.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::gateway;
using namespace std::chrono_literals;
namespace data = boost::unit_test::data;

BOOST_AUTO_TEST_SUITE(error_answer)

const std::vector<int> codes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
const std::vector<int> statuses{500, 400, 404, 409, 503, 429, 504, 499, 401, 403, 409, 501, 500, 500, 413, 503};

BOOST_DATA_TEST_CASE(every_code_has_its_status, data::make(codes) ^ data::make(statuses), code, status) {
  BOOST_TEST(http_status({static_cast<Errc>(code), "", {}, {}}) == status);
}

BOOST_AUTO_TEST_CASE(an_openai_error_names_message_type_parameter_and_code) {
  BOOST_TEST(openai_error_body({Errc::invalid_argument, "n must be \"1\"", "n", {}}) ==
             R"({"error":{"message":"n must be \"1\"","type":"invalid_request_error","param":"n",)"
             R"("code":"invalid_argument"}})");
  BOOST_TEST(openai_error_body({Errc::unavailable, "no replica", {}, {}}) ==
             R"({"error":{"message":"no replica","type":"server_error","param":null,"code":"unavailable"}})");
}

BOOST_AUTO_TEST_CASE(an_unknown_model_and_an_unsupported_parameter_have_openais_codes) {
  const Error model{Errc::not_found, "there is no model clark", "model", {}};
  const Error parameter{Errc::unimplemented, "tools is not supported here", "tools", {}};

  BOOST_TEST(openai_error_body(model).find(R"("code":"model_not_found")") != std::string::npos);
  BOOST_TEST(openai_error_body(parameter).find(R"("code":"unsupported_parameter")") != std::string::npos);
  BOOST_TEST(http_status(parameter) == 400);
}

BOOST_AUTO_TEST_CASE(who_may_come_back_is_told_when_in_whole_seconds) {
  const auto headers = [](Errc code, std::chrono::milliseconds after) { return error_headers({code, "", {}, after}); };

  BOOST_TEST(headers(Errc::overloaded, 1500ms).at(0).second == "2");
  BOOST_TEST(headers(Errc::overloaded, 1500ms).at(1).first == "retry-after-ms");
  BOOST_TEST(headers(Errc::overloaded, 1500ms).at(1).second == "1500");
  BOOST_TEST(headers(Errc::unavailable, 0ms).size() == 1u);
  BOOST_TEST(headers(Errc::unavailable, 0ms).at(0).second == "1");
  BOOST_TEST(headers(Errc::invalid_argument, 1500ms).empty());
}

BOOST_AUTO_TEST_CASE(the_server_s_own_errors_have_the_shape_of_the_api_that_was_asked) {
  BOOST_TEST(gateway_error_body(404, "/v2/modles", "there is no /v2/modles") ==
             R"({"error":"there is no /v2/modles"})");
  BOOST_TEST(gateway_error_body(404, "/v1/x", "there is no /v1/x") ==
             R"({"error":{"message":"there is no /v1/x","type":"invalid_request_error","param":null,"code":null}})");
}

BOOST_AUTO_TEST_SUITE_END()
