#include "storage/model_intake.hpp"

#include <boost/test/unit_test.hpp>

#include "storage/model_store.hpp"
#include "storage/sha256.hpp"
#include "temp_directory.hpp"

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::test;
namespace fs = std::filesystem;

namespace {

struct Fixture {
  Fixture() {
    add("config.json", "{}");
    add("empty", "");
    add("weights/a.bin", "abcdefghij");
  }

  void add(const std::string& path, const std::string& text) {
    contents.push_back(text);
    manifest.files.push_back({path, {text.size()}, sha256_hex(text)});
  }

  ModelIntake open() { return ModelIntake::open(root, manifest).value(); }
  /// All that is missing, `bytes` at a time at most.
  static Status feed(ModelIntake& intake, const std::vector<std::string>& from, size_t bytes = 4) {
    while (!intake.is_whole()) {
      const FetchPosition at = intake.position();
      TROUPE_CHECK(intake.write(std::string_view(from[at.file]).substr(at.offset, bytes)));
    }
    return {};
  }

  TempDirectory directory;
  fs::path root = directory.path() / "models";
  ModelStore store = ModelStore::open(root).value();
  ModelManifest manifest{"clerk", "2", wall_time_from_unix_microseconds(1), "elsewhere", {}, {{"task", "text"}}};
  std::vector<std::string> contents;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(model_intake, Fixture)

BOOST_AUTO_TEST_CASE(a_version_that_came_in_pieces_is_published_whole_with_its_manifest) {
  ModelIntake intake = open();
  BOOST_TEST(!store.find("clerk", "2").has_value());

  BOOST_REQUIRE(feed(intake, contents).has_value());
  BOOST_TEST(!store.find("clerk", "2").has_value());
  BOOST_REQUIRE(intake.publish().has_value());

  BOOST_TEST((store.find("clerk", "2").value() == manifest));
  BOOST_TEST(store.verify("clerk", "2").has_value());
  BOOST_TEST(read_text(store.path_of("clerk", "2").value() / "weights/a.bin") == "abcdefghij");
  BOOST_TEST(fs::is_empty(root / ".incoming"));
  const auto mode = fs::status(store.path_of("clerk", "2").value() / "weights/a.bin").permissions();
  BOOST_TEST((mode == (fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read)));
}

BOOST_AUTO_TEST_CASE(what_had_come_before_a_restart_is_taken_up_and_the_whole_verifies) {
  {
    ModelIntake intake = open();
    BOOST_REQUIRE(intake.write("{}").has_value());
    BOOST_REQUIRE(intake.write("abcd").has_value());
  }
  BOOST_REQUIRE(ModelStore::open(root).has_value());

  ModelIntake again = open();

  BOOST_TEST((again.position() == FetchPosition{2, 4}));
  BOOST_REQUIRE(feed(again, contents).has_value());
  BOOST_REQUIRE(again.publish().has_value());
  BOOST_TEST(store.verify("clerk", "2").has_value());
}

BOOST_AUTO_TEST_CASE(a_whole_file_that_was_damaged_meanwhile_comes_again) {
  {
    ModelIntake intake = open();
    BOOST_REQUIRE(intake.write("{}").has_value());
    BOOST_REQUIRE(intake.write("abcd").has_value());
  }
  write_text(root / ".incoming/clerk@2/config.json", "[]");

  ModelIntake again = open();

  BOOST_TEST((again.position() == FetchPosition{0, 0}));
  BOOST_REQUIRE(feed(again, contents).has_value());
  BOOST_REQUIRE(again.publish().has_value());
  BOOST_TEST(store.verify("clerk", "2").has_value());
}

BOOST_AUTO_TEST_CASE(a_beginning_that_was_damaged_meanwhile_is_found_out_at_the_end_of_its_file) {
  {
    ModelIntake intake = open();
    BOOST_REQUIRE(intake.write("{}").has_value());
    BOOST_REQUIRE(intake.write("abcd").has_value());
  }
  write_text(root / ".incoming/clerk@2/weights/a.bin", "abXd");
  ModelIntake again = open();

  const Status refused = again.write("efghij");

  BOOST_REQUIRE(!refused.has_value());
  BOOST_TEST((refused.error().code == Errc::corrupt_data));
  BOOST_TEST((again.position() == FetchPosition{2, 0}));
  BOOST_REQUIRE(feed(again, contents).has_value());
  BOOST_TEST(again.publish().has_value());
}

BOOST_AUTO_TEST_CASE(a_wrong_byte_is_named_with_its_file_and_costs_that_file_alone) {
  ModelIntake intake = open();
  BOOST_REQUIRE(intake.write("{}").has_value());

  const Status refused = intake.write("abcdefghiX");

  BOOST_REQUIRE(!refused.has_value());
  BOOST_TEST((refused.error().code == Errc::corrupt_data));
  BOOST_TEST(refused.error().message.find("weights/a.bin came with the sha256") != std::string::npos);
  BOOST_TEST((intake.position() == FetchPosition{2, 0}));
}

BOOST_AUTO_TEST_CASE(a_beginning_of_other_content_under_the_name_is_thrown_away) {
  {
    ModelIntake intake = open();
    BOOST_REQUIRE(intake.write("{}").has_value());
  }
  manifest.files[0].sha256 = sha256_hex("[]");
  contents[0] = "[]";

  ModelIntake other = open();

  BOOST_TEST((other.position() == FetchPosition{0, 0}));
  BOOST_REQUIRE(feed(other, contents).has_value());
  BOOST_TEST(other.publish().has_value());
}

BOOST_AUTO_TEST_CASE(two_cannot_fill_one_version_at_a_time) {
  const ModelIntake intake = open();

  BOOST_TEST((ModelIntake::open(root, manifest).error().code == Errc::already_exists));
}

BOOST_AUTO_TEST_CASE(a_version_that_was_published_meanwhile_stays_and_other_content_is_refused) {
  ModelIntake intake = open();
  BOOST_REQUIRE(feed(intake, contents).has_value());
  write_text(directory.path() / "same/config.json", "{}");
  write_text(directory.path() / "same/empty", "");
  write_text(directory.path() / "same/weights/a.bin", "abcdefghij");
  BOOST_REQUIRE(store.add("clerk", "2", directory.path() / "same", manifest.created).has_value());

  BOOST_TEST(intake.publish().has_value());

  manifest.files[0].sha256 = sha256_hex("[]");
  contents[0] = "[]";
  ModelIntake other = open();
  BOOST_REQUIRE(feed(other, contents).has_value());
  BOOST_TEST((other.publish().error().code == Errc::already_exists));
  BOOST_TEST(store.verify("clerk", "2").has_value());
  BOOST_TEST(left_intakes(root).empty());
}

BOOST_AUTO_TEST_CASE(a_manifest_that_could_not_have_been_published_is_refused) {
  const auto refused = [&](auto change) {
    ModelManifest bad = manifest;
    change(bad);
    return ModelIntake::open(root, bad).error().code == Errc::invalid_argument;
  };

  BOOST_TEST(refused([](ModelManifest& m) { m.name = "../clerk"; }));
  BOOST_TEST(refused([](ModelManifest& m) { m.files.clear(); }));
  BOOST_TEST(refused([](ModelManifest& m) { m.files[1].path = m.files[0].path; }));
  BOOST_TEST(refused([](ModelManifest& m) { m.files[0].path = std::string(manifest_file_name); }));
  BOOST_TEST(refused([](ModelManifest& m) { m.files[2].path = "x/x/x/x/x/x/x/x/x/x"; }));
}

BOOST_AUTO_TEST_CASE(what_was_left_behind_is_listed_with_its_size_and_can_be_removed) {
  {
    ModelIntake intake = open();
    BOOST_REQUIRE(intake.write("{}").has_value());
    BOOST_REQUIRE(intake.write("abcd").has_value());
  }

  const auto left = left_intakes(root);

  BOOST_REQUIRE(left.size() == 1u);
  BOOST_TEST(to_string(left[0].model) == "clerk@2");
  BOOST_TEST(left[0].size.value >= 6u);
  remove_intake(root, left[0].model);
  BOOST_TEST(left_intakes(root).empty());
}

BOOST_AUTO_TEST_CASE(a_use_is_remembered_on_disk) {
  ModelIntake intake = open();
  BOOST_REQUIRE(feed(intake, contents).has_value());
  BOOST_REQUIRE(intake.publish().has_value());
  const WallTime then = wall_time_from_unix_microseconds(1'700'000'000'000'000);

  BOOST_REQUIRE(store.mark_used("clerk", "2", then).has_value());

  BOOST_TEST((ModelStore::open(root)->last_used("clerk", "2").value() == then));
}

BOOST_AUTO_TEST_SUITE_END()
