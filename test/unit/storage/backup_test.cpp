#include "storage/backup.hpp"

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>

#include "state_harness.hpp"
#include "storage/state_image.hpp"

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::test;

namespace {

namespace fs = std::filesystem;

constexpr auto no_pump = [] {};

mode_t mode_of(const fs::path& path) {
  struct stat facts {};
  BOOST_REQUIRE(::stat(path.c_str(), &facts) == 0);
  return facts.st_mode & 0777;
}

/// A head's data folder with two keys in its state, a model, and files of its own.
struct Fixture {
  TempDirectory directory;
  const fs::path data = directory.path() / "head";
  const fs::path target = directory.path() / "backup";
  RangeResult state;
  std::optional<ModelStore> models;

  Fixture() {
    write_text(data / "admin.key", "secret\n");
    write_text(data / "tls/key.pem", "also secret\n");
    write_text(data / "node.json", "{}");
    write_text(data / "logs/troupe.log", "much");
    write_text(data / "venvs/torch/lib.py", "much more");
    for (const char* database : {"answers", "events", "experiments"})
      write_text(data / database / "CURRENT", "MANIFEST");
    write_text(directory.path() / "source/weights.bin", std::string(100'000, 'w'));
    write_text(directory.path() / "source/sub/vocab.txt", "a\nb\n");
    models = ModelStore::open(data / "models").value();
    BOOST_REQUIRE(models->add("clerk", "2", directory.path() / "source", {}).has_value());
    const auto store = open_rocksdb_state_store(data / "control").value();
    BOOST_REQUIRE(commit(*store, no_pump, {{}, {Put{"deployment/a", std::string("\0\xff binary", 9)}}}).has_value());
    BOOST_REQUIRE(commit(*store, no_pump, {{}, {Put{"deployment/b", "2"}}}).has_value());
    BOOST_REQUIRE(commit(*store, no_pump, {{}, {Put{"deployment/a", "3"}}}).has_value());
    state = range(*store, no_pump, "").value();
  }

  Result<BackupManifest> create() {
    return create_backup(data, state, &*models, {.cluster = "c1", .epoch = 7, .software = "0.1.0", .protocol = 1},
                         target);
  }
  std::string problem() {
    const auto found = verify_backup(target);
    return found ? "" : found.error().message;
  }
  void overwrite(const std::string& file, const std::string& text) { write_text(target / file, text); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(backup, Fixture)

BOOST_AUTO_TEST_CASE(a_restored_folder_has_the_state_with_its_revisions_the_models_and_the_keys) {
  const BackupManifest made = create().value();
  BOOST_TEST((verify_backup(target).value() == made));
  BOOST_TEST(made.revision == 3u);

  const fs::path restored = directory.path() / "other/head";
  BOOST_REQUIRE(restore_backup(target, restored).has_value());

  const auto store = open_rocksdb_state_store(restored / "control").value();
  const RangeResult found = range(*store, no_pump, "").value();
  BOOST_TEST((found.entries == state.entries));
  BOOST_TEST(found.revision.value == 3u);
  BOOST_TEST(commit(*store, no_pump, {{{"deployment/b", {2}}}, {Put{"deployment/b", "3"}}}).value().value == 4u);
  BOOST_TEST(ModelStore::open(restored / "models")->verify("clerk", "2").has_value());
  BOOST_TEST(read_text(restored / "admin.key") == "secret\n");
  BOOST_TEST(read_text(restored / "tls/key.pem") == "also secret\n");
  BOOST_TEST(!fs::exists(restored / "node.json"));
  BOOST_TEST(!fs::exists(restored / "logs"));
  BOOST_TEST(!fs::exists(restored / "venvs"));
  for (const char* database : {"answers", "events", "experiments"}) BOOST_TEST(!fs::exists(restored / database));
}

BOOST_AUTO_TEST_CASE(nobody_else_can_read_a_backup_or_what_is_restored_of_it) {
  BOOST_REQUIRE(create().has_value());
  BOOST_REQUIRE(restore_backup(target, directory.path() / "restored").has_value());

  BOOST_TEST(mode_of(target) == 0700u);
  BOOST_TEST(mode_of(target / "control.state") == 0600u);
  BOOST_TEST(mode_of(target / "node/admin.key") == 0600u);
  BOOST_TEST(mode_of(directory.path() / "restored/admin.key") == 0600u);
}

BOOST_AUTO_TEST_CASE(any_flipped_bit_missing_or_extra_file_is_named) {
  const BackupManifest made = create().value();
  std::vector<std::string> files{"backup.json", "backup.sha256"};
  for (const BackupFile& file : made.files) files.push_back(file.path);
  for (const std::string& file : files) {
    const std::string before = read_text(target / file);
    std::string flipped = before;
    flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 1);

    overwrite(file, flipped);
    BOOST_TEST(problem().find(file) != std::string::npos, file << ": " << problem());
    overwrite(file, before.substr(0, before.size() - 1));
    BOOST_TEST(problem().find(file) != std::string::npos, file << ": " << problem());
    fs::remove(target / file);
    BOOST_TEST(problem().find(file) != std::string::npos, file << ": " << problem());
    overwrite(file, before);
  }
  BOOST_TEST(problem() == "");

  overwrite("models/clerk/2/extra", "x");
  BOOST_TEST(problem().find("models/clerk/2/extra is not in the backup's manifest") != std::string::npos);
  BOOST_TEST(!restore_backup(target, directory.path() / "restored").has_value());
  BOOST_TEST(!fs::exists(directory.path() / "restored"));
}

BOOST_AUTO_TEST_CASE(nothing_is_overwritten) {
  BOOST_REQUIRE(create().has_value());

  BOOST_TEST((create().error().code == Errc::already_exists));
  BOOST_TEST((restore_backup(target, data).error().code == Errc::failed_precondition));
  BOOST_TEST(problem() == "");
  BOOST_TEST(read_text(data / "node.json") == "{}");
}

BOOST_AUTO_TEST_CASE(a_backup_needs_a_place_outside_of_what_it_saves) {
  const auto to = [&](const fs::path& place) { return create_backup(data, state, &*models, {}, place).error(); };
  BOOST_TEST((to("relative").code == Errc::invalid_argument));
  BOOST_TEST((to(data / "backup").code == Errc::invalid_argument));
  BOOST_TEST((to(directory.path() / "no/such").code == Errc::not_found));
}

BOOST_AUTO_TEST_CASE(a_damaged_model_is_named_and_leaves_nothing_behind) {
  write_text(data / "models/clerk/2/weights.bin", std::string(100'000, 'x'));

  const auto made = create();

  BOOST_REQUIRE(!made);
  BOOST_TEST((made.error().code == Errc::corrupt_data));
  BOOST_TEST(made.error().message.find((data / "models/clerk/2/weights.bin").string()) != std::string::npos);
  BOOST_TEST(!fs::exists(target));
  BOOST_TEST(!fs::exists(directory.path() / ".backup.partial"));
}

BOOST_AUTO_TEST_CASE(what_is_no_backup_is_said_to_be_none) {
  BOOST_TEST((verify_backup(directory.path() / "nowhere").error().code == Errc::not_found));
  BOOST_TEST((verify_backup(data).error().code == Errc::not_found));
}

BOOST_AUTO_TEST_CASE(an_image_of_other_bytes_is_refused) {
  BOOST_TEST((decode_state_image(encode_state_image(state), "x").value().entries == state.entries));
  for (const std::string bytes : {"", "\x80", "\x93\x01\x02\x03", "no image at all"})
    BOOST_TEST((decode_state_image(bytes, "x").error().code == Errc::corrupt_data));
}

BOOST_AUTO_TEST_SUITE_END()
