#include "actors/gateway/http/model_pages.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "test/unit/gateway/fixtures.hpp"

using namespace troupe;
using namespace troupe::gateway;
using nlohmann::json;
using troupe::gateway::testing::route;
using troupe::gateway::testing::snapshot;

BOOST_AUTO_TEST_SUITE(model_pages)

BOOST_AUTO_TEST_CASE(the_list_has_every_model_and_every_version) {
  const RoutingTable table(snapshot({route("1", 1, 1), route("2", 0, 0), route("2", 1, 1)}));

  const json list = json::parse(openai_model_list(&table).body);

  BOOST_TEST(list["object"] == "list");
  BOOST_TEST_REQUIRE(list["data"].size() == 3u);
  BOOST_TEST(list["data"][0] ==
             json::parse(R"({"id":"clerk","object":"model","created":1700000000,"owned_by":"troupe"})"));
  BOOST_TEST(list["data"][1]["id"] == "clerk@1");
  BOOST_TEST(list["data"][2]["id"] == "clerk@2");
}

BOOST_AUTO_TEST_CASE(before_the_first_snapshot_there_are_no_models) {
  BOOST_TEST(openai_model_list(nullptr).body == R"({"object":"list","data":[]})");
  BOOST_TEST(openai_model(nullptr, "clerk").status == 404);
  BOOST_TEST(open_inference_model_ready(nullptr, "clerk", "").status == 404);
}

BOOST_AUTO_TEST_CASE(one_model_is_found_by_name_and_by_version) {
  const RoutingTable table(snapshot({route("1", 1, 1)}));

  BOOST_TEST(openai_model(&table, "clerk").status == 200);
  BOOST_TEST(json::parse(openai_model(&table, "clerk@1").body)["id"] == "clerk@1");
  BOOST_TEST(openai_model(&table, "clerk@9").status == 404);
  const json error = json::parse(openai_model(&table, "clark").body);
  BOOST_TEST(error["error"]["message"] == "there is no model clark (did you mean clerk?)");
  BOOST_TEST(error["error"]["code"] == "model_not_found");
}

BOOST_AUTO_TEST_CASE(metadata_names_versions_and_platform) {
  const RoutingTable table(snapshot({route("1", 1, 1), route("2", 0, 0)}));

  BOOST_TEST(open_inference_model(&table, "clerk", "").body ==
             R"({"name":"clerk","versions":["1","2"],"platform":"troupe_native","inputs":[],"outputs":[]})");
  BOOST_TEST(open_inference_model(&table, "clerk", "3").body == R"({"error":"model clerk has no version 3"})");
  BOOST_TEST(open_inference_server("0.1.0").body ==
             R"({"name":"troupe","version":"0.1.0","extensions":["binary_tensor_data",)"
             R"("generate","model_configuration","parameters","model_repository","statistics"]})");
}

BOOST_AUTO_TEST_CASE(what_a_model_declares_is_shown_in_the_words_of_each_protocol) {
  protocol::Route declared = route("1", 1, 1);
  declared.interface = {{protocol::ModelTask::infer},
                        {{"x", DType::f32, {-1, 3}}, {"mask", DType::boolean, {2}, true}},
                        {{"y", DType::bytes, {}}},
                        0};
  const RoutingTable table(snapshot({declared}));

  const json metadata = json::parse(open_inference_model(&table, "clerk", "").body);
  BOOST_TEST(metadata["inputs"] == json::parse(R"([{"name":"x","datatype":"FP32","shape":[-1,3]},
                                                   {"name":"mask","datatype":"BOOL","shape":[2]}])"));
  BOOST_TEST(metadata["outputs"] == json::parse(R"([{"name":"y","datatype":"BYTES","shape":[]}])"));

  const json config = json::parse(open_inference_model_config(&table, "clerk", "").body);
  BOOST_TEST(config["input"] == json::parse(R"([{"name":"x","data_type":"TYPE_FP32","dims":[-1,3]},
                                                {"name":"mask","data_type":"TYPE_BOOL","dims":[2],"optional":true}])"));
  BOOST_TEST(config["output"] == json::parse(R"([{"name":"y","data_type":"TYPE_STRING","dims":[]}])"));

  const json signature =
      json::parse(tf_metadata(&table, "clerk", "1").body)["metadata"]["signature_def"]["signature_def"];
  BOOST_TEST(signature["serving_default"]["inputs"]["x"] == json::parse(R"({"dtype":"DT_FLOAT","name":"x",
      "tensor_shape":{"dim":[{"size":"-1","name":""},{"size":"3","name":""}],"unknown_rank":false}})"));
  BOOST_TEST(signature["serving_default"]["outputs"]["y"]["dtype"] == "DT_STRING");
}

