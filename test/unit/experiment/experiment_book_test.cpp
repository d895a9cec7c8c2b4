#include "actors/experiment/lifecycle/experiment_book.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::experiment;

namespace {

constexpr WallTime noon{std::chrono::hours{480'000}};

Definition asked(std::string name, std::string model = "clerk") {
  Definition made;
  made.name = std::move(name);
  made.model = std::move(model);
  made.variants = {{"control", "1", 0.5}, {"treatment", "2", 0.5}};
  MetricDefinition goal{"correct"};
  goal.role = MetricRole::goal;
  made.metrics = {goal};
  return made;
}

struct Book {
  void define(const Definition& definition) {
    book.set(book.defined(definition, book.next_number(noon), "salt-" + definition.name, noon).value());
  }
  void start(const std::string& name) { book.set(book.started(name, served, noon).value()); }
  std::string refusal(const Result<ExperimentRecord>& result) { return result ? "accepted" : result.error().message; }

  ExperimentBook book;
  std::set<std::string> served{"1", "2"};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(experiment_book, Book)

BOOST_AUTO_TEST_CASE(a_draft_may_change_and_a_running_one_only_its_weights) {
  define(asked("sums"));
  auto other = asked("sums");
  other.share = 0.5;
  define(other);
  BOOST_TEST(book.find("sums")->definition.share == 0.5);
  const uint32_t number = book.find("sums")->number;
  BOOST_TEST(number == unix_microseconds(noon) / 1'000'000);
  BOOST_TEST(book.next_number(noon) == number + 1);
  start("sums");

  auto ramped = other;
  ramped.variants[0].weight = 0.25;
  ramped.variants[1].weight = 0.75;
  const auto changed = book.defined(ramped, 2, "x", noon + std::chrono::minutes{5});

  BOOST_TEST_REQUIRE(changed.has_value());
  BOOST_TEST(changed->revisions.size() == 2u);
  BOOST_TEST(changed->revisions[1].number == 2u);
  BOOST_TEST(changed->revisions[1].moved == slot_count / 4);
  BOOST_TEST(refusal(book.defined(asked("sums"), 2, "x", noon)) ==
             "experiment sums is running: only weights may change; ask something else under another name");
}

BOOST_AUTO_TEST_CASE(experiments_of_a_layer_get_slots_of_their_own_and_no_more_than_there_are) {
  for (const char* name : {"a", "b", "c"}) {
    auto third = asked(name);
    third.share = 0.4;
    define(third);
  }
  start("a");
  start("b");

  BOOST_TEST(refusal(book.started("c", served, noon)) ==
             "layer default has 20.0 % of its units left in all, and not 40.0 % in one piece");
  const auto routed = book.routed("clerk");
  BOOST_TEST_REQUIRE(routed.size() == 2u);
  BOOST_TEST(routed[0].layer_end == routed[1].layer_first);
  book.set(book.ended("a", State::stopped, "enough", {}, noon).value());
  start("c");
  BOOST_TEST(book.find("c")->layer_first == 0u);
}

BOOST_AUTO_TEST_CASE(what_nobody_serves_is_not_compared) {
  define(asked("sums"));
  served = {"1"};

  BOOST_TEST(refusal(book.started("sums", served, noon)) ==
             "variant treatment: no deployment serves clerk@2; deploy it first");
}

BOOST_AUTO_TEST_CASE(the_number_of_a_deleted_one_is_not_given_again) {
  define(asked("sums"));
  const uint32_t number = book.find("sums")->number;
  book.remove("sums");

  BOOST_TEST(book.next_number(noon) == number + 1);
  BOOST_TEST(book.known_through(noon) == number);
  BOOST_TEST(ExperimentBook().known_through(noon + std::chrono::seconds{1}) == number, "nor after a restart");
}

BOOST_AUTO_TEST_CASE(two_layers_cannot_both_decide_the_version_of_one_model) {
  define(asked("a"));
  auto other = asked("b");
  other.layer = "second";
  define(other);
  auto of_another_model = asked("c", "judge");
  of_another_model.layer = "second";
  define(of_another_model);
  start("a");

  BOOST_TEST(refusal(book.started("b", served, noon)).starts_with("experiment a decides the version of clerk already"));
  BOOST_TEST(refusal(book.started("c", served, noon)) == "accepted");
}

BOOST_AUTO_TEST_CASE(what_has_ended_stays_as_it_was_and_only_what_runs_ends) {
  define(asked("sums"));
  BOOST_TEST(refusal(book.ended("sums", State::stopped, "", {}, noon)) ==
             "experiment sums is not running: it is draft");
  start("sums");
  BOOST_TEST(book.deletable("sums").error().message == "experiment sums is running; stop it first");
  book.set(book.ended("sums", State::decided, "treatment won", "{}", noon).value());

  BOOST_TEST(book.routed("clerk").empty());
  BOOST_TEST(book.deletable("sums").has_value());
  BOOST_TEST(refusal(book.started("sums", served, noon)) ==
             "experiment sums has ended (decided); ask anew under another name");
  auto changed = asked("sums");
  changed.share = 0.1;
  BOOST_TEST(
      refusal(book.defined(changed, 2, "x", noon)).starts_with("experiment sums is decided: what was asked stays"));
  BOOST_TEST(refusal(book.started("sum", served, noon)) == "there is no experiment sum (did you mean sums?)");
}

BOOST_AUTO_TEST_CASE(segments_with_weights_of_their_own_have_revisions_of_their_own) {
  auto definition = asked("sums");
  definition.segments = {{"header.x-plan", {"free", "pro"}}};
  definition.bandit = BanditDefinition{BanditPolicy::linear, std::chrono::hours{2}};
  define(definition);
  start("sums");
  const auto allocations = [&] { return book.routed("clerk").at(0).allocations; };
  const auto revisions = [&] {
    std::vector<uint32_t> numbers;
    for (const auto& one : allocations()) numbers.push_back(one.revision);
    return numbers;
  };
  BOOST_TEST((revisions() == std::vector<uint32_t>{1, 2, 3}));

  const std::vector<SegmentWeights> change{{2, {0.1, 0.9}}};
  book.set(book.reweighted("sums", change, noon).value());

  BOOST_TEST((revisions() == std::vector<uint32_t>{1, 4, 3}));
  const Revision& last = book.find("sums")->revisions.back();
  BOOST_TEST((last.segment == 2u && last.moved == uint32_t{slot_count * 4 / 10}));
  BOOST_TEST((allocations()[1].slots == last.slots));
  BOOST_TEST((book.find("sums")->definition == definition), "so that it may be applied again and nothing changes");

  book.set(book.reweighted("sums", std::vector<double>{0.25, 0.75}, noon).value());

  BOOST_TEST((revisions() == std::vector<uint32_t>{5, 6, 7}));
  BOOST_TEST(book.find("sums")->definition.variants[1].weight == 0.75);
  const std::vector<SegmentWeights> unknown{{4, {0.5, 0.5}}};
  BOOST_TEST(refusal(book.reweighted("sums", unknown, noon)) ==
             "experiment sums has no segment 4 with weights of its own");
}

BOOST_AUTO_TEST_CASE(an_experiment_has_no_more_revisions_than_are_kept) {
  auto definition = asked("sums");
  definition.segments = {{"header.x-plan", {"free", "pro"}}};
  definition.bandit = BanditDefinition{BanditPolicy::linear, std::chrono::hours{2}};
  define(definition);
  start("sums");
  ExperimentRecord full = *book.find("sums");
  while (full.revisions.size() < revisions_max(definition) - 2) {
    full.revisions.push_back(full.revisions[full.revisions.size() - 3]);
    full.revisions.back().number = static_cast<uint32_t>(full.revisions.size());
  }
  book.set(full);

  BOOST_TEST(refusal(book.reweighted("sums", std::vector<double>{0.2, 0.8}, noon)) ==
             "experiment sums has had 1998 allocations, and at most 2000 are kept");
  const std::vector<SegmentWeights> two{{1, {0.2, 0.8}}, {3, {0.8, 0.2}}};
  BOOST_TEST(book.reweighted("sums", two, noon).value().revisions.size() == revisions_max(definition));
}

BOOST_AUTO_TEST_CASE(gateways_are_told_what_they_need) {
  auto definition = asked("sums");
  definition.overrides = {{"tester", "treatment"}};
  definition.targets = {{"region", {"eu"}}};
  definition.segments = {{"header.x-plan", {"free", "pro"}}};
  define(definition);
  start("sums");

  const auto routed = book.routed("clerk").at(0);

  BOOST_TEST((routed.number == book.find("sums")->number && routed.allocations[0].revision == 1 &&
              routed.salt == "salt-sums"));
  BOOST_TEST((routed.variants[1] == protocol::Variant{"treatment", "2"}));
  BOOST_TEST((routed.overrides == std::vector<protocol::UnitOverride>{{"tester", 1}}));
  BOOST_TEST(routed.targets.size() == 1u);
  BOOST_TEST((routed.segmentations == definition.segments));
  BOOST_TEST(routed.ends_unix_us - routed.starts_unix_us == int64_t{30} * 86'400 * 1'000'000);
}

BOOST_AUTO_TEST_SUITE_END()
