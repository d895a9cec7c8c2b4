#include "cluster/spec/documents.hpp"

#include <boost/test/unit_test.hpp>

#include "cluster/spec/records.hpp"
#include "runtime/config/bind.hpp"

using namespace troupe;
using namespace troupe::cluster;

namespace {

Result<DeploymentDocument> deployment(const std::string& yaml) {
  return config::bind<DeploymentDocument>(config::parse_documents(yaml, "d.yaml").value().at(0));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(documents)

BOOST_AUTO_TEST_CASE(a_short_deployment_has_safe_defaults) {
  const auto document = deployment("kind: Deployment\nname: clerk\nmodel: clerk@2\n");

  BOOST_REQUIRE(document.has_value());
  const DeploymentRecord record = to_record(*document, 0.0, 1, {}).value();
  BOOST_TEST(record.version == "2");
  BOOST_TEST(record.weight == 0.0);
  BOOST_TEST(record.batching.delay_max.count() == 0);
  BOOST_TEST(!record.cache.enabled);
}

BOOST_AUTO_TEST_CASE(back_ends_run_in_processes_unless_a_thread_is_asked_for) {
  const auto plain = deployment("kind: Deployment\nname: clerk\nmodel: clerk@2\n");
  const auto trusted = deployment("kind: Deployment\nname: clerk\nmodel: clerk@2\nisolation: thread\n");

  BOOST_TEST((to_record(plain.value(), 1, 1, {}).value().isolation == protocol::Isolation::process));
  BOOST_TEST((to_record(trusted.value(), 1, 1, {}).value().isolation == protocol::Isolation::thread));
}

BOOST_AUTO_TEST_CASE(an_echo_may_have_a_capacity) {
  const auto document =
      deployment("kind: Deployment\nname: e\nmodel: e@1\nbackend: echo\necho: {slots: 8, delay: 20ms}\n");

  BOOST_REQUIRE(document.has_value());
  BOOST_TEST((to_record(*document, 1, 1, {}).value().echo == protocol::EchoSpec{8, std::chrono::milliseconds{20}}));
}

BOOST_AUTO_TEST_CASE(a_misspelt_key_names_its_line_and_the_right_word) {
  const auto document = deployment("kind: Deployment\nname: clerk\nmodel: clerk@2\nreplcas: 3\n");

  BOOST_REQUIRE(!document.has_value());
  BOOST_TEST(document.error().message.find("d.yaml:4") != std::string::npos, document.error().message);
  BOOST_TEST(document.error().message.find("did you mean replicas?") != std::string::npos, document.error().message);
}

BOOST_AUTO_TEST_CASE(a_model_without_version_is_told_what_is_missing) {
  const auto document = deployment("kind: Deployment\nname: clerk\nmodel: clerk\n");

  BOOST_REQUIRE(!document.has_value());
  BOOST_TEST(document.error().message.find("NAME@VERSION, such as clerk@2") != std::string::npos,
             document.error().message);
}

BOOST_AUTO_TEST_CASE(records_survive_the_store_and_damage_is_named) {
  const DeploymentRecord record =
      to_record(*deployment("kind: Deployment\nname: c\nmodel: clerk@2\nweight: 0.25\n"), 1, 42, {}).value();

  BOOST_TEST((decode_deployment("deployment/c", encode(record)).value() == record));
  const auto damaged = decode_deployment("deployment/c", encode(record).substr(0, 9));
  BOOST_REQUIRE(!damaged.has_value());
  BOOST_TEST((damaged.error().code == Errc::corrupt_data));
  BOOST_TEST(damaged.error().message.find("deployment/c") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_a_version_was_stored_with_stands_in_for_back_end_and_entry) {
  const std::map<std::string, std::string> metadata{{"backend", "python"}, {"entry", "served:Model"}};
  const auto silent = deployment("kind: Deployment\nname: m\nmodel: m@1\n");
  const auto loud =
      deployment("kind: Deployment\nname: m\nmodel: m@1\nentry: other:Class\nsettings: {task: classify}\n");

  const DeploymentRecord plain = to_record(*silent, 1, 1, {}).value();
  const DeploymentRecord stored = to_record(*silent, 1, 1, metadata).value();
  const DeploymentRecord said = to_record(*loud, 1, 1, metadata).value();

  BOOST_TEST((plain.backend == protocol::BackendKind::native));
  BOOST_TEST((stored.backend == protocol::BackendKind::python));
  BOOST_TEST(stored.entry == "served:Model");
  BOOST_TEST(said.entry == "other:Class");
  BOOST_TEST(said.settings.at("task") == "classify");
  BOOST_TEST(!to_record(*silent, 1, 1, {{"backend", "cobol"}}).has_value());
}

BOOST_AUTO_TEST_CASE(an_entry_names_a_module_and_what_is_in_it) {
  for (const char* good : {"served:Model", "package.module:outer.Inner", "_a1:b"}) BOOST_TEST(is_python_entry(good));
  for (const char* bad : {"", "served", "served:", ":Model", "a/b:C", "a..b:C", "1a:b", "a:b:c", "a:b "})
    BOOST_TEST(!is_python_entry(bad), bad);
}

BOOST_AUTO_TEST_CASE(memory_follows_the_files_of_the_version_where_nobody_says_it) {
  const auto silent = deployment("kind: Deployment\nname: c\nmodel: clerk@2\nengine: {kv_cache: 1GiB}\n").value();
  const auto said = deployment("kind: Deployment\nname: c\nmodel: clerk@2\nresources: {memory: 300MiB}\n").value();

  BOOST_TEST(to_record(silent, 1, 1, {}, 2_GiB).value().resources.memory_bytes == (3_GiB).value + (64_MiB).value);
  BOOST_TEST(to_record(said, 1, 1, {}, 2_GiB).value().resources.memory_bytes == (300_MiB).value);
  BOOST_TEST((memory_needed(protocol::BackendKind::native, 10_MiB, 64_MiB) == 256_MiB));
  BOOST_TEST(
      (memory_needed(protocol::BackendKind::python, 1_GiB, 64_MiB) == ByteCount{(1_GiB).value + (64_MiB).value}));
}

BOOST_AUTO_TEST_CASE(what_loads_on_demand_is_not_loaded_to_begin_with) {
  const auto document = deployment("kind: Deployment\nname: c\nmodel: clerk@2\nload: on_demand\nreplicas: 2\n").value();

  const DeploymentRecord record = to_record(document, 1, 1, {}).value();

  BOOST_TEST(record.replicas_wished() == 0u);
  const auto read = decode_deployment("deployment/c", encode(record));
  BOOST_REQUIRE(read);
  BOOST_TEST((*read == record));
}

BOOST_AUTO_TEST_CASE(warm_up_requests_are_prompts_texts_or_tensors) {
  const auto document = deployment(
      "kind: Deployment\nname: c\nmodel: clerk@2\nwarm_up:\n- prompt: Hello\n- inputs:\n  - {name: x, shape: [1, 2], "
      "data: [1, 2]}\n");
  BOOST_REQUIRE_MESSAGE(document.has_value(), document.error().message);
  const DeploymentRecord record = to_record(*document, 1, 1, {}).value();
  BOOST_REQUIRE(record.warm_up.size() == 2u);
  BOOST_TEST(record.warm_up[0].prompt == "Hello");
  BOOST_TEST((record.warm_up[1].inputs[0].dtype == DType::f32));

  for (const char* wrong : {"- {}", "- {prompt: a, embed: b}", "- inputs: [{name: x, shape: [3], data: [1]}]",
                            "- inputs: [{name: x, datatype: BYTES, shape: [1]}]"})
    BOOST_TEST(
        !deployment(std::string("kind: Deployment\nname: c\nmodel: clerk@2\nwarm_up:\n") + wrong + "\n").has_value(),
        wrong);
}

BOOST_AUTO_TEST_SUITE_END()
