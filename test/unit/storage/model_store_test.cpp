#include "storage/model_store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>

#include "storage/file_tree.hpp"
#include "temp_directory.hpp"

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::test;
namespace fs = std::filesystem;

namespace {

const WallTime monday = wall_time_from_unix_microseconds(1'700'000'000'000'000);
const WallTime tuesday = wall_time_from_unix_microseconds(1'700'086'400'000'000);

struct Fixture {
  Fixture() : store(ModelStore::open(root).value()) {
    write_text(source / "config.json", "{}");
    write_text(source / "weights" / "a.bin", "abc");
  }

  bool incoming_is_empty() const { return fs::is_empty(root / ".incoming"); }

  TempDirectory directory;
  fs::path root = directory.path() / "models";
  fs::path source = directory.path() / "source";
  ModelStore store;
};

bool contains(const Error& error, std::string_view text) {
  return error.message.find(text) != std::string::npos;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(model_store, Fixture)

BOOST_AUTO_TEST_CASE(an_added_version_is_found_listed_and_sound) {
  const ModelManifest added = store.add("clerk", "1", source, monday, {{"task", "text"}}).value();

  BOOST_REQUIRE(added.files.size() == 2u);
  BOOST_TEST(added.files[1].path == "weights/a.bin");
  BOOST_TEST(added.files[1].size.value == 3u);
  BOOST_TEST(added.files[1].sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  BOOST_TEST(added.total_bytes().value == 5u);
  BOOST_TEST((added.created == monday));
  BOOST_TEST(added.source == source.string());
  BOOST_TEST(added.metadata.at("task") == "text");
  BOOST_TEST((store.find("clerk", "1").value() == added));
  BOOST_TEST((store.list().value() == std::vector<ModelManifest>{added}));
  BOOST_TEST(read_text(store.path_of("clerk", "1").value() / "weights" / "a.bin") == "abc");
  BOOST_TEST(store.verify("clerk", "1").has_value());
  BOOST_TEST(incoming_is_empty());
}

BOOST_AUTO_TEST_CASE(the_list_is_by_name_and_counted_version) {
  for (const char* version : {"10", "2", "rc1"}) BOOST_REQUIRE(store.add("clerk", version, source, monday));
  BOOST_REQUIRE(store.add("agent", "1", source, monday));
  write_text(root / "lost+found" / "x", "not ours");

  const std::vector<ModelManifest> listed = store.list().value();

  std::vector<std::string> seen;
  for (const ModelManifest& manifest : listed) seen.push_back(manifest.name + "@" + manifest.version);

  BOOST_TEST((seen == std::vector<std::string>{"agent@1", "clerk@2", "clerk@10", "clerk@rc1"}));
}

BOOST_AUTO_TEST_CASE(adding_the_same_content_again_changes_nothing) {
  const ModelManifest first = store.add("clerk", "1", source, monday).value();

  const auto second = store.add("clerk", "1", source, tuesday);

  BOOST_REQUIRE(second.has_value());
  BOOST_TEST((*second == first));
}

BOOST_AUTO_TEST_CASE(other_content_under_the_same_version_is_refused_with_the_next_number) {
  BOOST_REQUIRE(store.add("clerk", "1", source, monday));
  BOOST_REQUIRE(store.add("clerk", "9", source, monday));
  write_text(source / "weights" / "a.bin", "abd");

  const auto refused = store.add("clerk", "1", source, tuesday);

  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == Errc::already_exists));
  BOOST_TEST(contains(refused.error(), "versions are immutable: publish it as clerk@10"));
  BOOST_TEST(store.verify("clerk", "1").has_value());
}

BOOST_AUTO_TEST_CASE(published_files_are_read_only_and_keep_execute_permission) {
  write_text(source / "run.sh", "#!/bin/sh\n");
  fs::permissions(source / "run.sh", fs::perms::owner_all);
  BOOST_REQUIRE(store.add("clerk", "1", source, monday));

  const fs::path path = store.path_of("clerk", "1").value();

  const auto writable = fs::perms::owner_write | fs::perms::group_write | fs::perms::others_write;
  BOOST_TEST(((fs::status(path / "config.json").permissions() & writable) == fs::perms::none));
  BOOST_TEST(((fs::status(path / "run.sh").permissions() & fs::perms::owner_exec) != fs::perms::none));
}

BOOST_AUTO_TEST_CASE(verify_names_the_file_that_is_damaged_missing_or_extra) {
  BOOST_REQUIRE(store.add("clerk", "1", source, monday));
  const fs::path file = store.path_of("clerk", "1").value() / "weights" / "a.bin";
  const auto damage = [&] {
    const Status status = store.verify("clerk", "1");
    BOOST_REQUIRE(!status.has_value());
    BOOST_TEST((status.error().code == Errc::corrupt_data));
    return status.error().message;
  };

  write_text(file, "abX");
  BOOST_TEST(damage().find(file.string() + " has the sha256") == 0u);
  write_text(file, "abcd");
  BOOST_TEST(damage() == file.string() + " has 4 bytes; its manifest says 3");
  fs::remove(file);
  BOOST_TEST(damage() == file.string() + " is missing");
  fs::create_symlink(source / "config.json", file);
  BOOST_TEST(damage() == file.string() + " is a symbolic link");
  write_text(file, "abc");
  BOOST_TEST(store.verify("clerk", "1").has_value());
  write_text(file.parent_path() / "extra", "x");
  BOOST_TEST(damage().find("extra is not in the manifest") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_damaged_manifest_is_named_and_the_version_can_still_be_removed) {
  BOOST_REQUIRE(store.add("clerk", "1", source, monday));
  const fs::path manifest = store.path_of("clerk", "1").value() / "troupe-manifest.json";
  write_text(manifest, "{");

  BOOST_TEST((store.list().error().code == Errc::corrupt_data));
  BOOST_TEST(contains(store.find("clerk", "1").error(), manifest.string()));
  fs::remove(manifest);
  BOOST_TEST((store.find("clerk", "1").error().code == Errc::corrupt_data));
  BOOST_TEST(store.remove("clerk", "1").has_value());
  BOOST_TEST(store.list().value().empty());
}

BOOST_AUTO_TEST_CASE(symbolic_links_and_special_files_are_refused_by_name) {
  fs::create_symlink(source / "config.json", source / "link");
  const auto link = store.add("clerk", "1", source, monday);
  fs::remove(source / "link");
  fs::create_directory_symlink(source / "weights", source / "dir");
  const auto directory_link = store.add("clerk", "1", source, monday);
  fs::remove(source / "dir");
  BOOST_REQUIRE(::mkfifo((source / "pipe").c_str(), 0600) == 0);
  const auto pipe = store.add("clerk", "1", source, monday);

  BOOST_TEST((link.error().code == Errc::invalid_argument));
  BOOST_TEST(contains(link.error(), (source / "link").string() + " is a symbolic link"));
  BOOST_TEST(contains(directory_link.error(), (source / "dir").string() + " is a symbolic link"));
  BOOST_TEST(contains(pipe.error(), (source / "pipe").string() + " is no regular file"));
  BOOST_TEST(store.list().value().empty());
}

BOOST_AUTO_TEST_CASE(names_and_versions_that_would_leave_the_root_are_refused_everywhere) {
  // Every bad name points into this test's own directory: a store that followed one could hurt nothing else.
  const fs::path victim = directory.path() / "victim";
  write_text(victim / "1" / "precious", "x");
  BOOST_REQUIRE(store.add("clerk", "1", source, monday));

  for (const std::string& bad :
       {std::string(".."), std::string("."), std::string(""), std::string("a/b"), victim.string(),
        std::string("../victim"), std::string("../../victim"), std::string(".incoming"), std::string("a\\b")}) {
    BOOST_TEST((store.add(bad, "1", source, monday).error().code == Errc::invalid_argument), bad);
    BOOST_TEST((store.add("clerk", bad, source, monday).error().code == Errc::invalid_argument), bad);
    BOOST_TEST((store.find(bad, "1").error().code == Errc::invalid_argument), bad);
    BOOST_TEST((store.path_of("clerk", bad).error().code == Errc::invalid_argument), bad);
    BOOST_TEST((store.verify("clerk", bad).error().code == Errc::invalid_argument), bad);
    BOOST_TEST((store.remove("clerk", bad).error().code == Errc::invalid_argument), bad);
  }

  BOOST_TEST(read_text(victim / "1" / "precious") == "x");
  BOOST_TEST(store.list().value().size() == 1u);
}

BOOST_AUTO_TEST_CASE(sources_that_are_missing_empty_or_no_directory_are_refused) {
  fs::create_directories(directory.path() / "empty" / "deep");

  const auto missing = store.add("clerk", "1", directory.path() / "nowhere", monday);
  const auto empty = store.add("clerk", "1", directory.path() / "empty", monday);
  const auto file = store.add("clerk", "1", source / "config.json", monday);

  BOOST_TEST((missing.error().code == Errc::not_found));
  BOOST_TEST(missing.error().message == "there is no directory " + (directory.path() / "nowhere").string());
  BOOST_TEST((empty.error().code == Errc::invalid_argument));
  BOOST_TEST((file.error().code == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(deep_trees_odd_names_and_the_manifests_own_name_are_refused) {
  fs::path deep = directory.path() / "deep";
  for (int i = 0; i < 9; ++i) deep /= "d";
  write_text(deep / "f", "x");
  write_text(directory.path() / "odd" / "new\nline", "x");
  write_text(directory.path() / "own" / "troupe-manifest.json", "{}");

  BOOST_TEST((store.add("a", "1", directory.path() / "deep", monday).error().code == Errc::too_large));
  BOOST_TEST((store.add("a", "1", directory.path() / "odd", monday).error().code == Errc::invalid_argument));
  BOOST_TEST(contains(store.add("a", "1", directory.path() / "own", monday).error(), "rename it"));
}

BOOST_AUTO_TEST_CASE(a_failed_add_leaves_nothing_visible) {
  // The name is taken by a file, so that the very last step fails, after everything was copied.
  write_text(root / "clerk", "in the way");

  const auto failed = store.add("clerk", "1", source, monday);

  BOOST_TEST((failed.error().code == Errc::io_error));
  BOOST_TEST(store.list().value().empty());
  BOOST_TEST(incoming_is_empty());
}

BOOST_AUTO_TEST_CASE(what_an_interrupted_add_left_is_invisible_and_cleared_at_open) {
  write_text(root / ".incoming" / "0123456789abcdef" / "weights" / "a.bin", "ab");

  BOOST_TEST(store.list().value().empty());
  BOOST_REQUIRE(ModelStore::open(root).has_value());

  BOOST_TEST(incoming_is_empty());
}

BOOST_AUTO_TEST_CASE(an_add_under_way_in_another_process_is_not_cleared) {
  const fs::path busy = root / ".incoming" / "0123456789abcdef";
  write_text(busy / "a.bin", "ab");
  const FileDescriptor lock(::open(busy.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  BOOST_REQUIRE(::flock(lock.get(), LOCK_EX | LOCK_NB) == 0);

  BOOST_REQUIRE(ModelStore::open(root).has_value());

  BOOST_TEST(fs::exists(busy / "a.bin"));
}

BOOST_AUTO_TEST_CASE(a_removed_version_is_gone_and_its_number_can_be_used_again) {
  BOOST_REQUIRE(store.add("clerk", "1", source, monday));
  BOOST_REQUIRE(store.add("clerk", "2", source, monday));

  BOOST_TEST(store.remove("clerk", "1").has_value());

  BOOST_TEST((store.find("clerk", "1").error().code == Errc::not_found));
  BOOST_TEST(store.find("clerk", "2").has_value());
  BOOST_TEST(incoming_is_empty());
  BOOST_TEST((store.remove("clerk", "1").error().code == Errc::not_found));
  BOOST_TEST(store.add("clerk", "1", source, tuesday).has_value());
}

BOOST_AUTO_TEST_CASE(a_wrong_name_or_version_is_met_with_the_right_ones) {
  for (const char* version : {"1", "2"}) BOOST_REQUIRE(store.add("clerk", version, source, monday));

  BOOST_TEST(store.find("clark", "1").error().message == "no model named clark (did you mean clerk?)");
  BOOST_TEST(store.find("clerk", "3").error().message == "clerk has no version 3; it has 1, 2");
}

BOOST_AUTO_TEST_SUITE_END()