BOOST_AUTO_TEST_CASE(a_model_that_generates_text_says_so_and_how_much_it_can_read) {
  protocol::Route declared = route("1", 1, 1);
  declared.interface = {{protocol::ModelTask::generate, protocol::ModelTask::chat}, {}, {}, 256};
  const RoutingTable table(snapshot({declared}));

  BOOST_TEST(json::parse(openai_model(&table, "clerk").body)["max_model_len"] == 256);
  const json metadata = json::parse(open_inference_model(&table, "clerk", "").body);
  BOOST_TEST(metadata["inputs"] == json::parse(R"([{"name":"text_input","datatype":"BYTES","shape":[1]}])"));
  BOOST_TEST(metadata["outputs"] == json::parse(R"([{"name":"text_output","datatype":"BYTES","shape":[1]}])"));
}

BOOST_AUTO_TEST_CASE(without_a_version_the_one_with_most_traffic_is_described) {
  protocol::Route old = route("1", 0.9, 1);
  old.interface = {{protocol::ModelTask::infer}, {{"x", DType::f32, {3}}}, {}, 0};
  protocol::Route next = route("2", 0.1, 1);
  next.interface = {{protocol::ModelTask::infer}, {{"image", DType::u8, {3}}}, {}, 0};
  const RoutingTable table(snapshot({next, old}));

  const auto input = [&](std::string_view version) {
    return json::parse(open_inference_model(&table, "clerk", version).body)["inputs"][0]["name"].get<std::string>();
  };
  BOOST_TEST(input("") == "x");
  BOOST_TEST(input("2") == "image");
}

BOOST_AUTO_TEST_CASE(a_model_is_ready_once_a_replica_is) {
  const RoutingTable table(snapshot({route("1", 1, 1), route("2", 1, 0)}));

  BOOST_TEST(open_inference_model_ready(&table, "clerk", "").status == 200);
  BOOST_TEST(open_inference_model_ready(&table, "clerk", "1").body == R"({"name":"clerk","ready":true})");
  BOOST_TEST(open_inference_model_ready(&table, "clerk", "2").status == 503);
  BOOST_TEST(open_inference_model_ready(&table, "clerk", "2").body == R"({"name":"clerk","ready":false})");
}

BOOST_AUTO_TEST_CASE(the_configuration_says_what_is_known) {
  const RoutingTable table(snapshot({route("1", 1, 1), route("2", 0, 0)}));

  BOOST_TEST(json::parse(open_inference_model_config(&table, "clerk", "2").body) ==
             json::parse(R"({"name":"clerk","platform":"troupe_native","backend":"native",
                             "version_policy":{"specific":{"versions":["2"]}},
                             "max_batch_size":0,"input":[],"output":[]})"));
  BOOST_TEST(open_inference_model_config(&table, "clark", "").status == 404);
}

BOOST_AUTO_TEST_CASE(the_index_says_of_each_version_whether_it_can_answer_and_why_not) {
  auto loading = route("3", 1, 0);
  loading.coming = 1;
  auto unloaded = route("4", 1, 0);
  unloaded.unloaded = true;
  const RoutingTable table(snapshot({route("1", 1, 1), route("2", 0, 0), loading, unloaded}));

  BOOST_TEST(json::parse(repository_index_page(&table, {}, false).body) == json::parse(R"([
    {"name":"clerk","version":"1","state":"READY","reason":""},
    {"name":"clerk","version":"2","state":"UNAVAILABLE","reason":"no replica is ready"},
    {"name":"clerk","version":"3","state":"UNAVAILABLE","reason":"its replicas are loading"},
    {"name":"clerk","version":"4","state":"UNAVAILABLE","reason":"unloaded"}])"));
  BOOST_TEST(json::parse(repository_index_page(&table, {}, true).body).size() == 1u);
  BOOST_TEST(repository_index_page(&table, {"judge"}, false).body == "[]");
}

