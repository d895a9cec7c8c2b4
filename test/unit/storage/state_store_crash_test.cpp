#include <boost/test/unit_test.hpp>
#include <set>

#include "child_program.hpp"
#include "state_harness.hpp"

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::test;

namespace {

constexpr auto no_pump = [] {};

/// storage_crash_writer; killed at the latest with this object.
class Writer {
 public:
  Writer(const std::filesystem::path& directory, uint64_t first)
      : program_({STORAGE_CRASH_WRITER, directory.string(), std::to_string(first)}) {}

  /// The number of the next acknowledged pair; none once the writer is dead and its output read.
  std::optional<uint64_t> next() {
    unsigned long long number = 0;
    if (std::fscanf(program_.output(), "%llu\n", &number) != 1) return std::nullopt;
    return number;
  }

  void kill() { program_.kill(); }

 private:
  ChildProgram program_;
};

/// The numbers of the pairs in the store; checks that both halves are there and equal.
std::set<uint64_t> whole_pairs(const TempDirectory& directory) {
  const auto store = open_rocksdb_state_store(directory.path()).value();
  const auto left = range(*store, no_pump, "left/").value().entries;
  const auto right = range(*store, no_pump, "right/").value().entries;
  BOOST_REQUIRE(left.size() == right.size());
  std::set<uint64_t> numbers;
  for (size_t i = 0; i < left.size(); ++i) {
    BOOST_REQUIRE(left[i].key.substr(5) == right[i].key.substr(6));
    BOOST_REQUIRE(left[i].value == right[i].value);
    BOOST_REQUIRE((left[i].mod_revision == right[i].mod_revision));
    numbers.insert(std::stoull(left[i].key.substr(5)));
  }
  return numbers;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(state_store_crash)

BOOST_AUTO_TEST_CASE(a_killed_process_loses_no_acknowledged_pair_and_leaves_none_half_written) {
  TempDirectory directory;
  std::set<uint64_t> acknowledged;
  uint64_t first = 0;
  for (const int acknowledged_before_the_kill : {1, 13, 40, 75, 120}) {
    Writer writer(directory.path(), first);
    for (int i = 0; i < acknowledged_before_the_kill; ++i) {
      const auto number = writer.next();
      BOOST_REQUIRE(number.has_value());
      acknowledged.insert(*number);
    }
    writer.kill();
    while (const auto number = writer.next()) acknowledged.insert(*number);

    const std::set<uint64_t> stored = whole_pairs(directory);

    BOOST_TEST(std::ranges::includes(stored, acknowledged));
    first = *stored.rbegin() + 1;
  }
}

BOOST_AUTO_TEST_CASE(a_directory_open_in_another_process_is_refused) {
  TempDirectory directory;
  Writer writer(directory.path(), 0);
  BOOST_REQUIRE(writer.next().has_value());

  const auto opened = open_rocksdb_state_store(directory.path());

  BOOST_REQUIRE(!opened);
  BOOST_TEST((opened.error().code == Errc::unavailable));
  BOOST_TEST(opened.error().message.find("in use by another troupe") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
