#pragma once
// Random: the only source of randomness. Injected, so that a test or the simulator can replay a run from its seed.

#include <cstdint>
#include <memory>

namespace troupe {

class Random {
 public:
  virtual ~Random() = default;
  /// 64 uniform bits.
  virtual uint64_t next() = 0;

  /// Uniform in [0, bound), without modulo bias (Lemire 2019, "Fast random integer generation in an interval").
  /// Requires bound > 0.
  uint64_t below(uint64_t bound);
  /// Uniform in [0, 1), 53 bits.
  double uniform();
};

/// SplitMix64 (Steele, Lea, Flood 2014): small, fast, replayable. Not for secrets. Not thread-safe.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  uint64_t next() override;

 private:
  uint64_t state_;
};

/// 64 bits from the kernel's generator: for keys, ids and seeds. Thread-safe; a system call each.
uint64_t secure_random_u64();

}  // namespace troupe
