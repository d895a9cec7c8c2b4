#include "cluster/cli/render.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::cli {

using nlohmann::json;

BOOST_AUTO_TEST_SUITE(render)

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const json deployment{
    {"name", "clerk-2"},
    {"model", "clerk@2"},
    {"weight", 1.0},
    {"replicas", 2},
    {"ready", 1},
    {"reason", "1 of 2 replicas has no place: it wants 1 CPU"},
    {"resources", {{"cpus", 0.5}, {"memory_bytes", 268435456}, {"gpus", 0}}},
    {"running", {{{"id", "a1"}, {"node", "w1"}, {"state", "failed"}, {"reason", "config.json is missing"}}}}};

BOOST_AUTO_TEST_CASE(a_deployment_shows_what_is_ready_and_why_the_rest_is_not) {
  const std::string text = render_deployments(json::array({deployment}));

  BOOST_TEST(has(text, "1/2"));
  BOOST_TEST(has(text, "256.0MiB"));
  BOOST_TEST(has(text, "clerk-2: 1 of 2 replicas has no place"));
  BOOST_TEST(has(text, "replica a1 on w1 is failed: config.json is missing"));
}

BOOST_AUTO_TEST_CASE(replicas_show_what_their_processes_take_and_what_is_not_loaded_says_so) {
  json unloaded = deployment;
  unloaded["loaded"] = false;
  json running = deployment;
  running["running"][0]["memory_bytes"] = 314572800;

  BOOST_TEST(has(render_deployments(json::array({unloaded})), "unloaded"));
  BOOST_TEST(has(render_replicas(json::array({running})), "300.0MiB"));
  BOOST_TEST(has(render_replicas(json::array({running})), "clerk-2"));
}

BOOST_AUTO_TEST_CASE(a_status_that_is_not_whole_says_so_first) {
  const json status{
      {"cluster", "c1"},     {"healthy", false},       {"nodes_alive", 1},           {"replicas_wished", 2},
      {"replicas_ready", 1}, {"nodes", json::array()}, {"deployments", {deployment}}};

  const std::string text = render_status(status);

  BOOST_TEST(text.starts_with("cluster c1: NOT HEALTHY, 1 of 2 replicas ready, 1 nodes alive\n"));
}

BOOST_AUTO_TEST_CASE(nodes_show_what_is_used_of_what_they_have) {
  const json nodes = json::array({{{"name", "w1"},
                                   {"state", "alive"},
                                   {"roles", {"gateway", "worker"}},
                                   {"resources", {{"cpus", 2}, {"memory_bytes", 1073741824}, {"gpus", 0}}},
                                   {"used", {{"cpus", 0.5}, {"memory_bytes", 0}, {"gpus", 0}}},
                                   {"replicas", 1},
                                   {"pid", 7}}});

  const std::string text = render_nodes(nodes);

  BOOST_TEST(has(text, "gateway,worker"));
  BOOST_TEST(has(text, "0.5/2"));
  BOOST_TEST(has(text, "1.0GiB"));
}

BOOST_AUTO_TEST_CASE(actors_stand_under_their_supervisors) {
  const auto row = [](const char* node, const char* parent, const char* path, const char* kind) {
    return json{{"node", node},       {"parent", parent}, {"path", path},     {"kind", kind},
                {"state", "running"}, {"restarts", 0},    {"queue_depth", 0}, {"handled", 7}};
  };
  json actors = json::array(
      {row("n1", "node", "plane/worker", "supervisor"), row("n1", "plane/worker", "replica/a1", "supervisor"),
       row("n1", "replica/a1", "replica/a1/batcher", "actor"), row("n1", "replica/a1", "replica/a1/worker", "actor"),
       row("n1", "replica/a1/worker", "replica/a1/worker/back-end", "back_end"), row("n1", "node", "agent", "actor"),
       row("n2", "nobody", "agent", "actor")});
  actors[4]["pid"] = 4711;
  actors[4]["progress_age_ms"] = 250;

  const std::string text = render_actor_tree(actors);

  BOOST_TEST(has(text, "n1"));
  BOOST_TEST(has(text, "\n├─ plane/worker "));
  BOOST_TEST(has(text, "\n│  └─ replica/a1 "));
  BOOST_TEST(has(text, "\n│     ├─ batcher "));
  BOOST_TEST(has(text, "\n│     └─ worker "));
  BOOST_TEST(has(text, "\n│        └─ back-end "));
  BOOST_TEST(has(text, "4711"));
  BOOST_TEST(has(text, "250ms"));
  BOOST_TEST(has(text, "\n└─ agent "));
  BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 10);
  BOOST_TEST(has(render_actors(actors), "replica/a1/worker/back-end"));
}

BOOST_AUTO_TEST_CASE(actors_that_are_their_own_supervisors_do_not_hang_it) {
  const json actors = json::array({{{"node", "n"}, {"path", "a"}, {"parent", "b"}},
                                   {{"node", "n"}, {"path", "b"}, {"parent", "a"}},
                                   {{"node", "n"}, {"path", "c"}, {"parent", "c"}}});

  BOOST_TEST(has(render_actor_tree(actors), "└─ c"));
}

BOOST_AUTO_TEST_CASE(answers_of_another_version_do_not_break_it) {
  for (const json& odd : {json(), json::object(), json::array({1, "x", json::object()}), json("text")}) {
    BOOST_CHECK_NO_THROW(render_nodes(odd));
    BOOST_CHECK_NO_THROW(render_actors(odd));
    BOOST_CHECK_NO_THROW(render_actor_tree(odd));
    BOOST_CHECK_NO_THROW(render_models(odd));
    BOOST_CHECK_NO_THROW(render_deployments(odd));
    BOOST_CHECK_NO_THROW(render_deployment(odd));
    BOOST_CHECK_NO_THROW(render_replicas(odd));
    BOOST_CHECK_NO_THROW(render_status(odd));
    BOOST_CHECK_NO_THROW(render_changes(odd));
    BOOST_CHECK_NO_THROW(only(odd, "x"));
  }
}

BOOST_AUTO_TEST_CASE(changes_are_a_line_each) {
  const json answer{{"changes",
                     {{{"kind", "Model"}, {"name", "clerk@2"}, {"change", "created"}},
                      {{"kind", "Deployment"}, {"name", "clerk"}, {"change", "unchanged"}}}}};

  BOOST_TEST(render_changes(answer) == "Model clerk@2 created\nDeployment clerk unchanged\n");
}

BOOST_AUTO_TEST_CASE(models_are_picked_by_name_or_by_version) {
  const json models{{{"name", "clerk"}, {"version", "1"}}, {{"name", "clerk"}, {"version", "2"}}};

  BOOST_TEST(only(models, "clerk").size() == 2u);
  BOOST_TEST(only(models, "clerk@2").size() == 1u);
  BOOST_TEST(only(models, "clark").empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::cli
