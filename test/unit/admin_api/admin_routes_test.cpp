#include <boost/test/unit_test.hpp>

#include "fake_head.hpp"

using namespace troupe;
using namespace troupe::cluster;
using namespace troupe::cluster::testing;
using nlohmann::json;

namespace {

json views() {
  return {{"nodes",
           {{{"id", "00000000000000a1"}, {"name", "worker-1"}, {"state", "alive"}},
            {{"id", "00000000000000a2"}, {"name", "worker-1"}, {"state", "down"}}}},
          {"models",
           {{{"name", "clerk"}, {"version", "1"}},
            {{"name", "clerk"}, {"version", "2"}},
            {{"name", "echo"}, {"version", "1"}}}},
          {"deployments", {{{"name", "clerk-2"}, {"replicas", 2}}}}};
}

/// Tells what it was asked to do; views come from views().
Result<std::string> tell(const AdminCall& call) {
  if (const auto* get = std::get_if<GetView>(&call.what)) {
    switch (get->view) {
      case View::status:
        return R"({"view":"status"})";
      case View::actors:
        return R"([{"path":"head"}])";
      case View::nodes:
        return views().at("nodes").dump();
      case View::models:
        return views().at("models").dump();
      case View::deployments:
        return views().at("deployments").dump();
      case View::keys:
        return R"([{"id":"3f0a9c1b22de"}])";
      case View::experiments:
      case View::tokens:
      case View::members:
        return "[]";
    }
  }
  if (const auto* apply = std::get_if<ApplyText>(&call.what))
    return json{{"applied", apply->text}, {"file", apply->file}}.dump();
  if (const auto* gone = std::get_if<DeleteDeployment>(&call.what)) return json{{"deleted", gone->name}}.dump();
  if (const auto* model = std::get_if<AddModel>(&call.what))
    return json{{"added", {model->name, model->version, model->source}}}.dump();
  if (const auto* label = std::get_if<LabelModel>(&call.what))
    return json{{"labelled", {label->name, label->version, label->label}}}.dump();
  if (const auto* notes = std::get_if<AnnotateModel>(&call.what)) return json{{"notes", notes->metadata}}.dump();
  if (const auto* retired = std::get_if<RetireModel>(&call.what)) return json{{"retired", retired->is_retired}}.dump();
  if (const auto* piece = std::get_if<UploadPiece>(&call.what))
    return json{{"piece", {piece->upload, piece->file, piece->offset, *piece->bytes}}}.dump();
  if (std::holds_alternative<ReadModelBytes>(call.what)) return "\xff bytes";
  const auto& model = std::get<DeleteModel>(call.what);
  return json{{"deleted", {model.name, model.version}}}.dump();
}

/// Who has the key of fake_head.hpp: the beginning of its SHA-256.
constexpr const char* who = "admin key a8ae6e6ee929";

}  // namespace

BOOST_AUTO_TEST_SUITE(admin_routes)

BOOST_AUTO_TEST_CASE(views_are_passed_on_as_the_head_gives_them) {
  Site site(tell);

  const auto answer = site.get("/api/v1/status?pretty=1");

  BOOST_TEST(answer->status() == 200);
  BOOST_TEST(answer->body().at("view") == "status");
  BOOST_TEST(answer->header("cache-control") == "no-store");
  BOOST_TEST(site.get("/api/v1/actors")->body().at(0).at("path") == "head");
  BOOST_TEST(site.get("/api/v1/models")->body() == views().at("models"));
}

BOOST_AUTO_TEST_CASE(one_row_is_found_by_its_name) {
  Site site(tell);

  BOOST_TEST(site.get("/api/v1/deployments/clerk-2")->body() == views().at("deployments").at(0));
  BOOST_TEST(site.get("/api/v1/nodes/00000000000000a2")->body() == views().at("nodes").at(1));
}

