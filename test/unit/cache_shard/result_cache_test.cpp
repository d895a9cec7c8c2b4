#include "actors/cache_shard/result_cache.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cache_shard;
using namespace std::chrono_literals;

namespace {

const Time t0{};

CachedResult text(const std::string& words) {
  protocol::ResultPart part;
  part.content = protocol::TextPart{words, {}, {}};
  return std::make_shared<const protocol::ResultPart>(part);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(result_cache)

BOOST_AUTO_TEST_CASE(an_answer_is_found_until_it_is_over_age) {
  ResultCache cache{1_MiB};
  cache.insert("k", text("a"), 5s, t0);

  BOOST_TEST((cache.find("k", t0 + 4999ms) != nullptr));
  BOOST_TEST((cache.find("k", t0 + 5s) == nullptr));
  BOOST_TEST(cache.size().value == 0u);
  BOOST_TEST((cache.find("other", t0) == nullptr));
}

BOOST_AUTO_TEST_CASE(the_bound_holds_and_the_longest_unused_goes_first) {
  ResultCache cache{4_KiB};
  cache.insert("a", text(std::string(1000, 'a')), 1h, t0);
  cache.insert("b", text(std::string(1000, 'b')), 1h, t0);
  BOOST_REQUIRE(cache.entries() == 2u);
  cache.find("a", t0);

  for (char c = 'c'; c < 'f'; ++c) {
    cache.insert(std::string(1, c), text(std::string(1000, c)), 1h, t0);
    cache.find("a", t0);
    BOOST_TEST(cache.size().value <= (4_KiB).value);
  }

  BOOST_TEST((cache.find("a", t0) != nullptr));
  BOOST_TEST((cache.find("b", t0) == nullptr));
}

BOOST_AUTO_TEST_CASE(what_is_larger_than_the_cache_is_not_kept) {
  ResultCache cache{1_KiB};
  cache.insert("small", text("x"), 1h, t0);
  cache.insert("big", text(std::string(5000, 'x')), 1h, t0);

  BOOST_TEST(cache.entries() == 1u);
}

BOOST_AUTO_TEST_CASE(a_key_inserted_again_counts_once) {
  ResultCache cache{1_MiB};
  cache.insert("k", text("a"), 1h, t0);
  const ByteCount once = cache.size();

  cache.insert("k", text("b"), 1h, t0);

  BOOST_TEST((cache.size() == once));
  BOOST_TEST(std::get<protocol::TextPart>(cache.find("k", t0)->content).text == "b");
}

BOOST_AUTO_TEST_SUITE_END()
