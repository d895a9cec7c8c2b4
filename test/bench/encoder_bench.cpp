// How many texts a second the native engine embeds or classifies, on the CPU.
//
//   troupe_bench_encoder FOLDER [threads] [milliseconds]
//
// Texts are token ids, so that no tokenizer counts. The CPU time is that of the whole process, spinning threads
// included.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "gpu/engine/encoder_engine.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/random.hpp"

using namespace troupe;
using namespace troupe::gpu;

namespace {

constexpr int64_t lowest_id = 1000;
constexpr int64_t ids = 20'000;

std::vector<EncoderInput> make_inputs(const EncoderEngine& engine, size_t count, size_t tokens) {
  SeededRandom random(count * 1000 + tokens);
  std::vector<EncoderInput> inputs(count);
  for (EncoderInput& input : inputs) {
    std::vector<int32_t> list(std::min<size_t>(tokens, engine.max_tokens()));
    for (int32_t& id : list) id = static_cast<int32_t>(lowest_id + static_cast<int64_t>(random.uniform() * ids));
    input.text = TokenInput{std::move(list), {}};
    input.task = engine.can(EncoderTask::embed) ? EncoderTask::embed : EncoderTask::classify;
  }
  return inputs;
}

size_t compute(EncoderEngine& engine, const std::vector<EncoderInput>& inputs) {
  const auto results = engine.compute(inputs);
  if (results) return results->size();
  std::fprintf(stderr, "%s\n", to_string(results.error()).c_str());
  std::exit(1);
}

double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

void measure(EncoderEngine& engine, size_t tokens, size_t batch, Duration time) {
  const SystemClock clock;
  const auto inputs = make_inputs(engine, batch, tokens);
  compute(engine, inputs);
  const Time start = clock.now();
  const double cpu = cpu_seconds();
  double texts = 0;
  Duration passed{0};
  while (passed < time) {
    texts += static_cast<double>(compute(engine, inputs));
    passed = clock.now() - start;
  }
  std::printf("%8zu %8zu %12.1f %14.3f\n", tokens, batch, texts / std::chrono::duration<double>(passed).count(),
              1000 * (cpu_seconds() - cpu) / texts);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: troupe_bench_encoder FOLDER [threads] [milliseconds]\n");
    return 2;
  }
  const uint32_t threads = argc > 2 ? static_cast<uint32_t>(std::atoi(argv[2])) : 1;
  const auto time = std::chrono::milliseconds(argc > 3 ? std::atoi(argv[3]) : 1000);
  auto engine = EncoderEngine::load(argv[1], {.threads = threads});
  if (!engine) {
    std::fprintf(stderr, "%s\n", to_string(engine.error()).c_str());
    return 1;
  }
  std::printf("%8s %8s %12s %14s\n", "tokens", "batch", "texts/s", "CPU-ms a text");
  for (const size_t tokens : {16, 128}) {
    for (const size_t batch : {1, 32}) measure(**engine, tokens, batch, time);
  }
  return 0;
}