BOOST_AUTO_TEST_CASE(a_nodes_name_means_the_living_one) {
  Site site(tell);

  BOOST_TEST(site.get("/api/v1/nodes/worker-1")->body().at("state") == "alive");
}

BOOST_AUTO_TEST_CASE(a_models_name_gives_its_versions_and_a_version_itself) {
  Site site(tell);

  BOOST_TEST(site.get("/api/v1/models/clerk")->body().size() == 2U);
  BOOST_TEST(site.get("/api/v1/models/clerk@2")->body() == views().at("models").at(1));
  BOOST_TEST(site.get("/api/v1/models/clerk%402")->body() == views().at("models").at(1));
}

BOOST_AUTO_TEST_CASE(an_unknown_name_is_met_with_the_nearest_one) {
  Site site(tell);

  const auto answer = site.get("/api/v1/deployments/clerk-3");
  BOOST_TEST(answer->status() == 404);
  BOOST_TEST(answer->code() == "not_found");
  BOOST_TEST(answer->message() == "there is no deployment named clerk-3 (did you mean clerk-2?)");
  BOOST_TEST(site.get("/api/v1/models/clark")->message() == "there is no model clark (did you mean clerk?)");
  BOOST_TEST(site.get("/api/v1/models/clerk@4")->message() == "there is no model clerk@4 (did you mean clerk@1?)");
}

BOOST_AUTO_TEST_CASE(a_name_that_is_no_utf8_is_answered_in_json) {
  Site site(tell);

  BOOST_TEST(site.get("/api/v1/nodes/%ff%fe")->status() == 404);
}

BOOST_AUTO_TEST_CASE(apply_hands_the_text_and_the_files_name_to_the_head) {
  Site site(tell);

  const auto named = site.write("POST", "/api/v1/apply", "kind: Deployment", {{"X-File-Name", "clerk.yaml"}});
  BOOST_TEST(named->status() == 200);
  BOOST_TEST(named->body().at("applied") == "kind: Deployment");
  BOOST_TEST(named->body().at("file") == "clerk.yaml");
  BOOST_TEST(site.write("POST", "/api/v1/apply", "x")->body().at("file") == "request");
}

BOOST_AUTO_TEST_CASE(a_model_is_added_from_a_folder) {
  Site site(tell);

  const auto answer =
      site.write("POST", "/api/v1/models", R"({"name":"clerk","version":"2","source":"/models/clerk"})");

  BOOST_TEST(answer->status() == 201);
  BOOST_TEST(answer->body().at("added") == json({"clerk", "2", "/models/clerk"}));
}

BOOST_AUTO_TEST_CASE(a_model_that_is_described_wrongly_is_refused_by_field) {
  Site site(tell);
  const auto error_of = [&](const char* body) {
    const auto answer = site.write("POST", "/api/v1/models", body);
    BOOST_TEST(answer->status() == 400, body);
    return answer->body().at("error").value("field", "") + ": " + answer->message();
  };

  BOOST_TEST(error_of(R"({"name":"clerk","version":"2"})") == "source: source is missing or no text");
  BOOST_TEST(error_of(R"({"name":"clerk","version":2,"source":"/m"})") == "version: version is missing or no text");
  BOOST_TEST(error_of(R"({"name":"clerk","version":"2","sorce":"/m"})") ==
             "sorce: unknown field sorce (did you mean source?)");
  BOOST_TEST(
      error_of(R"({"name":"Cl erk","version":"2","source":"/m"})").starts_with("name: 'Cl erk' is no model name"));
  BOOST_TEST(
      error_of(R"({"name":"clerk","version":"2","source":"m"})").starts_with("source: source 'm' is no absolute path"));
  BOOST_TEST(error_of("name: clerk").starts_with(": the body is no JSON object"));
  BOOST_TEST(error_of("").starts_with(": the body is no JSON object"));
}

