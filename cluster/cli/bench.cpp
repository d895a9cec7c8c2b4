#include <unistd.h>

#include <fstream>
#include <iostream>

#include "cluster/cli/bench_report.hpp"
#include "cluster/cli/flags.hpp"
#include "cluster/cli/gateway_address.hpp"
#include "cluster/cli/local_nodes.hpp"
#include "cluster/cli/process_cpu.hpp"
#include "cluster/cli/verbs.hpp"
#include "runtime/base/random.hpp"
#include "runtime/client/cpp/client.hpp"

namespace troupe::cli {
namespace {

struct BenchFlags {
  ZmqDoor zmq;
  std::string http;
  std::string ca_file;
  std::string data_root;
  std::string door = "zmq";
  std::string api_key;
  std::string model;
  uint32_t concurrency = 0;  ///< 0: concurrency_closed, or with a rate concurrency_open.
  double rate = 0;
  uint64_t requests = 0;
  Duration duration = std::chrono::seconds{5};
  Duration warm_up = std::chrono::seconds{1};
  Duration timeout = std::chrono::seconds{30};
  std::vector<std::string> prompts;
  std::string prompts_file;
  uint64_t tensor_bytes = 0;
  protocol::Sampling sampling{.temperature = 0, .max_tokens = 16};
  bool stream = false;
  bool json = false;
};

constexpr size_t tensor_bytes_most = 64 << 20;
constexpr uint32_t concurrency_closed = 16;
constexpr uint32_t concurrency_open = 4096;

/// Sums, the same ones at each run: enough different ones that a cache does not answer for the model.
std::vector<std::string> default_prompts() {
  constexpr int count = 4096;
  SeededRandom random(1);
  std::vector<std::string> prompts;
  for (int i = 0; i < count; ++i) prompts.push_back(fmt::format("{} + {} =", random.below(1000), random.below(1000)));
  return prompts;
}

Result<std::vector<std::string>> prompts_of(const BenchFlags& flags) {
  if (flags.prompts_file.empty()) return flags.prompts.empty() ? default_prompts() : flags.prompts;
  std::ifstream file(flags.prompts_file);
  if (!file) return fail(Errc::invalid_argument, "--prompts-file: cannot read {}", flags.prompts_file);
  std::vector<std::string> prompts;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) prompts.push_back(std::move(line));
  }
  if (prompts.empty()) return fail(Errc::invalid_argument, "--prompts-file: {} is empty", flags.prompts_file);
  return prompts;
}

Result<LoadWork> work_of(const BenchFlags& flags) {
  const protocol::ServeRequest named = client::make_request(flags.model, protocol::Infer{});
  LoadWork work{named.model, named.version, {}};
  if (flags.tensor_bytes > 0) {
    if (flags.tensor_bytes > tensor_bytes_most)
      return fail(Errc::invalid_argument, "--tensor-bytes: at most {}", tensor_bytes_most);
    protocol::Tensor tensor{
        "x", DType::u8, {static_cast<int64_t>(flags.tensor_bytes)}, Bytes::own(std::string(flags.tensor_bytes, '\1'))};
    work.requests.emplace_back(protocol::Infer{.inputs = {std::move(tensor)}});
    return work;
  }
  TROUPE_TRY(const auto prompts, prompts_of(flags));
  for (const std::string& prompt : prompts) {
    work.requests.emplace_back(protocol::Generate{protocol::PlainText{prompt}, flags.sampling, flags.stream});
  }
  return work;
}

std::vector<pid_t> local_pids(const std::string& data_root) {
  std::vector<pid_t> pids;
  for (const LocalNode& node : local_nodes(data_root)) {
    if (node.pid) pids.push_back(*node.pid);
  }
  return pids;
}

