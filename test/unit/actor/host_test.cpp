#include "runtime/actor/host.hpp"

#include <boost/test/unit_test.hpp>
#include <future>

using namespace troupe;
using namespace troupe::actor;
using namespace std::chrono_literals;

namespace {

struct Count {
  int to = 0;
};
struct Number {
  int value = 0;
};
struct Crash {};
struct Hold {};

/// Counts aloud, keeps calls open, and crashes on demand.
class Counter final : public Actor {
 public:
  Counter(Context& context, std::function<void(std::string)> tell) : Actor(context), tell_(std::move(tell)) {
    on<Crash>([](const Crash&) { throw std::runtime_error("asked to crash"); });
    serve<Count>([](const auto& count, Reply reply) {
      for (int i = 1; i < count->to; ++i) reply.part(Number{i});
      reply.finish(Number{count->to});
    });
    serve<Hold>([this](const auto&, Reply reply) {
      held_.push_back(std::move(reply));
      tell_("held");
    });
  }
  void started() override { tell_("started"); }
  void cancelled(ReplyId id) override {
    for (const Reply& reply : held_)
      if (reply.id() == id) tell_("cancelled");
  }

 private:
  std::function<void(std::string)> tell_;
  std::vector<Reply> held_;
};

/// Runs whatever a test wants to do from inside an actor.
class Driver final : public Actor {
 public:
  Driver(Context& context, std::function<void(Context&)> script) : Actor(context), script_(std::move(script)) {}
  void started() override { script_(context()); }

 private:
  std::function<void(Context&)> script_;
};

/// What actors told, in order, to be waited for.
class Log {
 public:
  std::function<void(std::string)> writer() {
    return [this](std::string line) {
      const std::lock_guard lock(mutex_);
      lines_.push_back(std::move(line));
      changed_.notify_all();
    };
  }
  bool wait_for(const std::string& line, size_t times = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(
        lock, 10s, [&] { return static_cast<size_t>(std::count(lines_.begin(), lines_.end(), line)) >= times; });
  }
  std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

struct Fixture {
  SystemClock clock;
  Log log;
  std::unique_ptr<Host> host = Host::make({NodeId{1}, Incarnation{1}, {}}, clock, make_caf_executor(2), nullptr);
  Ref counter =
      host->spawn_actor<Counter>("counter", {.restart = {.restarts_max = 1, .backoff_first = 1ms}}, log.writer())
          .value();

