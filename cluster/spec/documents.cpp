#include "cluster/spec/documents.hpp"

#include "actors/worker/warm_up.hpp"
#include "storage/model_manifest.hpp"
#include "storage/model_ref.hpp"

namespace troupe::protocol {

void describe(config::Schema<WarmUpInput>& schema) {
  schema.named("input");
  schema.field("name", &WarmUpInput::name, "The tensor's name").required();
  schema.field("datatype", &WarmUpInput::dtype, "Its type");
  schema.field("shape", &WarmUpInput::shape, "Its dimensions").size(0, 8);
  schema.field("data", &WarmUpInput::data, "Its numbers, row by row; empty: zeros").size(0, 4096);
}

void describe(config::Schema<WarmUpSpec>& schema) {
  schema.named("warm_up");
  schema.field("prompt", &WarmUpSpec::prompt, "A text to go on from").size(0, 16384);
  schema.field("max_tokens", &WarmUpSpec::max_tokens, "Tokens of the answer to the prompt").range(1, 4096);
  schema.field("embed", &WarmUpSpec::embed, "A text to make a vector of").size(0, 16384);
  schema.field("inputs", &WarmUpSpec::inputs, "Tensors").size(0, 32);
  schema.check([](const WarmUpSpec& one) { return worker::warm_up_work(one).has_value(); },
               "one of prompt, embed and inputs; of each input as many numbers as its shape has elements, or none for "
               "zeros");
}

}  // namespace troupe::protocol

namespace troupe::cluster {

using namespace std::chrono_literals;

namespace {

constexpr const char* name_rule =
    "a name of lower-case letters, digits, '.', '_' and '-', at most 64, letter or digit first";

bool is_name(const std::string& text) {
  return storage::check_model_name(text).has_value();
}

bool is_dotted_identifier(std::string_view text) {
  bool at_start = true;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool digit = c >= '0' && c <= '9';
    if (at_start ? !letter : !letter && !digit && c != '.') return false;
    at_start = c == '.';
  }
  return !text.empty() && !at_start;
}

bool is_full_reference(const std::string& text) {
  const auto reference = storage::parse_model_ref(text);
  return reference && !reference->version.empty();
}

}  // namespace

bool is_python_entry(const std::string& text) {
  const size_t colon = text.find(':');
  return colon != std::string::npos && is_dotted_identifier(std::string_view(text).substr(0, colon)) &&
         is_dotted_identifier(std::string_view(text).substr(colon + 1));
}

void describe(config::Schema<ModelDocument>& schema) {
  schema.named("Model");
  schema.field("name", &ModelDocument::name, "The model").required().check(is_name, name_rule);
  schema.field("version", &ModelDocument::version, "The version; immutable once added")
      .required()
      .check([](const std::string& v) { return storage::check_model_version(v).has_value(); },
             "a version of letters, digits, '.', '_' and '-', at most 32");
  schema.field("source", &ModelDocument::source, "Folder of the model's files, on the head's machine")
      .required()
      .check([](const std::string& path) { return !path.empty(); }, "a path");
  schema
      .field(
          "metadata", &ModelDocument::metadata,
          "What is kept beside the files; `backend` and `entry` say how the version runs where its deployment does not")
      .size(0, storage::metadata_entries_max);
}

void describe(config::Schema<ResourcesDocument>& schema) {
  schema.named("resources");
  schema.field("cpus", &ResourcesDocument::cpus, "CPUs a replica takes").range(0.0, 1024.0);
  schema
      .field("memory", &ResourcesDocument::memory,
             "Memory a replica takes; unset: its files, its key-value cache and 64MiB, 256MiB at least")
      .range(0_MiB, 16384_GiB);
  schema.field("gpus", &ResourcesDocument::gpus, "GPUs a replica takes").range(0, 64);
}

