#include "cluster/head/experiment_views.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cluster;
using experiment::ExperimentRecord;
using experiment::State;
using nlohmann::json;

namespace {

ExperimentRecord record_of(const std::string& name, State state) {
  ExperimentRecord record;
  record.definition.name = name;
  record.definition.model = "clerk";
  record.definition.variants = {{"control", "1", 0.5}, {"treatment", "2", 0.5}};
  record.state = state;
  record.started_unix_us = 1'795'237'692'000'000;
  return record;
}

constexpr const char* said = R"({"sentence": "It waits.", "variants": [{"units": 7}, {"units": 9}]})";

}  // namespace

BOOST_AUTO_TEST_SUITE(experiment_views)

BOOST_AUTO_TEST_CASE(a_running_one_is_listed_with_what_was_said_of_it_last) {
  experiment::ExperimentBook book;
  book.set(record_of("sums", State::running));

  const json rows = experiments_view(book, {{"sums", said}}, {});

  BOOST_TEST(rows[0]["sentence"] == "It waits.");
  BOOST_TEST(rows[0]["variants"][0]["units"] == 7);
  BOOST_TEST(rows[0]["variants"][1]["units"] == 9);
}

BOOST_AUTO_TEST_CASE(one_that_has_ended_is_listed_with_the_reason_and_the_units_that_its_record_keeps) {
  experiment::ExperimentBook book;
  ExperimentRecord record = record_of("sums", State::stopped);
  record.reason = "Enough.";
  record.verdict = said;
  book.set(record);

  const json rows = experiments_view(book, {}, {});

  BOOST_TEST(rows[0]["sentence"] == "Enough.");
  BOOST_TEST(rows[0]["variants"][1]["units"] == 9);
}

BOOST_AUTO_TEST_CASE(what_is_due_and_not_done_is_said_instead) {
  experiment::ExperimentBook book;
  book.set(record_of("sums", State::running));

  const json rows = experiments_view(book, {{"sums", said}}, {{"sums", "Its weights stay."}, {"others", "No."}});

  BOOST_TEST(rows[0]["sentence"] == "Its weights stay.");
  BOOST_TEST(rows[0]["variants"][1]["units"] == 9);
  BOOST_TEST(experiment_view(record_of("sums", State::draft), "", "It does not start.")["reason"] ==
             "It does not start.");
}

BOOST_AUTO_TEST_CASE(before_the_first_look_there_is_nothing_to_say) {
  experiment::ExperimentBook book;
  book.set(record_of("sums", State::running));

  for (const char* document : {"", "[]", R"({"variants": []})"}) {
    const json rows = experiments_view(book, {{"sums", document}}, {});

    BOOST_TEST(rows[0]["sentence"] == "");
    BOOST_TEST(!rows[0]["variants"][0].contains("units"));
  }
}

BOOST_AUTO_TEST_CASE(variants_are_shown_with_their_factors_where_they_have_some) {
  ExperimentRecord record = record_of("square", State::running);
  BOOST_TEST(!experiment_view(record, "", "")["variants"][1].contains("factors"));

  record.definition.variants[1].factors = {{"prompt", "long"}};

  BOOST_TEST(experiment_view(record, "", "")["variants"][1]["factors"] == (json{{"prompt", "long"}}));
}

BOOST_AUTO_TEST_CASE(it_is_shown_by_what_units_are_told_apart) {
  ExperimentRecord record = record_of("sums", State::running);
  BOOST_TEST(experiment_view(record, "", "")["segmentations"] == json::array());

  record.definition.segments = {{"header.x-plan", {"pro"}}, {"region", {"eu"}}};

  BOOST_TEST(experiment_view(record, "", "")["segmentations"] == (json{"header.x-plan", "region"}));
}

BOOST_AUTO_TEST_CASE(segments_with_weights_of_their_own_are_shown_with_them) {
  ExperimentRecord record = record_of("sums", State::running);
  record.definition.segments = {{"header.x-plan", {"pro"}}};
  record.definition.bandit = experiment::BanditDefinition{experiment::BanditPolicy::linear};
  record.revisions = {{1, 0, {0.5, 0.5}, {{0, 0}, {32'768, 1}}, 0, 1},
                      {2, 0, {0.5, 0.5}, {{0, 0}, {32'768, 1}}, 0, 2},
                      {3, 0, {0.1, 0.9}, {{0, 0}, {6'554, 1}}, 26'214, 1}};

  const json view = experiment_view(record, {}, {});

  BOOST_TEST(view["variants"][0]["weight"].is_null());
  BOOST_TEST(view["revisions"][2]["segment"] == "header.x-plan=pro");
  BOOST_TEST(view["revisions"][1]["segment"] == "header.x-plan=(others)");
  const json& assignment = view["assignment"];
  BOOST_TEST(!assignment.contains("slots"));
  BOOST_TEST(assignment["segments"] == json::parse(R"([{"feature": "header.x-plan", "values": ["pro"]}])"));
  BOOST_TEST(assignment["slots_by_segment"][0][1]["first"] == 6'554);
  BOOST_TEST(assignment["slots_by_segment"][1][1]["first"] == 32'768);
}

BOOST_AUTO_TEST_SUITE_END()
