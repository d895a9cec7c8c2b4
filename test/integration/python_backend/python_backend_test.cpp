// What comes before the process of a back end in Python: checked files, and an interpreter. The Python that makes
// environments is a shell script here.

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <future>

#include "actors/worker/python_backend.hpp"
#include "actors/worker/replica_log.hpp"
#include "storage/model_store.hpp"
#include "test/unit/storage/temp_directory.hpp"

using namespace troupe;
using namespace troupe::worker;
using namespace std::chrono_literals;

namespace fs = std::filesystem;

namespace {

constexpr auto patience = 20s;

class NoBackend final : public Backend {
 public:
  void load() override {}
  void execute(std::vector<WorkItem>) override {}
  void cancel(WorkId) override {}
  void credit(WorkId, uint64_t) override {}
  uint32_t slots() const override { return 7; }
  StepProgress progress() const override { return {}; }
  Duration longest_step() const override { return 3s; }
};

/// Tells which interpreter it was asked to run.
class FakeChildren final : public ChildHost {
 public:
  std::promise<std::string> python;

  std::unique_ptr<Backend> make_backend(const protocol::ReplicaSpec& spec, BackendEvents&) override {
    python.set_value(spec.python);
    return std::make_unique<NoBackend>();
  }
};

class Failures final : public BackendEvents {
 public:
  std::promise<std::string> reason;

  void on_loaded() override {}
  void on_warm() override {}
  void on_failed(const Error& error) override { reason.set_value(error.message); }
  void on_part(WorkId, protocol::ResultPart, bool) override {}
  void on_error(WorkId, const Error&) override {}
};

template <class T>
T wait_for(std::promise<T>& promise) {
  auto future = promise.get_future();
  BOOST_REQUIRE((future.wait_for(patience) == std::future_status::ready));
  return future.get();
}

/// A published version with a module and requirements, and a stand-in for `python3`.
struct World {
  test::TempDirectory root;
  FakeChildren children;
  Failures events;
  protocol::ReplicaSpec spec;
  PythonOptions options;

  explicit World(const std::string& script = "echo made\necho /venv/bin/python\n") {
    fs::create_directories(root.path() / "source");
    std::ofstream(root.path() / "source/served.py") << "model = 1\n";
    std::ofstream(root.path() / "source/requirements.txt") << "scipy\n";
    auto store = storage::ModelStore::open(root.path() / "models").value();
    BOOST_REQUIRE(store.add("served", "1", root.path() / "source", WallTime{}).has_value());
    std::ofstream(root.path() / "python3") << "#!/bin/sh\n" << script;
    fs::permissions(root.path() / "python3", fs::perms::owner_all);
    spec.id = {17};
    spec.folder = store.path_of("served", "1").value();
    spec.backend = protocol::BackendKind::python;
    spec.entry = "served:model";
    options.package = root.path() / "package";
    options.environments = root.path() / "venvs";
    options.log_folder = root.path() / "logs";
    options.python = (root.path() / "python3").string();
    fs::create_directories(options.log_folder);
  }

  std::unique_ptr<Backend> backend() { return make_python_backend(spec, options, children, events); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(python_backend)

BOOST_AUTO_TEST_CASE(the_interpreter_that_was_named_is_taken_as_it_is) {
  World world("exit 1\n");
  world.spec.python = "/opt/python";
  const auto backend = world.backend();

  backend->load();

  BOOST_TEST(wait_for(world.children.python) == "/opt/python");
  BOOST_TEST(backend->slots() == 7u);
  BOOST_TEST((backend->longest_step() == 3s));
}

BOOST_AUTO_TEST_CASE(an_environment_is_made_of_the_versions_requirements_and_its_making_logged) {
  World world("echo \"asked: $*\"\necho /venv/bin/python\n");
  const auto backend = world.backend();

  backend->load();

  BOOST_TEST(wait_for(world.children.python) == "/venv/bin/python");
  const auto log = open_replica_log(world.options.log_folder, world.spec.id);
  BOOST_REQUIRE(log.has_value());
  const auto page = observe::read_page(*log, {}, {}).value();
  BOOST_REQUIRE(!page.lines.empty());
  BOOST_TEST(page.lines[0].text.find("--requirements " + world.spec.folder + "/requirements.txt") != std::string::npos,
             page.lines[0].text);
}

BOOST_AUTO_TEST_CASE(what_pip_said_last_is_the_reason) {
  World world("echo Collecting\necho no such package\nexit 1\n");
  const auto backend = world.backend();

  backend->load();

  BOOST_TEST(wait_for(world.events.reason) == "no such package");
}

BOOST_AUTO_TEST_CASE(a_damaged_file_is_named_before_anything_runs) {
  World world;
  fs::permissions(world.spec.folder + "/served.py", fs::perms::owner_all);
  std::ofstream(world.spec.folder + "/served.py") << "model = 2\n";
  const auto backend = world.backend();

  backend->load();

  BOOST_TEST(wait_for(world.events.reason).find("served.py") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(one_that_is_closed_while_pip_runs_waits_for_nothing) {
  World world("exec sleep 60\n");
  const SystemClock clock;
  const Time begun = clock.now();

  {
    const auto backend = world.backend();
    backend->load();
  }

  BOOST_TEST((clock.now() - begun < 30s));
}

BOOST_AUTO_TEST_CASE(a_missing_package_says_how_to_name_it) {
  World world;
  world.options.package.clear();
  const auto backend = world.backend();

  backend->load();

  BOOST_TEST(wait_for(world.events.reason).find("TROUPE_PYTHON_PACKAGE") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_command_names_module_folder_and_threads) {
  protocol::ReplicaSpec spec;
  spec.python = "/opt/python";
  spec.entry = "served:model";
  spec.folder = "/models/served/1";
  spec.resources.cpu_millis = 1500;

  const auto command = python_program(spec, "/share/python");

  const std::string line = fmt::format("{}", fmt::join(command, " "));
  BOOST_TEST(line.starts_with("/usr/bin/env PYTHONPATH=/share/python"), line);
  BOOST_TEST(line.ends_with("/opt/python -m troupe.worker --class served:model --folder /models/served/1"), line);
  BOOST_TEST((line.find(" OMP_NUM_THREADS=2 ") != std::string::npos || std::getenv("OMP_NUM_THREADS") != nullptr),
             line);
}

BOOST_AUTO_TEST_SUITE_END()
