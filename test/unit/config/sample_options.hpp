#pragma once
// A made-up deployment that has every kind of field.

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/config/bind.hpp"

namespace sample {

using namespace std::chrono_literals;
using namespace troupe;

enum class Isolation : uint8_t { process, thread };
inline constexpr std::array<config::EnumName<Isolation>, 2> names_of(Isolation) {
  return {{{Isolation::process, "process"}, {Isolation::thread, "thread"}}};
}

struct Batching {
  uint32_t max_size = 1;
  Duration max_delay{};
  bool operator==(const Batching&) const = default;
};
inline void describe(config::Schema<Batching>& s) {
  s.field("max_size", &Batching::max_size, "Requests per batch at most").range(1, 4096);
  s.field("max_delay", &Batching::max_delay, "How long the first request may wait for company").range(0ms, 10s);
}

struct Stage {
  double share = 0;
  Duration hold = 1min;
  bool operator==(const Stage&) const = default;
};
inline void describe(config::Schema<Stage>& s) {
  s.named("Stage");
  s.field("share", &Stage::share, "Part of the traffic").range(0, 1);
  s.field("hold", &Stage::hold, "Time before the next stage");
}

struct Spec {
  uint16_t min_replicas = 1;
  uint16_t max_replicas = 1;
  int32_t priority = 0;
  bool warm_up = true;
  ByteCount memory = 512_MiB;
  Isolation isolation = Isolation::process;
  std::string policy = "least_loaded";
  Batching batching;
  std::vector<Stage> stages;
  std::map<std::string, std::string> labels;
  std::optional<uint32_t> seed;
  std::optional<Batching> shadow_batching;
  bool operator==(const Spec&) const = default;
};
inline void describe(config::Schema<Spec>& s) {
  s.named("Deployment");
  s.field("min_replicas", &Spec::min_replicas, "Copies kept at least");
  s.field("max_replicas", &Spec::max_replicas, "Copies at most")
      .check([](uint16_t n) { return n % 7 != 0; }, "no multiple of 7");
  s.field("priority", &Spec::priority, "Who goes first");
  s.field("warm_up", &Spec::warm_up, "Whether to send a first request");
  s.field("memory", &Spec::memory, "Memory of a copy").range(1_MiB, 64_GiB);
  s.field("isolation", &Spec::isolation, "Where the back end runs");
  s.field("policy", &Spec::policy, "How a replica is picked").one_of({"least_loaded", "round_robin"});
  s.field("batching", &Spec::batching, "How requests are gathered");
  s.field("stages", &Spec::stages, "Steps of the release").size(0, 3);
  s.field("labels", &Spec::labels, "Free names and values");
  s.field("seed", &Spec::seed, "Seed of the sampler").range(1, 100);
  s.field("shadow_batching", &Spec::shadow_batching, "Batching of shadow traffic");
  s.check([](const Spec& spec) { return spec.min_replicas <= spec.max_replicas; }, "min_replicas at most max_replicas");
}

struct Deployment {
  std::string name;
  Spec spec;
  bool operator==(const Deployment&) const = default;
};
inline void describe(config::Schema<Deployment>& s) {
  s.named("Deployment");
  s.field("name", &Deployment::name, "Name of the deployment").required().size(1, 64);
  s.field("spec", &Deployment::spec, "The wish");
}

/// Binds the first document of `yaml`, which is called "d.yaml" in messages.
template <class T>
Result<T> bind_text(std::string_view yaml) {
  TROUPE_TRY(const auto documents, config::parse_documents(yaml, "d.yaml"));
  return config::bind<T>(documents.at(0));
}

template <class T>
std::string message_of(const Result<T>& result) {
  return result ? "no error" : result.error().message;
}

template <class T>
std::string error_of(std::string_view yaml) {
  return message_of(bind_text<T>(yaml));
}

}  // namespace sample
