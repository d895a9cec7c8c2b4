#include "gpu/engine/scheduler.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <set>
#include <string>

#include "runtime/base/random.hpp"

using namespace troupe;
using namespace troupe::gpu;

namespace {

/// "1:0+4! 2:0+3": id, first token, count; ! where the end is reached.
std::string plan(Scheduler& scheduler) {
  std::string text;
  for (const ScheduledChunk& chunk : scheduler.schedule()) {
    if (!text.empty()) text += ' ';
    text += fmt::format("{}:{}+{}{}", chunk.id, chunk.first, chunk.count, chunk.reaches_end ? "!" : "");
  }
  return text;
}

SchedulerOptions small() {
  return {.sequences_max = 2, .waiting_max = 3, .tokens_per_step = 8, .kv_blocks = 4, .block_tokens = 4};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(scheduler)

BOOST_AUTO_TEST_CASE(prompts_come_in_pieces_behind_single_tokens) {
  Scheduler scheduler({.sequences_max = 4, .tokens_per_step = 6, .kv_blocks = 100, .block_tokens = 4});
  BOOST_REQUIRE(scheduler.add(1, 3));
  BOOST_REQUIRE(scheduler.add(2, 10));

  BOOST_TEST(plan(scheduler) == "1:0+3! 2:0+3");
  scheduler.append_token(1);
  BOOST_TEST(plan(scheduler) == "1:3+1! 2:3+5");
  scheduler.append_token(1);
  BOOST_TEST(plan(scheduler) == "1:4+1! 2:8+2!");
  scheduler.append_token(1);
  scheduler.append_token(2);
  BOOST_TEST(plan(scheduler) == "1:5+1! 2:10+1!");
}

BOOST_AUTO_TEST_CASE(prompts_that_are_scored_take_so_many_tokens_of_a_step) {
  Scheduler scheduler(
      {.sequences_max = 4, .tokens_per_step = 12, .scored_per_step = 3, .kv_blocks = 100, .block_tokens = 4});
  BOOST_REQUIRE(scheduler.add(1, 5, 4));  // All but the last, as its logits are for the first new token.
  BOOST_REQUIRE(scheduler.add(2, 3, 2));
  BOOST_REQUIRE(scheduler.add(3, 4));

  BOOST_TEST(plan(scheduler) == "1:0+3 3:0+4!");
  scheduler.append_token(3);
  BOOST_TEST(plan(scheduler) == "3:4+1! 1:3+2! 2:0+3!");
  scheduler.append_token(1);
  scheduler.append_token(2);
  BOOST_TEST(plan(scheduler) == "1:5+1! 2:3+1!");
}

BOOST_AUTO_TEST_CASE(sequences_wait_for_a_slot_in_order) {
  Scheduler scheduler(small());
  for (const uint64_t id : {1, 2, 3}) BOOST_REQUIRE(scheduler.add(id, 1));

  BOOST_TEST(plan(scheduler) == "1:0+1! 2:0+1!");
  BOOST_TEST(scheduler.waiting() == 1U);
  BOOST_TEST(scheduler.remove(1));
  scheduler.append_token(2);
  BOOST_TEST(plan(scheduler) == "2:1+1! 3:0+1!");
}

BOOST_AUTO_TEST_CASE(sequences_wait_for_blocks) {
  Scheduler scheduler(small());
  BOOST_REQUIRE(scheduler.add(1, 8));
  BOOST_REQUIRE(scheduler.add(2, 12));
  plan(scheduler);
  scheduler.append_token(1);

  BOOST_TEST(plan(scheduler) == "1:8+1!");
  BOOST_TEST(scheduler.remove(1));
  BOOST_TEST(plan(scheduler) == "2:0+8");
}

BOOST_AUTO_TEST_CASE(the_newest_gives_way_and_is_computed_again) {
  Scheduler scheduler(small());
  BOOST_REQUIRE(scheduler.add(1, 8));
  BOOST_REQUIRE(scheduler.add(2, 7));
  BOOST_TEST(plan(scheduler) == "1:0+8!");
  scheduler.append_token(1);

  BOOST_TEST(plan(scheduler) == "1:8+1!");
  BOOST_TEST(scheduler.remove(1));
  BOOST_REQUIRE(scheduler.add(3, 8));
  BOOST_TEST(plan(scheduler) == "2:0+7! 3:0+1");
  scheduler.append_token(2);
  BOOST_TEST(plan(scheduler) == "2:7+1! 3:1+7!");
  scheduler.append_token(2);
  scheduler.append_token(3);

  BOOST_TEST(plan(scheduler) == "2:8+1!");
  BOOST_TEST(scheduler.preemptions() == 1U);
  BOOST_TEST(scheduler.waiting() == 1U);
  BOOST_TEST(scheduler.remove(2));
  BOOST_TEST(plan(scheduler) == "3:0+8");
  BOOST_TEST(plan(scheduler) == "3:8+1!");
}

BOOST_AUTO_TEST_CASE(a_full_queue_refuses) {
  Scheduler scheduler(small());
  for (const uint64_t id : {1, 2, 3}) BOOST_REQUIRE(scheduler.add(id, 1));

  const Status refused = scheduler.add(4, 1);

  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == Errc::overloaded));
  BOOST_TEST(scheduler.remove(2));
  BOOST_TEST(scheduler.add(4, 1).has_value());
}

