#include "cluster/cli/local_nodes.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

namespace troupe::cli {

namespace fs = std::filesystem;

struct Root {
  Root() {
    std::string pattern = (fs::temp_directory_path() / "troupe-cli-XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  ~Root() { fs::remove_all(path); }

  fs::path node(const std::string& name, protocol::Roles roles) const {
    fs::create_directories(path / name);
    cluster::NodeFile file{.name = name, .id = "1", .pid = 1, .roles = roles};
    BOOST_REQUIRE(cluster::write_node_file(path / name, file).has_value());
    return path / name;
  }

  fs::path path;
};

BOOST_FIXTURE_TEST_SUITE(local_nodes_of_a_root, Root)

BOOST_AUTO_TEST_CASE(a_node_runs_while_its_process_holds_the_lock) {
  const fs::path folder = node("head", {.head = true});
  std::array<int, 2> locked{}, stop{};
  BOOST_REQUIRE(::pipe(locked.data()) == 0 && ::pipe(stop.data()) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(stop[1]);
    const auto lock = NodeLock::take(folder);
    char byte = lock ? '1' : '0';
    static_cast<void>(::write(locked[1], &byte, 1) + ::read(stop[0], &byte, 1));
    ::_exit(0);
  }
  char byte = 0;
  BOOST_REQUIRE(::read(locked[0], &byte, 1) == 1);

  const auto pid_while_held = running_process(folder);
  const auto second = NodeLock::take(folder);
  const auto process = Process::open(child);
  BOOST_REQUIRE(process.has_value());
  process->signal(SIGKILL);
  const bool is_gone = process->wait(std::chrono::seconds{20});
  ::waitpid(child, nullptr, 0);
  for (const int fd : {locked[0], locked[1], stop[0], stop[1]}) ::close(fd);

  BOOST_TEST(byte == '1');
  BOOST_TEST((pid_while_held == child));
  BOOST_REQUIRE(!second.has_value());
  BOOST_TEST((second.error().code == Errc::failed_precondition));
  BOOST_TEST(is_gone);
  BOOST_TEST(!running_process(folder).has_value());
}

BOOST_AUTO_TEST_CASE(a_leftover_file_is_listed_as_not_running) {
  node("b", {.worker = true});
  node("a", {.gateway = true});

  const auto nodes = local_nodes(path);

  BOOST_REQUIRE(nodes.size() == 2u);
  BOOST_TEST(nodes[0].file.name == "a");
  BOOST_TEST(!nodes[0].pid.has_value());
  BOOST_TEST(!running_node(path, &protocol::Roles::gateway).has_value());
}

BOOST_AUTO_TEST_CASE(a_root_that_does_not_exist_has_no_nodes) {
  BOOST_TEST(local_nodes(path / "nowhere").empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::cli