BOOST_AUTO_TEST_CASE(a_request_for_the_index_may_be_empty_or_ask_for_the_ready) {
  JsonParser parser;

  BOOST_TEST(!parse_repository_index_request("", parser).value());
  BOOST_TEST(!parse_repository_index_request("{}", parser).value());
  BOOST_TEST(parse_repository_index_request(R"({"ready":true})", parser).value());
  BOOST_TEST(parse_repository_index_request(R"({"reddy":true})", parser).error().message ==
             "there is no parameter reddy (did you mean ready?)");
}

BOOST_AUTO_TEST_CASE(a_request_to_load_says_nothing_of_how) {
  JsonParser parser;
  const auto problem = [&](std::string_view body, bool load) {
    const Status sound = check_load_request(body, load, parser);
    return sound ? "" : std::string(to_string(sound.error().code)) + " " + sound.error().field;
  };

  BOOST_TEST(problem("", true).empty());
  BOOST_TEST(problem("{}", true).empty());
  BOOST_TEST(problem(R"({"parameters":{"unload_dependents":false}})", false).empty());
  BOOST_TEST(problem(R"({"parameters":{"unload_dependents":true}})", false) ==
             "unimplemented parameters.unload_dependents");
  BOOST_TEST(problem(R"({"parameters":{"config":"{}"}})", true) == "unimplemented parameters.config");
  BOOST_TEST(problem(R"({"parameters":{"file:1/model.onnx":"AAAA"}})", true) ==
             "unimplemented parameters.file:1/model.onnx");
  BOOST_TEST(problem(R"({"parameters":{"fast":true}})", true).starts_with("invalid_argument"));
  BOOST_TEST(problem("[]", true).starts_with("invalid_argument"));
}

BOOST_AUTO_TEST_CASE(statistics_count_each_version_and_leave_out_what_is_not_known) {
  const RoutingTable table(snapshot({route("1", 1, 1), route("2", 1, 1)}));
  const std::vector<VersionStatistics> counted{
      {"clerk", "1", 3, 1, std::chrono::microseconds{6}, std::chrono::microseconds{2}}};

  const json all = json::parse(statistics_page(&table, counted, {}, "", "").body);
  const json second = json::parse(statistics_page(&table, counted, {}, "clerk", "2").body);

  BOOST_TEST_REQUIRE(all["model_stats"].size() == 2u);
  BOOST_TEST(all["model_stats"][0] ==
             json::parse(R"({"name":"clerk","version":"1","inference_count":3,"inference_stats":
               {"success":{"count":3,"ns":6000},"fail":{"count":1,"ns":2000}}})"));
  BOOST_TEST_REQUIRE(second["model_stats"].size() == 1u);
  BOOST_TEST(second["model_stats"][0]["inference_count"] == 0);
  BOOST_TEST(statistics_page(&table, counted, {}, "judge", "").status == 404);
  BOOST_TEST(statistics_page(&table, counted, {"judge"}, "clerk", "").status == 404);
}

BOOST_AUTO_TEST_CASE(the_gateway_is_ready_between_its_first_snapshot_and_its_drain) {
  RoutingBoard board;
  BOOST_TEST(readiness(board).status == 503);
  BOOST_TEST(readiness(board).body == R"({"status":"starting"})");

  board.publish(std::make_shared<RoutingTable>(snapshot({})));
  BOOST_TEST(readiness(board).status == 200);

  board.begin_drain();
  BOOST_TEST(readiness(board).status == 503);
  BOOST_TEST(readiness(board).body == R"({"status":"draining"})");
}

BOOST_AUTO_TEST_SUITE_END()
