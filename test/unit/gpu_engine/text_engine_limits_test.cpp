// What the engine refuses, and where it ends.

#include <boost/test/unit_test.hpp>
#include <limits>

#include "test/unit/gpu_engine/engine_support.hpp"

using namespace troupe;
using namespace troupe::gpu;

namespace {

std::vector<int32_t> ids(size_t count) {
  return std::vector<int32_t>(count, 65);
}

Error refused(TextEngine& engine, GenerateInput input) {
  const Status status = engine.submit(1, std::move(input));
  BOOST_TEST_REQUIRE(!status.has_value());
  BOOST_TEST(engine.idle());
  return status.error();
}

Error load_error(const EngineOptions& options) {
  const auto engine = TextEngine::load(tiny_folder("tied"), options);
  BOOST_TEST_REQUIRE(!engine.has_value());
  return engine.error();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(text_engine_limits)

BOOST_AUTO_TEST_CASE(a_bad_parameter_is_named) {
  const auto engine = load_engine(tiny_folder("tied"));
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();

  BOOST_TEST(refused(*engine, {"x", {.temperature = -1}}).field == "temperature");
  BOOST_TEST(refused(*engine, {"x", {.temperature = nan}}).field == "temperature");
  BOOST_TEST(refused(*engine, {"x", {.top_p = 0}}).field == "top_p");
  BOOST_TEST(refused(*engine, {"x", {.top_p = nan}}).field == "top_p");
  BOOST_TEST(refused(*engine, {"x", {.top_k = -1}}).field == "top_k");
  BOOST_TEST(refused(*engine, {"x", {.max_tokens = -1}}).field == "max_tokens");
  BOOST_TEST(refused(*engine, {"x", {.stop = {""}}}).field == "stop");
  BOOST_TEST(refused(*engine, {"x", {.stop = std::vector<std::string>(17, "a")}}).field == "stop");
}

BOOST_AUTO_TEST_CASE(a_bad_prompt_is_named) {
  const auto engine = load_engine(tiny_folder("tied"));

  BOOST_TEST(refused(*engine, {"", {}}).field == "prompt");
  BOOST_TEST(refused(*engine, {std::vector<int32_t>{}, {}}).field == "prompt");
  BOOST_TEST(refused(*engine, {std::vector<int32_t>{300}, {}}).field == "prompt");
  BOOST_TEST(refused(*engine, {std::vector<int32_t>{-1}, {}}).field == "prompt");
  BOOST_TEST(refused(*engine, {"\xFF", {}}).field == "prompt");
  BOOST_TEST(refused(*engine, {Chat{}, {}}).field == "messages");
}

BOOST_AUTO_TEST_CASE(a_conversation_needs_a_chat_template) {
  const auto engine = load_engine(tiny_folder("tied"));
  const Error error = refused(*engine, {Chat{{{"user", "hello"}}}, {}});

  BOOST_TEST((error.code == Errc::failed_precondition));
  BOOST_TEST(error.message.find("chat template") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_prompt_over_the_context_names_both_numbers) {
  const auto engine = load_engine(tiny_folder("tied"));
  BOOST_TEST(engine->context_length() == 128U);

  const Error error = refused(*engine, {ids(128), {}});

  BOOST_TEST((error.code == Errc::invalid_argument));
  BOOST_TEST(error.message.find("128 tokens; the context of 128 tokens") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_completion_ends_where_the_context_does) {
  const auto engine = load_engine(tiny_folder("tied"));
  const SamplingParams params{.temperature = 0, .max_tokens = 1000, .ignore_eos = true};

  for (const size_t length : {100, 127}) {
    const Generated generated = generate_one(*engine, {ids(length), params});
    BOOST_TEST(generated.completion_tokens == 128 - length);
    BOOST_TEST((generated.finish == FinishReason::length));
  }
}

BOOST_AUTO_TEST_CASE(a_full_queue_is_overloaded_and_an_id_is_used_once) {
  const auto engine = load_engine(tiny_folder("tied"), {.max_sequences = 1, .max_waiting = 2});
  BOOST_REQUIRE(engine->submit(1, {"a", {}}));
  BOOST_TEST((engine->submit(1, {"b", {}}).error().code == Errc::already_exists));
  BOOST_REQUIRE(engine->submit(2, {"b", {}}));

  BOOST_TEST((engine->submit(3, {"c", {}}).error().code == Errc::overloaded));
  engine->step();
  BOOST_TEST(engine->submit(3, {"c", {}}).has_value());
}

BOOST_AUTO_TEST_CASE(bad_options_are_named) {
  BOOST_TEST(load_error({.max_sequences = 0}).field == "max_sequences");
  BOOST_TEST(load_error({.max_waiting = 0}).field == "max_waiting");
  BOOST_TEST(load_error({.max_sequences = 8, .tokens_per_step = 7}).field == "tokens_per_step");
  BOOST_TEST(load_error({.kv_cache_bytes = {100}}).field == "kv_cache_bytes");
  BOOST_TEST(load_error({.threads = 0}).field == "threads");
}

BOOST_AUTO_TEST_CASE(the_cache_takes_what_was_allowed_and_no_more_than_needed) {
  const auto small = load_engine(tiny_folder("tied"), {.kv_cache_bytes = 100_KiB});
  BOOST_TEST(small->stats().kv_cache.value <= (100_KiB).value);
  BOOST_TEST(small->stats().kv_blocks_total > 0U);

  const auto large = load_engine(tiny_folder("tied"), {.max_sequences = 2, .kv_cache_bytes = 256_MiB});
  BOOST_TEST(large->stats().kv_blocks_total == 2 * 128 / 16U);
}

BOOST_AUTO_TEST_CASE(a_cache_below_the_context_shortens_it) {
  const auto whole = load_engine(tiny_folder("tied"));
  const uint64_t block = whole->stats().kv_cache.value / whole->stats().kv_blocks_total;
  const auto engine = load_engine(tiny_folder("tied"), {.kv_cache_bytes = {2 * block}});

  BOOST_TEST(engine->context_length() == 32U);
  BOOST_TEST(refused(*engine, {ids(32), {}}).field == "prompt");
  const SamplingParams params{.max_tokens = 100, .ignore_eos = true};
  BOOST_TEST(generate_one(*engine, {ids(20), params}).completion_tokens == 12U);
}

BOOST_AUTO_TEST_SUITE_END()
