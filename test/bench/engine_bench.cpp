// How fast the native engine reads prompts and goes on from them, on the CPU.
//
//   troupe_bench_engine FOLDER [threads]
//
// Prints the median of several rounds. Prompts are 128 tokens, completions 64, as far as the context allows.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "gpu/engine/text_engine.hpp"
#include "runtime/base/clock.hpp"

using namespace troupe;
using namespace troupe::gpu;

namespace {

constexpr int rounds = 7;
constexpr uint32_t prompt_tokens_max = 128;
constexpr int32_t completion_tokens = 64;

struct Rates {
  double prefill = 0;  ///< Tokens per second.
  double decode = 0;
};

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

void submit(TextEngine& engine, uint64_t id, size_t prompt_tokens) {
  const Status status = engine.submit(id, {std::vector<int32_t>(prompt_tokens, 32),
                                           {.temperature = 0, .max_tokens = completion_tokens, .ignore_eos = true}});
  if (status) return;
  std::fprintf(stderr, "%s\n", to_string(status.error()).c_str());
  std::exit(1);
}

Rates measure(TextEngine& engine, const Clock& clock, uint32_t batch) {
  const uint32_t prompt_tokens = std::min(prompt_tokens_max, engine.context_length() / 2);
  for (uint64_t id = 0; id < batch; ++id) submit(engine, id, prompt_tokens);

  const Time start = clock.now();
  uint64_t first_tokens = 0;
  while (first_tokens < batch) first_tokens += engine.step().size();
  const Time middle = clock.now();
  uint64_t tokens = 0;
  while (!engine.idle()) tokens += engine.step().size();
  const Time end = clock.now();
  return {prompt_tokens * batch / seconds(middle - start), static_cast<double>(tokens) / seconds(end - middle)};
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + rounds / 2, values.end());
  return values[rounds / 2];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: troupe_bench_engine FOLDER [threads]\n");
    return 2;
  }
  const uint32_t threads = argc > 2 ? static_cast<uint32_t>(std::atoi(argv[2])) : 1;
  // Room for all prompts in one step, so that reading and going on do not mix.
  auto engine =
      TextEngine::load(argv[1], {.max_sequences = 16, .tokens_per_step = 16 * prompt_tokens_max, .threads = threads});
  if (!engine) {
    std::fprintf(stderr, "%s\n", to_string(engine.error()).c_str());
    return 1;
  }

  const SystemClock clock;
  std::printf("%8s %18s %18s\n", "batch", "prefill tokens/s", "decode tokens/s");
  for (const uint32_t batch : {1U, 4U, 16U}) {
    std::vector<double> prefill;
    std::vector<double> decode;
    measure(**engine, clock, batch);
    for (int round = 0; round < rounds; ++round) {
      const Rates rates = measure(**engine, clock, batch);
      prefill.push_back(rates.prefill);
      decode.push_back(rates.decode);
    }
    std::printf("%8u %18.0f %18.0f\n", batch, median(prefill), median(decode));
  }
  return 0;
}
