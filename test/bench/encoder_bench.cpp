// How many texts a second the native engine embeds or classifies, on the CPU.
//
//   troupe_bench_encoder FOLDER [threads]
//
// Prints the median of several rounds. Texts are token ids, so that no tokenizer counts.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "gpu/engine/encoder_engine.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/random.hpp"

using namespace troupe;
using namespace troupe::gpu;

namespace {

constexpr int rounds = 7;
constexpr Duration round_time = std::chrono::milliseconds(300);
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

double texts_per_second(EncoderEngine& engine, const Clock& clock, const std::vector<EncoderInput>& inputs) {
  const Time start = clock.now();
  size_t texts = 0;
  Duration passed{0};
  while (passed < round_time) {
    const auto results = engine.compute(inputs);
    if (!results) {
      std::fprintf(stderr, "%s\n", to_string(results.error()).c_str());
      std::exit(1);
    }
    texts += results->size();
    passed = clock.now() - start;
  }
  return static_cast<double>(texts) / std::chrono::duration<double>(passed).count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: troupe_bench_encoder FOLDER [threads]\n");
    return 2;
  }
  const uint32_t threads = argc > 2 ? static_cast<uint32_t>(std::atoi(argv[2])) : 1;
  auto engine = EncoderEngine::load(argv[1], {.threads = threads});
  if (!engine) {
    std::fprintf(stderr, "%s\n", to_string(engine.error()).c_str());
    return 1;
  }

  const SystemClock clock;
  std::printf("%8s %8s %12s %12s\n", "tokens", "batch", "texts/s", "[min-max]");
  for (const size_t tokens : {16, 32, 128}) {
    for (const size_t batch : {1, 8, 32}) {
      const auto inputs = make_inputs(**engine, batch, tokens);
      texts_per_second(**engine, clock, inputs);
      std::vector<double> rates;
      for (int round = 0; round < rounds; ++round) rates.push_back(texts_per_second(**engine, clock, inputs));
      std::ranges::sort(rates);
      std::printf("%8zu %8zu %12.0f [%.0f-%.0f]\n", tokens, batch, rates[rounds / 2], rates.front(), rates.back());
    }
  }
  return 0;
}
