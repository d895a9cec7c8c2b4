#include "gpu/engine/encoder_engine.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "encoder_support.hpp"

using namespace troupe;
using namespace troupe::gpu;
using namespace troupe::gpu::test;
namespace data = boost::unit_test::data;

namespace {

const char* const embedders[] = {"bert", "bert_plain", "roberta", "distilbert", "mpnet"};
const char* const classifiers[] = {"bert_classifier", "bert_bf16", "roberta_classifier", "distilbert_classifier",
                                   "mpnet_classifier"};

EncoderInput ids(std::vector<int32_t> list, EncoderTask task = EncoderTask::embed) {
  return {.text = TokenInput{std::move(list), {}}, .task = task};
}

std::vector<EncoderInput> token_inputs(const std::string& name, EncoderTask task) {
  std::vector<EncoderInput> result;
  for (const EncoderReference& reference : read_references(name)) {
    result.push_back({.text = reference.tokens, .task = task});
  }
  return result;
}

std::vector<EncoderResult> compute(EncoderEngine& engine, const std::vector<EncoderInput>& inputs) {
  auto results = engine.compute(inputs);
  BOOST_TEST_REQUIRE(results.has_value(), (results ? "" : to_string(results.error())));
  return std::move(*results);
}

Error refusal(EncoderEngine& engine, const EncoderInput& input) {
  const Status status = engine.submit(1, input);
  BOOST_REQUIRE(!status);
  return status.error();
}

float length_of(const std::vector<float>& vector) {
  float squares = 0;
  for (const float value : vector) squares += value * value;
  return std::sqrt(squares);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(encoder_engine)

BOOST_DATA_TEST_CASE(embeddings_are_those_of_sentence_transformers, data::make(embedders), name) {
  const auto references = read_references(name);
  const auto engine = load_encoder(name);
  const auto results = compute(*engine, token_inputs(name, EncoderTask::embed));

  BOOST_TEST_REQUIRE(results.size() == references.size());
  for (size_t i = 0; i < results.size(); ++i) {
    BOOST_TEST(results[i].id == i);
    BOOST_TEST(results[i].tokens == references[i].tokens.ids.size());
    BOOST_TEST(results[i].embedding.size() == engine->dimensions());
    BOOST_TEST(is_close(results[i].embedding, references[i].embedding, 2e-5), "input " << i);
    BOOST_TEST(results[i].scores.empty());
  }
}

BOOST_DATA_TEST_CASE(logits_and_scores_are_those_of_transformers, data::make(classifiers), name) {
  const auto references = read_references(name);
  const auto engine = load_encoder(name);
  const auto results = compute(*engine, token_inputs(name, EncoderTask::classify));

  BOOST_TEST_REQUIRE(results.size() == references.size());
  for (size_t i = 0; i < results.size(); ++i) {
    BOOST_TEST(results[i].logits.size() == engine->labels().size());
    BOOST_TEST(is_close(results[i].logits, references[i].logits, 2e-5), "input " << i);
    BOOST_TEST(is_close(results[i].scores, references[i].scores, 2e-5), "input " << i);
    BOOST_TEST(results[i].embedding.empty());
  }
}

BOOST_DATA_TEST_CASE(texts_become_the_tokens_of_transformers, data::make(embedders) + data::make(classifiers), name) {
  const auto references = read_references(name);
  const auto engine = load_encoder(name);
  const EncoderTask task = engine->can(EncoderTask::embed) ? EncoderTask::embed : EncoderTask::classify;
  for (const EncoderReference& reference : references) {
    EncoderInput as_text{.text = reference.text, .task = task};
    if (reference.pair) as_text.text = TextPair{reference.text, *reference.pair};
    const auto results = compute(*engine, {as_text, {.text = reference.tokens, .task = task}});

    BOOST_TEST(results[0].tokens == reference.tokens.ids.size(), reference.text);
    BOOST_TEST(results[0].embedding == results[1].embedding, reference.text);
    BOOST_TEST(results[0].logits == results[1].logits, reference.text);
  }
}

BOOST_AUTO_TEST_CASE(a_text_that_was_cut_says_so) {
  const auto engine = load_encoder("bert");
  std::string letters;
  for (int i = 0; i < 38; ++i) letters += "a ";
  const auto results = compute(*engine, {{.text = letters}, {.text = letters + "a"}, {.text = std::string("a")}});

  BOOST_TEST(results[0].tokens == 40U);
  BOOST_TEST(!results[0].is_cut);
  BOOST_TEST(results[1].tokens == 40U);
  BOOST_TEST(results[1].is_cut);
  BOOST_TEST(!results[2].is_cut);
}

BOOST_AUTO_TEST_CASE(a_model_says_what_it_can) {
  const auto embedder = load_encoder("distilbert");
  BOOST_TEST(embedder->can(EncoderTask::embed));
  BOOST_TEST(!embedder->can(EncoderTask::classify));
  BOOST_TEST(embedder->dimensions() == 12U);
  BOOST_TEST(embedder->labels().empty());
  BOOST_TEST(load_encoder("bert")->max_tokens() == 40U);  // sentence_bert_config.json; its positions would do for 60.

  const auto classifier = load_encoder("bert_classifier");
  BOOST_TEST(!classifier->can(EncoderTask::embed));
  BOOST_TEST(classifier->can(EncoderTask::classify));
  BOOST_TEST(classifier->dimensions() == 0U);
  BOOST_TEST(classifier->labels() == (std::vector<std::string>{"no", "maybe", "yes"}));
}

BOOST_AUTO_TEST_CASE(encoders_are_told_from_other_models) {
  BOOST_TEST(EncoderEngine::is_encoder(encoder_folder("mpnet")).value());
  BOOST_TEST(!EncoderEngine::is_encoder(std::filesystem::path(TROUPE_TEST_DATA) / "llama_tiny" / "tied").value());
}

BOOST_DATA_TEST_CASE(results_have_the_same_bits_by_any_steps_and_threads, data::make(embedders), name) {
  const auto inputs = token_inputs(name, EncoderTask::embed);
  const auto large = load_encoder(name);
  const auto small = load_encoder(name, {.tokens_per_step = 1, .threads = 3});
  const auto at_once = compute(*large, inputs);
  const auto in_pieces = compute(*small, inputs);

  BOOST_TEST(large->stats().steps == 1U);
  BOOST_TEST(small->stats().steps > 1U);
  for (size_t i = 0; i < inputs.size(); ++i) {
    BOOST_TEST(in_pieces[i].embedding == at_once[i].embedding);
    BOOST_TEST(compute(*large, {inputs[i]})[0].embedding == at_once[i].embedding);
  }
}

BOOST_AUTO_TEST_CASE(a_step_takes_whole_inputs_in_order_within_its_bound) {
  const auto engine = load_encoder("bert", {.tokens_per_step = 1});
  BOOST_TEST(engine->tokens_per_step() == 40U);  // The longest input.
  for (uint64_t id = 0; id < 5; ++id) BOOST_REQUIRE(engine->submit(id, ids(std::vector<int32_t>(15, 7))));

  std::vector<uint64_t> sizes;
  uint64_t next = 0;
  while (!engine->idle()) {
    const auto results = engine->step();
    sizes.push_back(results.size());
    for (const EncoderResult& result : results) BOOST_TEST(result.id == next++);
  }

  BOOST_TEST(sizes == (std::vector<uint64_t>{2, 2, 1}));
  BOOST_TEST(engine->stats().inputs == 5U);
  BOOST_TEST(engine->stats().tokens == 75U);
  BOOST_TEST(engine->stats().largest_step_tokens == 30U);
  BOOST_TEST(engine->step().empty());
}

BOOST_AUTO_TEST_CASE(cut_embeddings_have_unit_length_again_where_whole_ones_have) {
  const auto unit = load_encoder("bert");
  const auto plain = load_encoder("bert_plain");
  EncoderInput input = ids({0, 9, 30, 2});
  const auto whole = compute(*unit, {input})[0].embedding;
  const auto whole_plain = compute(*plain, {input})[0].embedding;
  input.dimensions = 7;
  const auto cut = compute(*unit, {input})[0].embedding;

  BOOST_TEST(cut.size() == 7U);
  BOOST_TEST(std::abs(length_of(cut) - 1) < 1e-6);
  BOOST_TEST(std::abs(cut[3] / cut[0] - whole[3] / whole[0]) < 1e-5);
  BOOST_TEST(compute(*plain, {input})[0].embedding == std::vector<float>(whole_plain.begin(), whole_plain.begin() + 7));
}

BOOST_AUTO_TEST_CASE(what_a_model_cannot_take_is_refused_by_field) {
  const auto engine = load_encoder("bert");

  BOOST_TEST(refusal(*engine, ids({})).field == "input");
  BOOST_TEST(refusal(*engine, ids(std::vector<int32_t>(41, 5))).message == "expected 1 to 40 token ids, found 41");
  BOOST_TEST(refusal(*engine, ids({1, 5000})).field == "input");
  BOOST_TEST(refusal(*engine, ids({1, -1})).field == "input");
  BOOST_TEST(refusal(*engine, {.text = TokenInput{{1, 2}, {0, 2}}}).field == "input");
  BOOST_TEST(refusal(*engine, {.text = TokenInput{{1, 2}, {0}}}).field == "input");
  BOOST_TEST(refusal(*engine, ids({1}, EncoderTask::classify)).field == "task");
  EncoderInput wide = ids({1});
  wide.dimensions = 21;
  BOOST_TEST(refusal(*engine, wide).field == "dimensions");
  BOOST_TEST(engine->idle());
}

BOOST_AUTO_TEST_CASE(waiting_inputs_are_bounded_and_named_once) {
  const auto engine = load_encoder("bert", {.max_waiting = 2});
  BOOST_REQUIRE(engine->submit(1, ids({1, 2})));

  BOOST_TEST((engine->submit(1, ids({1, 2})).error().code == Errc::already_exists));
  BOOST_REQUIRE(engine->submit(2, ids({3})));
  BOOST_TEST((engine->submit(3, ids({4})).error().code == Errc::overloaded));
  BOOST_TEST((engine->compute({ids({1})}).error().code == Errc::failed_precondition));
  BOOST_TEST((engine->warm_up().error().code == Errc::failed_precondition));

  engine->cancel(1);
  engine->cancel(99);
  const auto results = engine->step();
  BOOST_TEST_REQUIRE(results.size() == 1U);
  BOOST_TEST(results[0].id == 2U);
  BOOST_TEST(engine->warm_up().has_value());
}

BOOST_AUTO_TEST_CASE(a_batch_with_a_bad_input_computes_nothing_and_names_it) {
  const auto engine = load_encoder("bert");
  const auto results = engine->compute({ids({1}), ids({-1})});

  BOOST_REQUIRE(!results);
  BOOST_TEST(results.error().message.starts_with("input 1: "), results.error().message);
  BOOST_TEST(engine->idle());
  BOOST_TEST(engine->compute({ids({1})}).has_value());
}

BOOST_AUTO_TEST_CASE(a_default_prompt_stands_before_each_text) {
  const EncoderCopy copy("bert");
  std::ofstream(copy.path() / "config_sentence_transformers.json")
      << R"({"prompts": {"passage": "the cat "}, "default_prompt_name": "passage"})";
  const auto prompted = EncoderEngine::load(copy.path(), {}).value();
  const auto plain = load_encoder("bert");

  const auto with = compute(*prompted, {{.text = std::string("sat")}})[0];
  BOOST_TEST(with.embedding == compute(*plain, {{.text = std::string("the cat sat")}})[0].embedding);
}

BOOST_AUTO_TEST_CASE(numbers_that_are_not_finite_are_an_error_of_their_input) {
  const EncoderCopy copy("bert");
  const auto file = copy.path() / "model.safetensors";
  std::string bytes(std::filesystem::file_size(file), '\0');
  std::ifstream(file, std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  const auto header = static_cast<size_t>(*reinterpret_cast<const uint64_t*>(bytes.data())) + 8;
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(header), bytes.end(), '\xFF');  // NaN
  std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  const auto engine = EncoderEngine::load(copy.path(), {}).value();

  const auto result = compute(*engine, {ids({1, 2, 3})})[0];
  BOOST_REQUIRE(result.error);
  BOOST_TEST((result.error->code == Errc::internal));
  BOOST_TEST(result.embedding.empty());
  BOOST_TEST((engine->warm_up().error().code == Errc::internal));
}

BOOST_AUTO_TEST_CASE(options_are_checked) {
  const auto load = [](const EncoderOptions& options) {
    const auto engine = EncoderEngine::load(encoder_folder("bert"), options);
    return engine ? "" : engine.error().field;
  };
  BOOST_TEST(load({.tokens_per_step = 0}) == "tokens_per_step");
  BOOST_TEST(load({.max_waiting = 0}) == "max_waiting");
  BOOST_TEST(load({.threads = 0}) == "threads");
}

BOOST_AUTO_TEST_SUITE_END()
