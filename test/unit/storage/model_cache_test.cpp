#include "storage/model_cache.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::storage;

namespace {

CachedVersion version(const char* name, uint64_t mib, int64_t used_s, bool in_use = false, bool partial = false) {
  return {{name, "1"}, {mib << 20}, wall_time_from_unix_microseconds(used_s * 1'000'000), in_use, partial};
}

std::string names(const Result<std::vector<CachedVersion>>& gone) {
  std::string text;
  for (const CachedVersion& version : gone.value()) text += version.model.name + ' ';
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(model_cache)

BOOST_AUTO_TEST_CASE(nothing_goes_while_there_is_room) {
  BOOST_TEST(names(make_room({version("a", 40, 1), version("b", 40, 2)}, 20_MiB, 100_MiB)).empty());
}

BOOST_AUTO_TEST_CASE(what_was_used_longest_ago_goes_first_and_no_more_than_must) {
  const std::vector<CachedVersion> cached{version("newest", 40, 3), version("oldest", 40, 1), version("middle", 20, 2)};

  BOOST_TEST(names(make_room(cached, 30_MiB, 100_MiB)) == "oldest ");
  BOOST_TEST(names(make_room(cached, 41_MiB, 100_MiB)) == "oldest middle ");
}

BOOST_AUTO_TEST_CASE(what_replicas_run_from_stays_however_old_it_is) {
  BOOST_TEST(names(make_room({version("serving", 50, 1, true), version("idle", 40, 2)}, 50_MiB, 100_MiB)) == "idle ");
}

BOOST_AUTO_TEST_CASE(beginnings_that_nobody_goes_on_with_go_before_any_whole_version) {
  BOOST_TEST(names(make_room({version("old", 50, 1), version("begun", 40, 9, false, true)}, 50_MiB, 100_MiB)) ==
             "begun ");
}

BOOST_AUTO_TEST_CASE(where_versions_in_use_leave_too_little_it_is_said_and_nothing_goes) {
  const auto refused = make_room({version("serving", 80, 1, true), version("idle", 10, 2)}, 30_MiB, 100_MiB);

  BOOST_REQUIRE(!refused.has_value());
  BOOST_TEST((refused.error().code == Errc::resource_exhausted));
  BOOST_TEST(refused.error().message.find("versions in use take 80MiB") != std::string::npos);
  BOOST_TEST(refused.error().message.find("--model-cache") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