BOOST_AUTO_TEST_CASE(a_version_is_deleted_but_not_a_whole_model) {
  Site site(tell);

  BOOST_TEST(site.write("DELETE", "/api/v1/models/clerk@2")->body().at("deleted") == json({"clerk", "2"}));
  const auto answer = site.write("DELETE", "/api/v1/models/clerk");
  BOOST_TEST(answer->status() == 400);
  BOOST_TEST(answer->message() == "clerk names no version; one is deleted as clerk@VERSION");
}

BOOST_AUTO_TEST_CASE(labels_notes_and_retirement_name_a_version) {
  Site site(tell);

  BOOST_TEST(site.write("PUT", "/api/v1/models/clerk@2/labels/stable")->body().at("labelled") ==
             json({"clerk", "2", "stable"}));
  BOOST_TEST(site.write("PUT", "/api/v1/models/clerk/labels/stable")->status() == 400);
  BOOST_TEST(site.write("PUT", "/api/v1/models/clerk@2/retired")->body().at("retired") == true);
  BOOST_TEST(site.write("DELETE", "/api/v1/models/clerk@2/retired")->body().at("retired") == false);
  BOOST_TEST(site.write("POST", "/api/v1/models/clerk@2/metadata", R"({"accuracy":"0.93"})")->body().at("notes") ==
             json({{"accuracy", "0.93"}}));
  BOOST_TEST(site.write("POST", "/api/v1/models/clerk@2/metadata", R"({"accuracy":0.93})")->status() == 400);
  BOOST_TEST(site.write("POST", "/api/v1/models/clerk@2/metadata", "{}")->status() == 400);
}

BOOST_AUTO_TEST_CASE(pieces_of_an_upload_come_as_bytes_and_a_models_go_as_bytes_to_those_with_the_key) {
  Site site(tell);

  BOOST_TEST(site.write("PUT", "/api/v1/uploads/clerk@2?file=1&offset=7", "abc")->body().at("piece") ==
             json({"clerk@2", 1, 7, "abc"}));
  BOOST_TEST(site.get("/api/v1/model-files/clerk@2?path=x")->status() == 401);
  const auto bytes = site.write("GET", "/api/v1/model-files/clerk@2?path=x");
  BOOST_TEST(bytes->status() == 200);
  BOOST_TEST(bytes->header("cache-control") == "no-store");
}

BOOST_AUTO_TEST_CASE(a_deployment_is_deleted_by_name) {
  Site site(tell);

  BOOST_TEST(site.write("DELETE", "/api/v1/deployments/clerk-2")->body().at("deleted") == "clerk-2");
}

BOOST_AUTO_TEST_CASE(the_heads_errors_keep_their_code_field_and_status) {
  const std::map<Errc, int> table{
      {Errc::invalid_argument, 400},    {Errc::not_found, 404},         {Errc::already_exists, 409},
      {Errc::failed_precondition, 409}, {Errc::unavailable, 503},       {Errc::overloaded, 429},
      {Errc::too_large, 413},           {Errc::deadline_exceeded, 504}, {Errc::internal, 500},
      {Errc::resource_exhausted, 503},  {Errc::io_error, 500},          {Errc::corrupt_data, 500}};
  for (const auto& [code, status] : table) {
    Site site([code = code](const AdminCall&) { return fail(Error{code, "no such luck", "spec.model", {}}); });

    const auto answer = site.write("POST", "/api/v1/apply", "x");

    BOOST_TEST(answer->status() == status);
    BOOST_TEST(answer->code() == to_string(code));
    BOOST_TEST(answer->message() == "no such luck");
    BOOST_TEST(answer->body().at("error").at("field") == "spec.model");
  }
}

BOOST_AUTO_TEST_CASE(a_head_that_is_gone_is_unavailable) {
  Site site(tell);
  site.host->stop_all();

  const auto answer = site.get("/api/v1/status");

  BOOST_TEST(answer->status() == 503);
  BOOST_TEST(answer->code() == "unavailable");
  BOOST_TEST(answer->header("retry-after") == "1");
}