  void drive(std::function<void(Context&)> script) {
    BOOST_REQUIRE(host->spawn_actor<Driver>("driver", {}, std::move(script)).has_value());
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(host, Fixture)

BOOST_AUTO_TEST_CASE(parts_of_an_answer_arrive_in_order) {
  drive([this](Context& context) {
    context.call(counter, Count{3}, {}, [tell = log.writer()](const ReplyEvent& event) {
      tell(fmt::format("{}{}", event.body.get<Number>()->value, event.last ? " last" : ""));
    });
  });

  BOOST_REQUIRE(log.wait_for("3 last"));
  BOOST_TEST(log.lines() == (std::vector<std::string>{"started", "1", "2", "3 last"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_crashed_actor_is_restarted_and_then_given_up) {
  drive([this](Context& context) {
    context.monitor(counter, [tell = log.writer()](const Error& error) { tell(error.message); });
    log.writer()("watched");
  });

  BOOST_REQUIRE(log.wait_for("started"));
  BOOST_REQUIRE(log.wait_for("watched"));
  BOOST_REQUIRE(counter.send(Crash{}).has_value());
  BOOST_REQUIRE(log.wait_for("actor counter crashed: asked to crash"));
  BOOST_REQUIRE(log.wait_for("started", 2));
  BOOST_REQUIRE(counter.send(Crash{}).has_value());

  while (host->find("counter")) std::this_thread::yield();
  const auto health = host->health();
  const auto row = std::find_if(health.begin(), health.end(), [](const auto& h) { return h.path == "counter"; });
  BOOST_REQUIRE((row != health.end()));
  BOOST_TEST(row->state == "failed");
  BOOST_TEST(row->restarts == 1u);
  BOOST_TEST(row->last_error == "asked to crash");
  BOOST_TEST(!counter.send(Crash{}).has_value());
}

BOOST_AUTO_TEST_CASE(a_call_past_its_deadline_fails_and_cancels_the_work) {
  drive([this](Context& context) {
    context.call(counter, Hold{}, {.deadline = context.now() + 5ms},
                 [tell = log.writer()](const ReplyEvent& event) { tell(std::string(to_string(event.error->code))); });
  });

  BOOST_TEST(log.wait_for("deadline_exceeded"));
  BOOST_TEST(log.wait_for("cancelled"));
}

BOOST_AUTO_TEST_CASE(a_reply_dropped_unanswered_fails_its_call) {
  drive([this](Context& context) {
    context.call(counter, Hold{}, {}, [tell = log.writer()](const ReplyEvent& event) { tell(event.error->message); });
  });
  BOOST_REQUIRE(log.wait_for("held"));

  host->stop(counter);

  BOOST_TEST(log.wait_for("the actor ended before it answered"));
}

BOOST_AUTO_TEST_CASE(a_full_mailbox_refuses_and_says_so) {
  std::promise<void> release;
  auto released = release.get_future().share();
  const Ref slow = host->spawn_actor<Driver>("slow", {.mailbox_max = 2},
                                             std::function<void(Context&)>([released](Context&) { released.wait(); }))
                       .value();

  BOOST_TEST(slow.send(Number{1}).has_value());
  BOOST_TEST(slow.send(Number{2}).has_value());
  const Status third = slow.send(Number{3});
  release.set_value();

  BOOST_REQUIRE(!third.has_value());
  BOOST_TEST((third.error().code == Errc::overloaded));
  BOOST_TEST(third.error().message == "the mailbox of slow is full (2 messages)");
}

BOOST_AUTO_TEST_CASE(a_path_is_taken_once_and_free_after_a_stop) {
  BOOST_TEST((host->spawn_actor<Counter>("counter", {}, log.writer()).error().code == Errc::already_exists));

  std::promise<void> stopped;
  host->stop(counter, [&] { stopped.set_value(); });
  stopped.get_future().wait();

  BOOST_TEST(!host->find("counter"));
  BOOST_TEST(host->spawn_actor<Counter>("counter", {}, log.writer()).has_value());
}

BOOST_AUTO_TEST_CASE(a_bound_callback_comes_back_to_its_actor) {
  std::promise<std::function<void(int)>> callback;
  drive([&](Context& context) {
    callback.set_value(context.bind<int>([tell = log.writer()](int value) { tell(fmt::format("got {}", value)); }));
  });

  callback.get_future().get()(7);

  BOOST_TEST(log.wait_for("got 7"));
}

BOOST_AUTO_TEST_CASE(a_cancelled_timer_stays_silent) {
  drive([this](Context& context) {
    const TimerId first = context.after(1ms, [tell = log.writer()] { tell("first"); });
    context.after(5ms, [tell = log.writer()] { tell("second"); });
    context.cancel(first);
  });

  BOOST_REQUIRE(log.wait_for("second"));
  for (const std::string& line : log.lines()) BOOST_TEST(line != "first");
}

BOOST_AUTO_TEST_CASE(a_crash_takes_down_those_of_its_group_in_reverse_and_starts_them_in_order) {
  /// Says what becomes of it.
  class Member final : public Actor {
   public:
    Member(Context& context, std::function<void(std::string)> tell) : Actor(context), tell_(std::move(tell)) {
      on<Crash>([](const Crash&) { throw std::runtime_error("asked to crash"); });
      serve<Hold>([this](const auto&, Reply reply) { held_.push_back(std::move(reply)); });
    }
    ~Member() override { tell_("- " + context().self().path()); }
    void started() override { tell_("+ " + context().self().path()); }

   private:
    std::function<void(std::string)> tell_;
    std::vector<Reply> held_;
  };
  Log group;
  SupervisorOptions options;
  options.strategy = Strategy::one_for_all;
  options.on_restart = [tell = group.writer()](const Error& reason) { tell(reason.message); };
  BOOST_REQUIRE(host->supervise("group", options).has_value());
  const SpawnOptions member{.restart = {.backoff_first = 1ms}, .parent = "group"};
  const Ref a = host->spawn_actor<Member>("a", member, group.writer()).value();
  BOOST_REQUIRE(group.wait_for("+ a"));
  const Ref b = host->spawn_actor<Member>("b", member, group.writer()).value();
  BOOST_REQUIRE(group.wait_for("+ b"));
  drive([&](Context& context) {
    context.call(b, Hold{}, {},
                 [tell = group.writer()](const ReplyEvent& event) { tell(std::string(to_string(event.error->code))); });
    static_cast<void>(a.send(Crash{}));
  });

  BOOST_REQUIRE(group.wait_for("+ b", 2));
  BOOST_REQUIRE(group.wait_for("lost"));
  auto lines = group.lines();
  std::erase_if(lines, [](const std::string& line) { return line == "lost" || line.starts_with("actor a crashed"); });
  BOOST_TEST(lines == (std::vector<std::string>{"+ a", "+ b", "- a", "- b", "+ a", "+ b"}),
             boost::test_tools::per_element());
  BOOST_TEST(group.wait_for("actor a crashed: asked to crash"));

  std::promise<void> stopped;
  host->stop_supervisor("group", [&] { stopped.set_value(); });
  stopped.get_future().wait();
  lines = group.lines();
  BOOST_TEST(lines[lines.size() - 2] == "- b");
  BOOST_TEST(lines.back() == "- a");
  BOOST_TEST(!host->find("a"));
}

BOOST_AUTO_TEST_CASE(a_supervisor_that_is_given_up_says_why_and_is_seen_with_all_its_children) {
  std::promise<std::string> given_up;
  SupervisorOptions options;
  options.restart.restarts_max = 0;
  options.on_give_up = [&](const Error& reason) { given_up.set_value(reason.message); };
  BOOST_REQUIRE(host->supervise("group", options).has_value());
  const SpawnOptions member{.restart = {.restarts_max = 0}, .parent = "group"};
  const Ref a = host->spawn_actor<Counter>("a", member, log.writer()).value();
  const Ref b = host->spawn_actor<Counter>("b", member, log.writer()).value();

  BOOST_REQUIRE(a.send(Crash{}).has_value());

  BOOST_TEST(given_up.get_future().get() == "actor a crashed: asked to crash");
  while (host->find("b")) std::this_thread::yield();
  const auto seen = [&] {
    std::string rows;
    for (const protocol::ActorHealth& row : host->health())
      if (row.path == "group" || row.parent == "group") rows += row.parent + ">" + row.path + " " + row.state + "; ";
    return rows;
  };
  // The one that crashed is the last to be given up.
  while (seen().find("restarting") != std::string::npos) std::this_thread::yield();
  const std::string rows = seen();
  BOOST_TEST(rows == "node>group failed; group>a failed; group>b failed; ");
  BOOST_TEST((b.send(Number{1}).error().code == Errc::unavailable));
  BOOST_TEST((host->spawn_actor<Counter>("c", member, log.writer()).error().code == Errc::unavailable));
}

BOOST_AUTO_TEST_CASE(requests_to_an_actor_that_restarts_wait_or_are_refused_as_it_says) {
  for (const bool holds : {true, false}) {
    SpawnOptions options{.restart = {.backoff_first = holds ? Duration{1ms} : Duration{1h}, .backoff_max = 1h}};
    options.holds_requests = holds;
    const std::string path = holds ? "holds" : "refuses";
    const Ref actor = host->spawn_actor<Counter>(path, options, log.writer()).value();
    const auto told = std::make_shared<std::promise<std::string>>();
    BOOST_REQUIRE((host->spawn_actor<Driver>("driver of " + path, {},
                                             std::function<void(Context&)>([actor, told](Context& context) {
                                               static_cast<void>(actor.send(Crash{}));
                                               context.call(actor, Count{1}, {}, [told](const ReplyEvent& event) {
                                                 told->set_value(event.error ? event.error->message : "counted");
                                               });
                                             }))
                       .has_value()));

    BOOST_TEST(told->get_future().get() == (holds ? "counted" : "actor refuses is restarting"));
  }
}

BOOST_AUTO_TEST_CASE(a_host_that_stops_starts_nothing_new_and_so_comes_to_its_end) {
  /// Its last act is to start another.
  class Phoenix final : public Actor {
   public:
    Phoenix(Context& context, std::function<void(std::string)> tell) : Actor(context), tell_(std::move(tell)) {}
    void stopping() override {
      const auto next = context().host().spawn_actor<Phoenix>("phoenix/next", {}, tell_);
      tell_(next ? "started" : std::string(to_string(next.error().code)));
    }

   private:
    std::function<void(std::string)> tell_;
  };
  BOOST_REQUIRE((host->spawn_actor<Phoenix>("phoenix", {}, log.writer()).has_value()));

  host->stop_all();

  BOOST_TEST(log.wait_for("unavailable"));
  BOOST_TEST(host->health().empty());
}

BOOST_AUTO_TEST_SUITE_END()
