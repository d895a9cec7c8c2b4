#include "actors/gateway/grpc/page_messages.hpp"

#include <boost/test/unit_test.hpp>

#include "test/unit/gateway/fixtures.hpp"
#include "test/unit/gateway/proto_message.hpp"

using namespace troupe;
using namespace troupe::gateway;
using namespace troupe::gateway::testing;

namespace {

std::string message_of(PageKind kind, const std::string& json) {
  const auto message = write_page(kind, {200, json});
  BOOST_TEST_REQUIRE(message.has_value());
  return *message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(page_messages)

BOOST_AUTO_TEST_CASE(metadata_has_versions_and_tensors) {
  const std::string message = message_of(PageKind::model, R"({"name":"clerk","versions":["1","2"],"platform":"p",
    "inputs":[{"name":"x","datatype":"FP32","shape":[-1,3]}],"outputs":[]})");

  BOOST_TEST(field_of(message, {1}) == "clerk");
  BOOST_TEST(field_of(message, {2}) == "1");
  BOOST_TEST(field_of(message, {3}) == "p");
  BOOST_TEST(field_of(message, {4, 1}) == "x");
  BOOST_TEST(field_of(message, {4, 2}) == "FP32");
  std::string shape;
  put_packed(shape, 3, {-1, 3});
  BOOST_TEST(field_of(message, {4, 3}) == field_of(shape, {3}));
  BOOST_TEST(field_of(message, {5}).empty());
}

BOOST_AUTO_TEST_CASE(a_configuration_has_versions_that_are_numbers_and_types_by_their_names) {
  const std::string message = message_of(PageKind::config, R"({"name":"m","backend":"python","max_batch_size":8,
    "version_policy":{"specific":{"versions":["2","v3"]}},"input":[{"name":"x","data_type":"TYPE_FP32","dims":[4]}],
    "something_of_json_alone":{"a":1}})");

  BOOST_TEST(field_of(message, {17}) == "python");
  BOOST_TEST(number_of(message, 4) == 8u);
  BOOST_TEST(field_of(message, {3, 3, 1}) == "\x02");
  BOOST_TEST(number_of(field_of(message, {5}), 2) == 11u);
}

BOOST_AUTO_TEST_CASE(the_pages_of_the_gateway_become_messages) {
  const RoutingTable table(snapshot({route("2", 1, 1), route("3", 0, 0)}));
  VersionStatistics counted{"clerk", "2"};
  counted.succeeded = 5;
  counted.success_time = std::chrono::microseconds(7);

  const auto statistics = write_page(PageKind::statistics, statistics_page(&table, {counted}, {}, "clerk", "2"));
  const auto index = write_page(PageKind::index, repository_index_page(&table, {}, true));
  const auto server = write_page(PageKind::server, open_inference_server("0.1"));

  BOOST_TEST_REQUIRE(statistics.has_value());
  const std::string entry = field_of(*statistics, {1});
  BOOST_TEST(number_of(entry, 4) == 5u);
  BOOST_TEST(number_of(field_of(entry, {6, 1}), 1) == 5u);
  BOOST_TEST(number_of(field_of(entry, {6, 1}), 2) == 7000u);
  BOOST_TEST(field_of(index.value(), {1, 1}) == "clerk");
  BOOST_TEST(field_of(index.value(), {1, 3}) == "READY");
  BOOST_TEST(field_of(server.value(), {1}) == "troupe");
  BOOST_TEST(field_of(server.value(), {2}) == "0.1");
}

BOOST_AUTO_TEST_CASE(a_page_that_failed_is_that_failure) {
  const RoutingTable table(snapshot({route("2", 1, 1)}));

  const auto missing = write_page(PageKind::model, open_inference_model(&table, "clark", {}));

  BOOST_TEST_REQUIRE(!missing.has_value());
  BOOST_TEST((missing.error().code == Errc::not_found));
  BOOST_TEST(missing.error().message == "there is no model clark (did you mean clerk?)");
}

BOOST_AUTO_TEST_CASE(questions_are_read_and_what_is_not_known_is_refused) {
  std::string question;
  put_text(question, 1, "clerk");
  put_text(question, 2, "2");
  const auto read = read_model_question("ModelReadyRequest", question);
  BOOST_TEST_REQUIRE(read.has_value());
  BOOST_TEST(read->name == "clerk");
  BOOST_TEST(read->version == "2");

  std::string named;
  put_text(named, 1, "shelf");
  BOOST_TEST(read_index_question(named).error().field == "repository_name");
  std::string ready;
  put_bool(ready, 2, true);
  BOOST_TEST(read_index_question(ready).value());
  BOOST_TEST(!read_index_question("").value());
}

BOOST_AUTO_TEST_SUITE_END()
