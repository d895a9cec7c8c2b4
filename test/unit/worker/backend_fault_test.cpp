#include "actors/worker/backend_fault.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::worker;

namespace {

struct Counting final : Backend {
  explicit Counting(size_t& executed) : executed(executed) {}
  void load() override {}
  void execute(std::vector<WorkItem> batch) override { executed += batch.size(); }
  void cancel(WorkId) override {}
  void credit(WorkId, uint64_t) override {}
  uint32_t slots() const override { return 4; }
  StepProgress progress() const override { return {}; }
  Duration longest_step() const override { return Duration{0}; }

  size_t& executed;
};

struct Failures final : BackendEvents {
  void on_loaded() override {}
  void on_warm() override {}
  void on_failed(const Error& error) override { reasons.push_back(error.message); }
  void on_part(WorkId, protocol::ResultPart, bool) override {}
  void on_error(WorkId, const Error&) override {}

  std::vector<std::string> reasons;
};

struct Fixture {
  Result<std::unique_ptr<Backend>> faulty(std::string_view fault) {
    return with_fault(std::make_unique<Counting>(executed), fault, events);
  }

  size_t executed = 0;
  Failures events;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(backend_fault, Fixture)

BOOST_AUTO_TEST_CASE(a_lost_device_computes_nothing_more_and_says_so_once) {
  const auto backend = faulty("device_lost:4");
  BOOST_TEST_REQUIRE(backend.has_value());

  (*backend)->execute(std::vector<WorkItem>(3));
  BOOST_TEST(executed == 3u);
  (*backend)->execute(std::vector<WorkItem>(1));
  (*backend)->execute(std::vector<WorkItem>(2));

  BOOST_TEST(executed == 3u);
  BOOST_TEST(events.reasons.size() == 1u);
}

BOOST_AUTO_TEST_CASE(without_a_fault_a_back_end_is_what_it_was) {
  const auto backend = faulty("");
  BOOST_TEST_REQUIRE(backend.has_value());

  (*backend)->execute(std::vector<WorkItem>(9));

  BOOST_TEST(executed == 9u);
}

BOOST_AUTO_TEST_CASE(a_misspelt_fault_is_refused) {
  for (const char* fault : {"device_lost", "device_lost:", "device_lost:0", "device_lost:1x", "fire:1"})
    BOOST_TEST(!faulty(fault).has_value(), fault);
}

BOOST_AUTO_TEST_SUITE_END()
