#include "storage/fetch_plan.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::storage;

namespace {

ModelManifest with_files(const std::vector<uint64_t>& sizes) {
  ModelManifest manifest;
  for (const uint64_t size : sizes)
    manifest.files.push_back({fmt::format("file-{}", manifest.files.size()), {size}, std::string(64, '0')});
  return manifest;
}

/// "file:offset+size" of all that it wants now.
std::string wishes(FetchPlan& plan) {
  std::string text;
  while (const auto chunk = plan.next()) text += fmt::format("{}:{}+{} ", chunk->file, chunk->offset, chunk->size);
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(fetch_plan)

BOOST_AUTO_TEST_CASE(files_are_asked_for_in_order_and_pieces_and_never_more_than_the_window) {
  FetchPlan plan(with_files({25, 0, 10, 3}), {.chunk_bytes = 10, .window = 3});

  BOOST_TEST(wishes(plan) == "0:0+10 0:10+10 0:20+5 ");
  BOOST_TEST((plan.arrived() == Chunk{0, 0, 10}));
  BOOST_TEST(wishes(plan) == "2:0+10 ");
  for (int i = 0; i < 3; ++i) BOOST_TEST(plan.arrived().has_value());
  BOOST_TEST(wishes(plan) == "3:0+3 ");
  BOOST_TEST(!plan.is_complete());
  BOOST_TEST((plan.arrived() == Chunk{3, 0, 3}));

  BOOST_TEST(plan.is_complete());
  BOOST_TEST(!plan.arrived().has_value());
  BOOST_TEST(plan.bytes_here() == 38u);
}

BOOST_AUTO_TEST_CASE(it_begins_where_an_earlier_fetch_has_come_to) {
  FetchPlan plan(with_files({25, 10}), {.chunk_bytes = 10, .window = 9}, {0, 12});

  BOOST_TEST(plan.bytes_here() == 12u);
  BOOST_TEST(wishes(plan) == "0:12+10 0:22+3 1:0+10 ");
}

BOOST_AUTO_TEST_CASE(what_will_not_come_is_asked_for_again) {
  FetchPlan plan(with_files({30}), {.chunk_bytes = 10, .window = 2});
  BOOST_TEST(wishes(plan) == "0:0+10 0:10+10 ");
  plan.arrived();

  plan.begin_again({0, 10});

  BOOST_TEST(plan.bytes_here() == 10u);
  BOOST_TEST(!plan.arrived().has_value());
  BOOST_TEST(wishes(plan) == "0:10+10 0:20+10 ");
}

BOOST_AUTO_TEST_CASE(a_version_of_empty_files_is_complete_at_once) {
  FetchPlan plan(with_files({0, 0}), {});

  BOOST_TEST(plan.is_complete());
  BOOST_TEST(!plan.next().has_value());
}

BOOST_AUTO_TEST_CASE(progress_is_a_share_that_reaches_the_whole_only_when_nothing_is_missing) {
  BOOST_TEST(progress_text(215 << 20, 500 << 20) == "43 % of 500MiB");
  BOOST_TEST(progress_text((500 << 20) - 1, 500 << 20).starts_with("99 %"));
  BOOST_TEST(progress_text(0, 0).starts_with("0 %"));
}

BOOST_AUTO_TEST_SUITE_END()