void describe(config::Schema<BatchingDocument>& schema) {
  schema.named("batching");
  schema.field("max_size", &BatchingDocument::max_size, "Requests a batch at most").range(1, 4096);
  schema
      .field("max_delay", &BatchingDocument::max_delay,
             "How long the oldest request may wait for company; 0 adds nothing")
      .range(0ms, 10s);
  schema.field("max_queue", &BatchingDocument::max_queue, "Requests that wait at most; more are refused")
      .range(1, 65536);
}

void describe(config::Schema<EngineDocument>& schema) {
  schema.named("engine");
  schema.field("max_sequences", &EngineDocument::max_sequences, "Requests computed at once").range(1, 1024);
  schema.field("max_step_tokens", &EngineDocument::max_step_tokens, "Tokens computed in one step").range(16, 65536);
  schema.field("kv_cache", &EngineDocument::kv_cache, "Memory of the key-value cache").range(1_MiB, 1024_GiB);
  schema.field("threads", &EngineDocument::threads, "Compute threads").range(1, 256);
}

void describe(config::Schema<CacheDocument>& schema) {
  schema.named("cache");
  schema.field("enabled", &CacheDocument::enabled, "Answer repeated requests from memory (never sampled generation)");
  schema.field("ttl", &CacheDocument::ttl, "How long an answer is kept").range(1ms, 24h * 30);
}

void describe(config::Schema<EchoDocument>& schema) {
  schema.named("echo");
  schema.field("slots", &EchoDocument::slots, "Requests inside at once").range(1, 65536);
  schema.field("delay", &EchoDocument::delay, "How long an answer takes, waiting: slots / delay requests a second")
      .range(0ms, 10min);
}

void describe(config::Schema<DeploymentDocument>& schema) {
  schema.named("Deployment");
  schema.field("name", &DeploymentDocument::name, "The deployment").required().check(is_name, name_rule);
  schema.field("model", &DeploymentDocument::model, "The version it serves, NAME@VERSION")
      .required()
      .check(is_full_reference, "NAME@VERSION, such as clerk@2");
  schema.field("replicas", &DeploymentDocument::replicas, "Running copies").range(0, 1000);
  schema.field("load", &DeploymentDocument::load,
               "When they run: always, or on_demand: from when a client with leave for it loads the model until it is "
               "unloaded");
  schema.field("backend", &DeploymentDocument::backend,
               "What computes; unset: what the version's metadata says, else native");
  schema.field("isolation", &DeploymentDocument::isolation,
               "Where the back end runs: in a process of its own, or on a thread of the node");
  schema
      .field("weight", &DeploymentDocument::weight,
             "Share of the model's unpinned traffic; unset: 1 for its first deployment, else 0")
      .range(0.0, 1e6);
  schema.field("balancing", &DeploymentDocument::balancing, "How a replica is chosen");
  schema.field("resources", &DeploymentDocument::resources, "What a replica takes from its node");
  schema.field("batching", &DeploymentDocument::batching, "How requests share a step of the back end");
  schema.field("engine", &DeploymentDocument::engine, "Settings of the native engine");
  schema.field("echo", &DeploymentDocument::echo, "Settings of the echo back end");
  schema
      .field("warm_up", &DeploymentDocument::warm_up,
             "Requests that a replica must answer, one after the other, before it is ready")
      .size(0, 16);
  schema.field("cache", &DeploymentDocument::cache, "Result cache at the gateways");
  schema
      .field("entry", &DeploymentDocument::entry,
             "Back end python: the class or function; empty: what the version's metadata says")
      .check([](const std::string& entry) { return entry.empty() || is_python_entry(entry); },
             "MODULE:CLASS, such as my_module:Scale");
  schema
      .field("python", &DeploymentDocument::python,
             "Back end python: the interpreter, with what the model needs; empty: the node makes an environment of the "
             "version's requirements.txt")
      .check([](const std::string& path) { return path.empty() || path.starts_with('/'); },
             "the absolute path of an interpreter, such as /opt/models/bin/python");
  schema.field("settings", &DeploymentDocument::settings, "Back end python: keyword arguments of its class")
      .size(0, 64);
}

}  // namespace troupe::cluster