BOOST_AUTO_TEST_CASE(a_call_that_the_head_drops_is_answered_and_logged) {
  Site site([](const AdminCall&) -> Result<std::string> { throw std::runtime_error("crash"); });

  const auto answer = site.write("DELETE", "/api/v1/deployments/clerk-2");

  BOOST_TEST(answer->status() == 503);
  BOOST_TEST(answer->message() == "the head stopped before it answered; what was asked may have been done");
  BOOST_TEST(site.log().at(0).at("result") == "unavailable");
}

BOOST_AUTO_TEST_CASE(a_body_over_the_limit_is_refused) {
  Site site(tell);

  BOOST_TEST(site.write("POST", "/api/v1/apply", std::string(admin_body_bytes_max.value, ' '))->status() == 200);
  BOOST_TEST(site.write("POST", "/api/v1/apply", std::string(admin_body_bytes_max.value + 1, ' '))->status() == 413);
}

BOOST_AUTO_TEST_CASE(an_unknown_path_is_answered_with_those_there_are) {
  Site site(tell);

  const auto answer = site.get("/api/v1/node");

  BOOST_TEST(answer->status() == 404);
  BOOST_TEST(answer->message() ==
             "there is no /api/v1/node (did you mean /api/v1/nodes or /api/v1/models or /api/v1/logs?)");
  const std::vector<std::string> paths = answer->body().at("error").at("paths");
  for (const std::string& path : paths) BOOST_TEST(site.write("OPTIONS", path)->status() == 204, path);
}

BOOST_AUTO_TEST_CASE(a_wrong_method_is_told_the_right_ones) {
  Site site(tell);

  const auto answer = site.write("PUT", "/api/v1/models");

  BOOST_TEST(answer->status() == 405);
  BOOST_TEST(answer->code() == "invalid_argument");
  BOOST_TEST(answer->header("allow") == "GET, HEAD, OPTIONS, POST");
}

BOOST_AUTO_TEST_CASE(each_write_leaves_one_line_in_the_log) {
  Site site(tell);

  site.write("POST", "/api/v1/apply", "x", {{"X-File-Name", "clerk.yaml"}});
  site.get("/api/v1/status");
  site.write("DELETE", "/api/v1/models/clerk@2");

  const auto lines = site.log();
  BOOST_REQUIRE(lines.size() == 2U);
  BOOST_TEST(lines[0].at("msg") == "admin write");
  BOOST_TEST(lines[0].at("action") == "apply");
  BOOST_TEST(lines[0].at("subject") == "clerk.yaml");
  BOOST_TEST(lines[0].at("who") == who);
  BOOST_TEST(lines[0].at("from") == "127.0.0.1:50000");
  BOOST_TEST(lines[0].at("result") == "ok");
  BOOST_TEST(lines[1].at("subject") == "clerk@2");
}

BOOST_AUTO_TEST_CASE(the_head_is_told_who_asks_for_what_from_where) {
  std::vector<AuditAct> acts;
  Site site([&](const AdminCall& call) {
    acts.push_back(call.by);
    return Result<std::string>("{}");
  });

  site.write("DELETE", "/api/v1/models/clerk@2");
  site.write("POST", "/api/v1/members/worker-1/rotate");

  BOOST_REQUIRE(acts.size() == 2U);
  BOOST_TEST(acts[0].who == who);
  BOOST_TEST(acts[0].from == "127.0.0.1:50000");
  BOOST_TEST(acts[0].action == "delete model");
  BOOST_TEST(acts[0].object == "clerk@2");
  BOOST_TEST(acts[1].action == "rotate node");
  BOOST_TEST(acts[1].object == "worker-1");
}