BOOST_AUTO_TEST_CASE(what_can_never_fit_is_refused_at_once) {
  Scheduler scheduler(small());
  BOOST_TEST((scheduler.add(1, 17).error().code == Errc::too_large));
  BOOST_REQUIRE(scheduler.add(1, 16));
  BOOST_TEST((scheduler.add(1, 2).error().code == Errc::already_exists));
}

BOOST_AUTO_TEST_CASE(any_traffic_ends_with_every_token_computed_and_all_blocks_free) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SeededRandom random(seed);
    Scheduler scheduler(
        {.sequences_max = 4, .waiting_max = 100, .tokens_per_step = 7, .kv_blocks = 9, .block_tokens = 3});
    std::map<uint64_t, uint32_t> wanted;
    std::map<uint64_t, uint32_t> length;
    std::map<uint64_t, uint32_t> computed;
    for (uint64_t id = 0; id < 12; ++id) {
      length[id] = static_cast<uint32_t>(1 + random.below(15));
      wanted[id] = length[id] + static_cast<uint32_t>(1 + random.below(12));
      BOOST_REQUIRE(scheduler.add(id, length[id]));
    }

    int steps = 0;
    while (!wanted.empty()) {
      BOOST_REQUIRE(++steps < 2000);
      uint32_t tokens = 0;
      std::set<int32_t> blocks;
      size_t held = 0;
      for (const ScheduledChunk& chunk : scheduler.schedule()) {
        tokens += chunk.count;
        if (chunk.first == 0) computed[chunk.id] = 0;
        BOOST_REQUIRE(chunk.first == computed[chunk.id]);
        computed[chunk.id] += chunk.count;
        const auto own = scheduler.blocks(chunk.id);
        BOOST_REQUIRE(own.size() * 3 >= computed[chunk.id]);
        blocks.insert(own.begin(), own.end());
        held += own.size();
        BOOST_REQUIRE(chunk.reaches_end == (computed[chunk.id] == length[chunk.id]));
        if (!chunk.reaches_end) continue;
        if (++length[chunk.id] == wanted[chunk.id]) {
          wanted.erase(chunk.id);
          held -= own.size();
          for (const int32_t block : own) blocks.erase(block);
          scheduler.remove(chunk.id);
        } else {
          scheduler.append_token(chunk.id);
        }
      }
      BOOST_REQUIRE(tokens >= 1);
      BOOST_REQUIRE(tokens <= 7);
      BOOST_REQUIRE(blocks.size() == held);
    }
    BOOST_TEST(scheduler.allocator().used() == 0U);
  }
}

BOOST_AUTO_TEST_SUITE_END()
