#include "cluster/spec/experiment_record.hpp"

#include <boost/test/unit_test.hpp>

#include "actors/experiment/decision/verdict.hpp"
#include "actors/experiment/lifecycle/experiment_book.hpp"
#include "runtime/base/random.hpp"
#include "storage/state_store.hpp"

using namespace troupe;
using namespace troupe::experiment;

namespace {

constexpr WallTime noon{std::chrono::hours{490'000}};

/// As many comparisons as there may be.
Definition large(size_t variants, size_t metrics) {
  Definition made;
  made.name = std::string(64, 'n');
  made.model = "clerk";
  for (size_t i = 0; i < variants; ++i)
    made.variants.push_back({fmt::format("{:v>64}", i), "1", 1 / static_cast<double>(variants)});
  for (size_t i = 0; i < metrics; ++i) {
    made.metrics.push_back({fmt::format("{:m>64}", i)});
    made.metrics.back().role = MetricRole::goal;
  }
  return made;
}

/// With numbers that take as many digits as numbers can.
Analysis analysis_of(const Definition& definition) {
  Analysis made;
  made.units.assign(definition.variants.size(), 123'456'789'012);
  for (uint32_t metric = 0; metric < definition.metrics.size(); ++metric)
    for (uint32_t arm = 1; arm < definition.variants.size(); ++arm) {
      const double number = -1.0 / 3;
      Comparison one{metric, arm, {123'456'789'012, number}, {123'456'789'012, number}, "normal mixture sequence"};
      one.difference = one.relative = number;
      one.interval = one.relative_interval = {number, number};
      one.p_value = one.adjusted_p = number;
      made.comparisons.push_back(one);
    }
  return made;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(experiment_records)

BOOST_AUTO_TEST_CASE(an_experiment_that_has_all_that_it_may_have_can_still_be_stored_with_its_verdict) {
  SeededRandom random(1);
  for (const auto& [variants, metrics] : {std::pair<size_t, size_t>{2, 64}, {5, 64}, {9, 32}, {16, 17}}) {
    const Definition definition = large(variants, metrics);
    BOOST_TEST_REQUIRE(check(definition).has_value());
    ExperimentBook book;
    book.set(book.defined(definition, 1, "salt", noon).value());
    book.set(book.started(definition.name, {"1"}, noon).value());
    ExperimentRecord record = *book.find(definition.name);
    while (record.revisions.size() < revisions_max(definition)) {
      std::vector<double> weights(variants);
      double sum = 0;
      for (double& weight : weights) sum += weight = 1 + static_cast<double>(random.below(1000)) / 1000;
      for (double& weight : weights) weight /= sum;
      record = book.reweighted(definition.name, weights, noon).value();
      book.set(record);
    }
    record.verdict = document_of(definition, analysis_of(definition), Verdict{});

    const size_t definition_bytes_more = 128 * 1024;
    BOOST_TEST(cluster::encode(record).size() + definition_bytes_more < storage::state_value_bytes_max,
               variants << " variants, " << metrics << " metrics: " << cluster::encode(record).size() << " bytes, "
                        << record.verdict.size() << " of them the verdict");
  }
}

BOOST_AUTO_TEST_SUITE_END()