Result<Exit> bench(const BenchFlags& flags, Clock& clock) {
  TROUPE_TRY(const LoadWork work, work_of(flags));
  std::unique_ptr<LoadDriver> driver;
  if (flags.door == "http") {
    TROUPE_TRY(HostPort at, http_address(flags.http, flags.ca_file, flags.data_root));
    TROUPE_TRY(driver, make_http_load(std::move(at), flags.api_key, flags.timeout, clock));
  } else {
    TROUPE_TRY(driver, make_zmq_load(zmq_door(flags.zmq, flags.data_root), flags.api_key, flags.timeout, clock));
  }
  const uint32_t concurrency = flags.concurrency > 0 ? flags.concurrency
                               : flags.rate > 0      ? concurrency_open
                                                     : concurrency_closed;
  LoadResult warm_up;
  if (flags.warm_up.count() > 0)
    TROUPE_CHECK(driver->run(work, concurrency, {.duration = flags.warm_up, .rate = flags.rate}, warm_up));

  const std::vector<pid_t> nodes = local_pids(flags.data_root);
  const std::vector<pid_t> self{::getpid()};
  const auto nodes_before = cpu_times(nodes);
  const auto self_before = cpu_times(self);
  LoadResult result;
  const LoadLimit limit{flags.requests, flags.requests > 0 ? Duration{0} : flags.duration, flags.rate};
  TROUPE_CHECK(driver->run(work, concurrency, limit, result));
  const BenchReport report{flags.model,
                           flags.door,
                           concurrency,
                           nodes.size(),
                           cpu_between(nodes_before, cpu_times(nodes)),
                           cpu_between(self_before, cpu_times(self)),
                           flags.rate};
  std::cout << (flags.json ? json_report(report, result).dump(2) + "\n" : format_report(report, result));
  return result.answered > 0 ? Exit::ok : Exit::failed;
}

}  // namespace

void add_bench(CLI::App& app, Shell& shell) {
  CLI::App* verb = app.add_subcommand("bench", "Measure a model under load: so many open requests, or --rate a second");
  auto flags = std::make_shared<BenchFlags>();
  verb->add_option("MODEL", flags->model, "NAME, or NAME@VERSION")->required()->type_name("NAME[@VERSION]");
  verb->add_option("--door", flags->door, "zmq or http")->check(CLI::IsMember({"zmq", "http"}))->capture_default_str();
  verb->add_option("-c,--concurrency", flags->concurrency,
                   "Requests that are open at a time (default: 16); with --rate, at most (default: 4096)")
      ->check(CLI::Range(1u, 65536u));
  verb->add_option("--rate", flags->rate,
                   "Begin so many requests a second, whatever becomes of them; latency counts from when each was due")
      ->check(CLI::Range(0.001, 1e6))
      ->type_name("N");
  add_duration(*verb, "--duration", flags->duration, "How long to measure");
  verb->add_option("-n,--requests", flags->requests, "Measure so many requests instead");
  add_duration(*verb, "--warm-up", flags->warm_up, "How long to run before measuring");
  verb->add_option("--prompt", flags->prompts, "A prompt; may be repeated (default: 4096 sums)")
      ->expected(1)
      ->take_all();
  verb->add_option("--prompts-file", flags->prompts_file, "Prompts, one a line")->type_name("FILE");
  verb->add_option("--max-tokens", flags->sampling.max_tokens, "Tokens of an answer at most")->capture_default_str();
  verb->add_option("--temperature", flags->sampling.temperature, "0 = always the likeliest token")
      ->capture_default_str();
  verb->add_flag("--stream", flags->stream, "Take text in pieces, and measure the time to the first");
  verb->add_option("--tensor-bytes", flags->tensor_bytes, "Send a UINT8 tensor 'x' of this size instead of text");
  verb->add_option("--http", flags->http, "HTTP door of a gateway (default: a local gateway's, else 127.0.0.1:8000)")
      ->envname("TROUPE_HTTP_ADDRESS")
      ->type_name("HOST:PORT");
  add_ca_file(*verb, flags->ca_file);
  add_zmq_flags(*verb, flags->zmq, flags->data_root);
  add_api_key(*verb, flags->api_key);
  add_duration(*verb, "--timeout", flags->timeout, "How long a request may take");
  verb->add_flag("--json", flags->json, "Print JSON");
  verb->callback([flags, &shell] { shell.verb = [flags, &shell] { return bench(*flags, shell.clock); }; });
}

}  // namespace troupe::cli