BOOST_AUTO_TEST_CASE(the_head_is_told_of_each_write_that_was_refused_and_by_whom) {
  Site site(tell);

  site.ask("DELETE", "/api/v1/deployments/clerk-2", "", {});
  site.ask("DELETE", "/api/v1/keys/1", "", {{"Authorization", std::string("Bearer ") + key + "0"}});
  site.write("POST", "/api/v1/tokens", "{}", {{"Origin", "http://evil.example"}});
  site.write("POST", "/api/v1/tokens", R"({"ttl":1})");
  site.write("POST", "/api/v1/backups", "no");
  site.get("/api/v1/audit");

  const auto refusals = site.take_refusals();
  BOOST_REQUIRE(refusals.size() == 5U);
  for (size_t i = 0; i < 3; ++i) {
    BOOST_TEST(refusals[i].act.who == "unknown");
    BOOST_TEST(refusals[i].act.from == "127.0.0.1:50000");
  }
  BOOST_TEST(refusals[0].act.action == "DELETE");
  BOOST_TEST(refusals[0].act.object == "/api/v1/deployments/clerk-2");
  BOOST_TEST((refusals[0].error.code == Errc::unauthenticated));
  BOOST_TEST((refusals[1].error.code == Errc::unauthenticated));
  BOOST_TEST((refusals[2].error.code == Errc::permission_denied));
  BOOST_TEST(refusals[3].act.who == who);
  BOOST_TEST(refusals[3].act.action == "create token");
  BOOST_TEST((refusals[3].error.code == Errc::invalid_argument));
  BOOST_TEST(refusals[4].act.action == "create backup");
  for (const RefusedWrite& refusal : refusals) {
    BOOST_TEST(refusal.act.who.find(key) == std::string::npos);
    BOOST_TEST(refusal.error.message.find(key) == std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_flood_of_refused_writes_reaches_the_head_as_a_number) {
  Site site(tell);
  const auto flood = [&](int writes) {
    for (int i = 0; i < writes; ++i) site.ask("DELETE", "/api/v1/keys/1", "", {});
  };

  flood(100);  // Those that were told of are held here, so the head has not taken them.
  auto held = site.take_refusals();
  BOOST_TEST(held.size() == 32U);
  BOOST_TEST(site.take_untold() == 0U);

  held.clear();

  BOOST_TEST(site.take_untold() == 68U);
  flood(1);
  BOOST_TEST(site.take_refusals().size() == 1U);
  BOOST_TEST(site.take_untold() == 0U);
}

BOOST_AUTO_TEST_CASE(who_did_what_is_not_told_without_the_key) {
  Site site([](const AdminCall& call) { return std::to_string(call.what.index()); });

  BOOST_TEST(site.get("/api/v1/audit")->status() == 401);
  BOOST_TEST(site.get("/api/v1/audit/verify")->status() == 401);
  BOOST_TEST(site.write("GET", "/api/v1/audit?since=3&limit=2")->status() == 200);
  BOOST_TEST(site.write("GET", "/api/v1/audit/verify")->status() == 200);
  for (const char* query : {"since=0", "since=-1", "since=x", "limit=0", "limit=1001", "sinc=1"})
    BOOST_TEST(site.write("GET", std::string("/api/v1/audit?") + query)->status() == 400, query);
}

BOOST_AUTO_TEST_CASE(a_page_of_the_audit_log_is_asked_for_by_record_and_size) {
  std::vector<ReadAudit> asked;
  Site site([&](const AdminCall& call) {
    if (const auto* read = std::get_if<ReadAudit>(&call.what)) asked.push_back(*read);
    return Result<std::string>("{}");
  });

  site.write("GET", "/api/v1/audit");
  site.write("GET", "/api/v1/audit?since=3&limit=2");

  BOOST_REQUIRE(asked.size() == 2U);
  BOOST_TEST(!asked[0].since.has_value());
  BOOST_TEST(asked[0].limit == 100U);
  BOOST_TEST(asked[1].since.value() == 3U);
  BOOST_TEST(asked[1].limit == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
