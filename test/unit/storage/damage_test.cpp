#include <boost/test/unit_test.hpp>
#include <string>

#include "state_harness.hpp"

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::test;

namespace {

namespace fs = std::filesystem;

constexpr auto no_pump = [] {};
constexpr int tables = 3;

void flip(const fs::path& file, size_t at) {
  std::string bytes = read_text(file);
  BOOST_REQUIRE(at < bytes.size());
  bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
  write_text(file, bytes);
}

/// Keys in tables and keys in a log; every one acknowledged.
struct Fixture {
  TempDirectory directory;

  Fixture() {
    for (int i = 0; i < tables; ++i) {
      const auto store = open_rocksdb_state_store(directory.path()).value();
      for (int j = 0; j < 10; ++j)
        BOOST_REQUIRE(
            commit(*store, no_pump, {{}, {Put{fmt::format("k/{}/{}", i, j), std::string(2000, 'v')}}}).has_value());
    }
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(damage, Fixture)

BOOST_AUTO_TEST_CASE(a_flipped_bit_in_any_file_refuses_the_store_or_loses_nothing) {
  int refused = 0;
  for (const auto& entry : fs::directory_iterator(directory.path())) {
    const fs::path file = entry.path();
    if (file.filename().string().starts_with("LOG") || file.filename() == "LOCK") continue;
    for (size_t step = 0; step < 12; ++step) {
      TempDirectory copy;
      fs::copy(directory.path(), copy.path() / "control");
      const fs::path damaged = copy.path() / "control" / file.filename();
      const size_t size = fs::file_size(damaged);
      if (step >= size) break;
      flip(damaged, size * step / 12);

      const auto opened = open_rocksdb_state_store(copy.path() / "control");

      if (!opened) {
        ++refused;
        const std::string& message = opened.error().message;
        BOOST_TEST((opened.error().code == Errc::corrupt_data));
        BOOST_TEST(message.find(copy.path().string()) != std::string::npos, message);
        BOOST_TEST(message.find(file.filename().string()) != std::string::npos, message);
        BOOST_TEST(message.find("troupe backup restore") != std::string::npos, message);
        continue;
      }
      const RangeResult all = range(**opened, no_pump, "").value();
      BOOST_TEST(all.entries.size() == tables * 10u, file.filename() << " at " << step);
      BOOST_TEST(all.revision.value == tables * 10u);
    }
  }
  BOOST_TEST(refused > 12);
}

BOOST_AUTO_TEST_SUITE_END()
