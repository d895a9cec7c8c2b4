#include "actors/cache_shard/cache_key.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cache_shard;
using namespace troupe::protocol;

namespace {

ServeRequest generate(const std::string& prompt, double temperature = 0) {
  ServeRequest request;
  request.request_id = "r1";
  request.model = "clerk";
  Generate work;
  work.prompt = PlainText{prompt};
  work.sampling.temperature = temperature;
  request.work = work;
  return request;
}

ServeRequest infer(const std::string& bytes) {
  ServeRequest request;
  request.model = "echo";
  request.work = Infer{{{"x", DType::u8, {static_cast<int64_t>(bytes.size())}, Bytes::copy(bytes)}}, {}, {}};
  return request;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cache_key_of)

BOOST_AUTO_TEST_CASE(who_asks_and_how_it_is_sent_is_no_part_of_it) {
  ServeRequest a = generate("47 + 58 =");
  ServeRequest b = a;
  b.request_id = "r2";
  b.unit = "somebody";
  std::get<Generate>(b.work).stream = true;
  std::get<Generate>(b.work).sampling.seed = 7;

  BOOST_TEST((cache_key(a, "2") == cache_key(b, "2")));
}

BOOST_AUTO_TEST_CASE(input_version_and_parameters_are_part_of_it) {
  const ServeRequest a = generate("47 + 58 =");
  ServeRequest longer = a;
  std::get<Generate>(longer.work).sampling.max_tokens = 5;
  ServeRequest stopped = a;
  std::get<Generate>(stopped.work).sampling.stop = {"x"};

  BOOST_TEST((cache_key(a, "2") != cache_key(a, "1")));
  BOOST_TEST((cache_key(a, "2") != cache_key(generate("47 + 59 ="), "2")));
  BOOST_TEST((cache_key(a, "2") != cache_key(longer, "2")));
  BOOST_TEST((cache_key(a, "2") != cache_key(stopped, "2")));
}

BOOST_AUTO_TEST_CASE(long_tensors_count_byte_by_byte) {
  std::string bytes(10'000, 'a');
  const std::string key = cache_key(infer(bytes), "1");
  bytes[9'999] = 'b';

  BOOST_TEST((cache_key(infer(bytes), "1") != key));
}

BOOST_AUTO_TEST_CASE(sampled_generation_is_never_cached) {
  BOOST_TEST(!is_cacheable(generate("x", 0.7)));
  BOOST_TEST(is_cacheable(generate("x", 0)));
  BOOST_TEST(is_cacheable(infer("x")));
}

BOOST_AUTO_TEST_SUITE_END()
