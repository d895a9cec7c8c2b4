#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <set>

#include "state_harness.hpp"

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::test;

namespace {

constexpr auto no_pump = [] {};

/// storage_crash_writer with its output; killed at the latest with this object.
class Writer {
 public:
  Writer(const std::filesystem::path& directory, uint64_t first) {
    int pipe_ends[2];
    BOOST_REQUIRE(::pipe(pipe_ends) == 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, pipe_ends[0]);
    posix_spawn_file_actions_addclose(&actions, pipe_ends[1]);
    std::string program = STORAGE_CRASH_WRITER;
    std::string path = directory.string();
    std::string number = std::to_string(first);
    char* arguments[] = {program.data(), path.data(), number.data(), nullptr};
    const int spawned = ::posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(pipe_ends[1]);
    output_ = ::fdopen(pipe_ends[0], "r");
    BOOST_REQUIRE(spawned == 0);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() {
    kill();
    std::fclose(output_);
  }

  /// The number of the next acknowledged pair; none once the writer is dead and its output read.
  std::optional<uint64_t> next() {
    unsigned long long number = 0;
    if (std::fscanf(output_, "%llu\n", &number) != 1) return std::nullopt;
    return number;
  }

  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  pid_t pid_ = 0;
  std::FILE* output_ = nullptr;
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
