#include <boost/test/unit_test.hpp>
#include <fstream>

#include "cluster/head/admin_key.hpp"

using namespace troupe;
using namespace troupe::cluster;
namespace fs = std::filesystem;

namespace {

constexpr const char* key_text = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A folder of one test, deleted with it.
struct Folder {
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "troupe-admin-key-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    fs::remove(file(), ignored);
    fs::remove(path, ignored);
  }
  fs::path file() const { return path / "admin.key"; }
  void write(std::string_view text, fs::perms mode = fs::perms::owner_read | fs::perms::owner_write) const {
    std::ofstream(file(), std::ios::binary) << text;
    fs::permissions(file(), mode);
  }

  fs::path path;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(admin_key)

BOOST_AUTO_TEST_CASE(a_new_key_is_64_hex_digits_that_only_the_owner_can_read) {
  const Folder folder;

  const auto made = load_or_create_admin_key(folder.file());

  BOOST_REQUIRE(made.has_value());
  BOOST_TEST(made->size() == 64U);
  BOOST_TEST(made->find_first_not_of("0123456789abcdef") == std::string::npos);
  BOOST_TEST((fs::status(folder.file()).permissions() == (fs::perms::owner_read | fs::perms::owner_write)));
}

BOOST_AUTO_TEST_CASE(the_key_stays_the_same_from_start_to_start) {
  const Folder folder;

  const auto first = load_or_create_admin_key(folder.file());
  const auto second = load_or_create_admin_key(folder.file());

  BOOST_REQUIRE(second.has_value());
  BOOST_TEST(*first == *second);
}

BOOST_AUTO_TEST_CASE(two_heads_have_different_keys) {
  const Folder one;
  const Folder other;

  BOOST_TEST(load_or_create_admin_key(one.file()).value() != load_or_create_admin_key(other.file()).value());
}

BOOST_AUTO_TEST_CASE(a_key_that_others_can_read_is_refused) {
  const Folder folder;
  folder.write(key_text, static_cast<fs::perms>(0640));

  const auto loaded = load_or_create_admin_key(folder.file());

  BOOST_REQUIRE(!loaded.has_value());
  BOOST_TEST((loaded.error().code == Errc::failed_precondition));
  BOOST_TEST(loaded.error().message.find("mode 640") != std::string::npos);
  BOOST_TEST(loaded.error().message.find("chmod 600") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_file_that_holds_no_key_is_refused) {
  const Folder folder;
  for (const std::string& text : {std::string(), std::string("secret\n"), std::string(63, 'a'), std::string(64, 'g'),
                                  fmt::format("{}\nmore", key_text)}) {
    folder.write(text);

    const auto loaded = load_or_create_admin_key(folder.file());

    BOOST_REQUIRE(!loaded.has_value());
    BOOST_TEST((loaded.error().code == Errc::corrupt_data), text);
  }
}

BOOST_AUTO_TEST_CASE(a_key_without_a_last_newline_is_taken) {
  const Folder folder;
  folder.write(key_text);

  BOOST_TEST(load_or_create_admin_key(folder.file()).value() == key_text);
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_missing_is_named) {
  const Folder folder;

  const auto loaded = load_or_create_admin_key(folder.path / "gone" / "admin.key");

  BOOST_REQUIRE(!loaded.has_value());
  BOOST_TEST((loaded.error().code == Errc::io_error));
  BOOST_TEST(loaded.error().message.find("gone/admin.key") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_link_in_the_keys_place_is_not_followed) {
  const Folder folder;
  fs::create_symlink("/dev/null", folder.file());

  const auto loaded = load_or_create_admin_key(folder.file());

  BOOST_REQUIRE(!loaded.has_value());
  BOOST_TEST((loaded.error().code == Errc::io_error));
}

BOOST_AUTO_TEST_SUITE_END()
