#include "runtime/actor/supervision.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <deque>

#include "runtime/base/random.hpp"

using namespace troupe;
using namespace troupe::actor;
using namespace std::chrono_literals;

namespace {

const Time t0{1h};
constexpr ChildOptions often{.restart = {.restarts_max = 5, .backoff_first = 100ms}, .escalates = true};
constexpr ChildOptions never{.restart = {.restarts_max = 0}, .escalates = true};
constexpr ChildOptions once{.restart = {.restarts_max = 1, .backoff_first = 100ms}, .escalates = true};

Error error(std::string message) {
  return {Errc::unavailable, std::move(message), {}, {}};
}

/// "halt b; start a"
std::string text(const std::vector<SupervisionAction>& actions) {
  constexpr std::array<std::string_view, 6> names{"start", "halt", "stop", "give up", "restarts", "gone"};
  std::string all;
  for (const SupervisionAction& action : actions) {
    all += fmt::format("{}{} {}", all.empty() ? "" : "; ", names[static_cast<size_t>(action.kind)], action.path);
    if (!action.reason.message.empty()) all += ": " + action.reason.message;
  }
  return all;
}

struct Fixture {
  Supervision tree{t0};

  void supervisor(const std::string& parent, const std::string& path, Strategy strategy, ChildOptions options = often) {
    BOOST_REQUIRE(tree.add_supervisor(parent, path, strategy, options, t0).has_value());
  }
  void actor(const std::string& parent, const std::string& path, ChildOptions options = often) {
    BOOST_REQUIRE(tree.add_actor(parent, path, options, t0).has_value());
    tree.started(path, t0);
  }
  void abc(Strategy strategy, ChildOptions options = often) {
    supervisor("", "s", strategy);
    for (const char* path : {"a", "b", "c"}) actor("s", path, options);
  }
  std::string after_crash(const std::string& path, Time now) {
    tree.failed(path, error(path + " broke"), now);
    return actions();
  }
  std::string after_halt(const std::string& path, Time now) {
    tree.halted(path, now);
    return actions();
  }
  std::string after_start(const std::string& path, Time now) {
    tree.started(path, now);
    return actions();
  }
  std::string at(Time now) {
    tree.tick(now);
    return actions();
  }
  std::string actions() { return text(tree.take_actions()); }
  Supervision::State state(const std::string& path) { return tree.find(path)->state; }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(supervision, Fixture)

BOOST_AUTO_TEST_CASE(one_for_one_starts_the_crashed_child_alone_after_its_back_off) {
  abc(Strategy::one_for_one);

  BOOST_TEST(after_crash("b", t0) == "restarts s: b broke");
  BOOST_TEST((*tree.due() == t0 + 100ms));
  BOOST_TEST(at(t0 + 99ms) == "");
  BOOST_TEST(at(t0 + 100ms) == "start b");
  BOOST_TEST(after_start("b", t0 + 101ms) == "");
  BOOST_TEST(!tree.due().has_value());
  BOOST_TEST(tree.find("b")->restarts == 1u);
  BOOST_TEST(tree.find("s")->last_error == "b broke");
}

BOOST_AUTO_TEST_CASE(one_for_all_halts_the_others_last_first_and_starts_all_first_first) {
  abc(Strategy::one_for_all);

  BOOST_TEST(after_crash("b", t0) == "restarts s: b broke; halt c");
  BOOST_TEST(at(t0 + 200ms) == "");  // Not before all are down.
  BOOST_TEST(after_halt("c", t0 + 200ms) == "halt a");
  BOOST_TEST(after_halt("a", t0 + 201ms) == "start a");
  BOOST_TEST(at(t0 + 202ms) == "");
  BOOST_TEST(after_start("a", t0 + 203ms) == "start b");
  BOOST_TEST(after_start("b", t0 + 204ms) == "start c");
  BOOST_TEST(after_start("c", t0 + 205ms) == "");
  BOOST_TEST(!tree.due().has_value());
}

BOOST_AUTO_TEST_CASE(one_for_all_waits_for_the_back_off_once_all_are_down) {
  abc(Strategy::one_for_all);

  after_crash("a", t0);
  after_halt("c", t0 + 1ms);
  BOOST_TEST(!tree.due().has_value());  // b is still going down.
  BOOST_TEST(after_halt("b", t0 + 2ms) == "");
  BOOST_TEST((*tree.due() == t0 + 100ms));
  BOOST_TEST(at(t0 + 100ms) == "start a");
}

BOOST_AUTO_TEST_CASE(rest_for_one_takes_along_those_started_after_the_crashed_child) {
  abc(Strategy::rest_for_one);

  BOOST_TEST(after_crash("b", t0) == "restarts s: b broke; halt c");
  BOOST_TEST(after_halt("c", t0 + 1ms) == "");
  BOOST_TEST(at(t0 + 100ms) == "start b");
  BOOST_TEST(after_start("b", t0 + 101ms) == "start c");
  BOOST_TEST(after_start("c", t0 + 102ms) == "");
  BOOST_TEST((state("a") == Supervision::State::running));
  BOOST_TEST(after_crash("c", t0 + 1s) == "restarts s: c broke");
}

BOOST_AUTO_TEST_CASE(back_off_doubles_with_each_crash_of_the_same_child) {
  abc(Strategy::one_for_one);

  after_crash("b", t0);
  at(t0 + 100ms);
  after_crash("b", t0 + 150ms);
  BOOST_TEST((*tree.due() == t0 + 350ms));
  after_crash("c", t0 + 200ms);  // Another one's count is its own.
  BOOST_TEST((*tree.due() == t0 + 300ms));
  BOOST_TEST(at(t0 + 300ms) == "start c");
  BOOST_TEST(at(t0 + 350ms) == "start b");
}

BOOST_AUTO_TEST_CASE(a_child_that_dies_while_its_group_starts_again_begins_the_round_anew) {
  abc(Strategy::one_for_all);
  after_crash("a", t0);
  after_halt("c", t0);
  after_halt("b", t0);
  at(t0 + 100ms);
  after_start("a", t0 + 100ms);

  BOOST_TEST(after_crash("b", t0 + 110ms) == "restarts s: b broke; halt a");
  BOOST_TEST(after_halt("a", t0 + 111ms) == "");
  BOOST_TEST((*tree.due() == t0 + 210ms));
  BOOST_TEST(at(t0 + 210ms) == "start a");
}

BOOST_AUTO_TEST_CASE(a_child_that_dies_while_it_is_to_be_halted_counts_as_halted) {
  abc(Strategy::one_for_all, once);
  after_crash("b", t0);

  BOOST_TEST(after_crash("c", t0 + 1ms) == "halt a");
  BOOST_TEST(after_crash("a", t0 + 2ms) == "");
  BOOST_TEST(at(t0 + 100ms) == "start a");
  BOOST_TEST(after_start("a", t0 + 101ms) == "start b");
  BOOST_TEST(after_start("b", t0 + 102ms) == "start c");
}

BOOST_AUTO_TEST_CASE(an_earlier_child_that_dies_while_a_later_one_backs_off_widens_the_round) {
  abc(Strategy::rest_for_one);
  after_crash("c", t0);

  BOOST_TEST(after_crash("a", t0 + 50ms) == "restarts s: a broke; halt b");
  BOOST_TEST(after_halt("b", t0 + 51ms) == "");
  BOOST_TEST(at(t0 + 149ms) == "");
  BOOST_TEST(at(t0 + 150ms) == "start a");
  BOOST_TEST(after_start("a", t0 + 151ms) == "start b");
  BOOST_TEST(after_start("b", t0 + 152ms) == "start c");
}

BOOST_AUTO_TEST_CASE(a_child_that_is_stopped_while_it_backs_off_does_not_start_again) {
  abc(Strategy::one_for_one);
  after_crash("b", t0);

  tree.removed("b", t0 + 50ms);

  BOOST_TEST(!tree.due().has_value());
  BOOST_TEST(at(t0 + 100ms) == "");
  BOOST_TEST((tree.find("b") == nullptr));
}

BOOST_AUTO_TEST_CASE(the_rest_starts_though_one_of_the_group_was_stopped_meanwhile) {
  abc(Strategy::one_for_all);
  after_crash("b", t0);
  after_halt("c", t0);
  after_halt("a", t0);

  tree.removed("a", t0 + 50ms);

  BOOST_TEST(at(t0 + 100ms) == "start b");
  BOOST_TEST(after_start("b", t0 + 101ms) == "start c");
}

BOOST_AUTO_TEST_CASE(past_its_intensity_a_failure_is_the_supervisors_and_its_parent_restarts_it_whole) {
  supervisor("", "plane", Strategy::one_for_one);
  supervisor("plane", "s", Strategy::one_for_one);
  actor("plane", "other");
  actor("s", "a");
  actor("s", "b", once);

  after_crash("b", t0);
  at(t0 + 100ms);
  after_start("b", t0 + 100ms);
  BOOST_TEST(after_crash("b", t0 + 200ms) == "restarts plane: b broke; halt a");
  BOOST_TEST((state("s") == Supervision::State::halting));
  BOOST_TEST(after_halt("a", t0 + 201ms) == "");
  BOOST_TEST(at(t0 + 300ms) == "start a");
  BOOST_TEST(after_start("a", t0 + 301ms) == "start b");
  BOOST_TEST((state("s") == Supervision::State::starting));
  BOOST_TEST(after_start("b", t0 + 302ms) == "");
  BOOST_TEST((state("s") == Supervision::State::running));
  BOOST_TEST(tree.find("s")->restarts == 1u);
  // It begins anew: one crash is forgiven again.
  BOOST_TEST(after_crash("b", t0 + 303ms) == "restarts s: b broke");
}

BOOST_AUTO_TEST_CASE(a_parents_strategy_holds_for_supervisors_too) {
  supervisor("", "plane", Strategy::one_for_all);
  actor("plane", "before");
  supervisor("plane", "s", Strategy::one_for_one);
  actor("s", "a", never);
  actor("plane", "after");

  BOOST_TEST(after_crash("a", t0) == "restarts plane: a broke; halt after");
  BOOST_TEST(after_halt("after", t0) == "halt before");
  BOOST_TEST(after_halt("before", t0) == "");
  BOOST_TEST(at(t0 + 100ms) == "start before");
  BOOST_TEST(after_start("before", t0 + 101ms) == "start a");
  BOOST_TEST(after_start("a", t0 + 102ms) == "start after");
}

BOOST_AUTO_TEST_CASE(the_root_gives_up_what_fails_too_often_and_nothing_else) {
  supervisor("", "plane", Strategy::one_for_one, once);
  actor("plane", "a");
  actor("plane", "b", never);
  actor("", "other");

  after_crash("b", t0);
  after_halt("a", t0);
  BOOST_TEST(at(t0 + 100ms) == "start a");
  after_start("a", t0 + 100ms);
  after_start("b", t0 + 100ms);
  BOOST_TEST(after_crash("b", t0 + 200ms) == "halt a");
  BOOST_TEST(after_halt("a", t0 + 201ms) == "give up b: b broke; give up a: b broke; give up plane: b broke");
  BOOST_TEST((state("plane") == Supervision::State::failed));
  BOOST_TEST((state("other") == Supervision::State::running));
  BOOST_TEST(!tree.due().has_value());
  BOOST_TEST((tree.add_actor("plane", "c", often, t0).error().code == Errc::unavailable));
}

BOOST_AUTO_TEST_CASE(one_that_does_not_escalate_is_given_up_alone) {
  supervisor("", "s", Strategy::one_for_one);
  actor("s", "a");
  actor("s", "b", {.restart = {.restarts_max = 0}, .escalates = false});

  BOOST_TEST(after_crash("b", t0) == "give up b: b broke");
  BOOST_TEST((state("a") == Supervision::State::running));
  BOOST_TEST((state("s") == Supervision::State::running));
  // Its path is free for another one.
  BOOST_TEST(tree.add_actor("s", "b", often, t0).has_value());
}

BOOST_AUTO_TEST_CASE(a_group_that_is_given_up_goes_down_before_it_is_told) {
  supervisor("", "model", Strategy::one_for_one);
  supervisor("model", "replica", Strategy::one_for_all, {.restart = {.restarts_max = 0}, .escalates = false});
  actor("replica", "batcher", once);
  actor("replica", "worker", once);
  after_crash("worker", t0);
  after_halt("batcher", t0);
  at(t0 + 100ms);
  after_start("batcher", t0 + 100ms);
  after_start("worker", t0 + 100ms);

  BOOST_TEST(after_crash("worker", t0 + 200ms) == "halt batcher");
  BOOST_TEST(after_halt("batcher", t0 + 201ms) ==
             "give up worker: worker broke; give up batcher: worker broke; give up replica: worker broke");
  BOOST_TEST((state("model") == Supervision::State::running));
  BOOST_TEST(tree.find("model")->last_error == "worker broke");
}

BOOST_AUTO_TEST_CASE(a_supervisor_stops_its_children_last_first_and_is_gone_with_the_first) {
  supervisor("", "s", Strategy::one_for_one);
  actor("s", "a");
  supervisor("s", "inner", Strategy::one_for_one);
  actor("inner", "b");
  actor("inner", "c");

  tree.stop("s", t0);
  BOOST_TEST(actions() == "stop c");
  tree.removed("c", t0);
  BOOST_TEST(actions() == "stop b");
  BOOST_TEST(after_crash("b", t0) == "");  // Its end follows.
  tree.removed("b", t0);
  BOOST_TEST(actions() == "gone inner; stop a");
  tree.removed("a", t0);
  BOOST_TEST(actions() == "gone s");
  BOOST_TEST((tree.find("s") == nullptr));
}

BOOST_AUTO_TEST_CASE(a_supervisor_that_was_given_up_or_restarts_can_be_stopped) {
  supervisor("", "given_up", Strategy::one_for_one, never);
  actor("given_up", "a", never);
  after_crash("a", t0);
  tree.stop("given_up", t0);
  BOOST_TEST(actions() == "gone given_up");

  abc(Strategy::one_for_all);
  after_crash("b", t0);
  tree.stop("s", t0 + 1ms);
  BOOST_TEST(actions() == "stop c");
  tree.halted("c", t0 + 2ms);
  BOOST_TEST(actions() == "");
  tree.removed("c", t0 + 2ms);
  BOOST_TEST(actions() == "stop b");
  tree.removed("b", t0 + 2ms);
  BOOST_TEST(actions() == "stop a");
  tree.removed("a", t0 + 2ms);
  BOOST_TEST(actions() == "gone s");
  BOOST_TEST(at(t0 + 1s) == "");
}

BOOST_AUTO_TEST_CASE(paths_are_taken_once_and_parents_must_be_supervisors) {
  supervisor("", "s", Strategy::one_for_one);
  actor("s", "a");

  BOOST_TEST((tree.add_actor("s", "a", often, t0).error().code == Errc::already_exists));
  BOOST_TEST((tree.add_actor("nobody", "b", often, t0).error().code == Errc::not_found));
  BOOST_TEST((tree.add_actor("a", "b", often, t0).error().code == Errc::not_found));
  BOOST_TEST(tree.add_supervisor("", "s", Strategy::one_for_one, often, t0).has_value());
  std::string paths;
  tree.visit([&](const Supervision::Child& child) { paths += child.parent->path + ">" + child.path + " "; });
  BOOST_TEST(paths == "node>s s>a ");
}

/// Whatever happens in whatever order: once everything is acknowledged and nothing fails any more, all that was not
/// stopped or given up runs.
BOOST_DATA_TEST_CASE(any_order_of_events_comes_to_rest, boost::unit_test::data::xrange(200), seed) {
  SeededRandom random{static_cast<uint64_t>(seed)};
  supervisor("", "plane", static_cast<Strategy>(random.below(3)));
  std::vector<std::string> paths;
  for (int s = 0; s < 3; ++s) {
    const std::string name = fmt::format("s{}", s);
    supervisor("plane", name, static_cast<Strategy>(random.below(3)), random.below(2) == 0 ? often : once);
    for (int a = 0; a < 3; ++a) {
      paths.push_back(fmt::format("{}/{}", name, a));
      BOOST_REQUIRE(tree.add_actor(name, paths.back(), random.below(2) == 0 ? often : once, t0).has_value());
    }
  }
  // What each actor's mailbox holds, as the host keeps it.
  std::map<std::string, std::deque<SupervisionAction::Kind>> mailboxes;
  std::map<std::string, bool> lives;
  for (const std::string& path : paths) mailboxes[path].push_back(SupervisionAction::Kind::start);
  Time now = t0;
  const auto take = [&] {
    for (const SupervisionAction& action : tree.take_actions())
      if (mailboxes.contains(action.path)) mailboxes[action.path].push_back(action.kind);
  };
  const auto run_one = [&](const std::string& path) {
    auto& mailbox = mailboxes[path];
    if (mailbox.empty()) return;
    const auto kind = mailbox.front();
    mailbox.pop_front();
    if (kind == SupervisionAction::Kind::start) {
      BOOST_TEST(!lives[path]);
      lives[path] = true;
      tree.started(path, now);
    } else if (kind == SupervisionAction::Kind::halt) {
      if (std::exchange(lives[path], false)) tree.halted(path, now);
    } else if (kind == SupervisionAction::Kind::stop) {
      lives[path] = false;
      mailboxes.erase(path);
      tree.removed(path, now);
    }
    take();
  };

  for (int step = 0; step < 300; ++step) {
    const std::string path = paths[random.below(paths.size())];
    switch (random.below(8)) {
      case 0:
        if (std::exchange(lives[path], false)) tree.failed(path, error("broke"), now);
        break;
      case 1:
        now += std::chrono::milliseconds{random.below(2000)};
        tree.tick(now);
        break;
      case 2:
        if (random.below(40) == 0) tree.stop(fmt::format("s{}", random.below(3)), now);
        break;
      default:
        run_one(path);
    }
    take();
  }
  for (int round = 0; round < 100; ++round) {
    now += 1s;
    tree.tick(now);
    take();
    for (const std::string& path : paths)
      while (mailboxes.contains(path) && !mailboxes[path].empty()) run_one(path);
  }

  BOOST_TEST(!tree.due().has_value());
  tree.visit([&](const Supervision::Child& child) {
    BOOST_TEST((child.state == Supervision::State::running || child.state == Supervision::State::failed),
               child.path << " is " << to_string(child.state));
    if (!child.is_supervisor) BOOST_TEST(lives[child.path] == (child.state == Supervision::State::running));
  });
}

BOOST_AUTO_TEST_SUITE_END()
