#include "test/unit/protocol/vector_values.hpp"

#include "runtime/protocol/cluster.hpp"
#include "runtime/protocol/idempotency.hpp"
#include "runtime/protocol/outcomes.hpp"
#include "runtime/protocol/registry.hpp"
#include "runtime/protocol/serving.hpp"
#include "runtime/protocol/worker.hpp"
#include "test/unit/wire/hex.hpp"

using namespace std::chrono_literals;

namespace troupe::wire {

void to_json(nlohmann::ordered_json& json, const Envelope& envelope) {
  json = {{"protocol", envelope.protocol},
          {"kind", static_cast<int>(envelope.kind)},
          {"message_type", envelope.message_type},
          {"correlation_id", envelope.correlation_id.value},
          {"source_node", envelope.source_node.value},
          {"source_incarnation", envelope.source_incarnation.value},
          {"target_incarnation", envelope.target_incarnation.value},
          {"target_path", envelope.target_path},
          {"remaining_us", nullptr},
          {"priority", envelope.priority},
          {"trace", envelope.trace},
          {"part", nullptr},
          {"credit", nullptr}};
  if (envelope.credit) json["credit"] = *envelope.credit;
  if (envelope.remaining) json["remaining_us"] = envelope.remaining->count();
  if (envelope.part) json["part"] = {{"index", envelope.part->index}, {"last", envelope.part->last}};
}

}  // namespace troupe::wire

namespace troupe::protocol {

void to_json(Json& json, const PlainText& value) {
  json = {{"text", value.text}};
}
void to_json(Json& json, const TokenIds& value) {
  json = {{"ids", value.ids}};
}
void to_json(Json& json, const ToolCall& value) {
  json = {{"id", value.id}, {"name", value.name}, {"arguments", value.arguments}};
}
void to_json(Json& json, const ChatMessage& value) {
  json = {{"role", value.role},
          {"content", value.content},
          {"name", value.name},
          {"tool_call_id", value.tool_call_id},
          {"tool_calls", value.tool_calls}};
}
void to_json(Json& json, const Tool& value) {
  json = {
      {"name", value.name}, {"description", value.description}, {"parameters", value.parameters}, {"strict", nullptr}};
  if (value.strict) json["strict"] = *value.strict;
}
void to_json(Json& json, const Conversation& value) {
  json = {{"messages", value.messages},
          {"tools", value.tools},
          {"tool_choice", static_cast<int>(value.tool_choice)},
          {"tool_name", value.tool_name},
          {"parallel_tool_calls", value.parallel_tool_calls}};
}
void to_json(Json& json, const ToolCallPart& value) {
  json = {{"index", value.index}, {"id", value.id}, {"name", value.name}, {"arguments", value.arguments}};
}
void to_json(Json& json, const Usage& value) {
  json = {{"prompt_tokens", value.prompt_tokens}, {"completion_tokens", value.completion_tokens}};
}
void to_json(Json& json, const LoadReport& value) {
  json = {{"waiting", value.waiting}, {"running", value.running}};
}
void to_json(Json& json, const Tensor& value) {
  json = {{"name", value.name},
          {"dtype", static_cast<int>(value.dtype)},
          {"shape", value.shape},
          {"data", test::to_hex(value.data.view())}};
}
void to_json(Json& json, const ScoredToken& value) {
  json = {{"id", value.id}, {"text", test::to_hex(value.text.view())}, {"logprob", nullptr}};
  if (value.logprob) json["logprob"] = *value.logprob;
}
void to_json(Json& json, const TokenScores& value) {
  json = {{"chosen", value.chosen}, {"top", value.top}};
}
void to_json(Json& json, const InferResult& value) {
  json = {{"outputs", value.outputs}};
}
void to_json(Json& json, const TextPart& value) {
  json = {{"text", value.text},     {"finish", static_cast<int>(value.finish)},
          {"usage", value.usage},   {"choice", value.choice},
          {"scores", value.scores}, {"tool_calls", value.tool_calls}};
}
void to_json(Json& json, const EmbedResult& value) {
  json = {{"values", value.values}, {"labels", value.labels}, {"usage", value.usage}};
}
void to_json(Json& json, const TokenizeResult& value) {
  json = {{"ids", value.ids}, {"tokens", value.tokens}, {"text", value.text}, {"context_length", value.context_length}};
}
void to_json(Json& json, const TextPair& value) {
  json = {{"first", value.first}, {"second", value.second}};
}
void to_json(Json& json, const Infer& value) {
  json = {{"inputs", value.inputs}, {"outputs", value.outputs}, {"parameters", value.parameters}};
}
void to_json(Json& json, const LogitBias& value) {
  json = {{"token", value.token}, {"bias", value.bias}};
}
void to_json(Json& json, const Sampling& value) {
  json = {{"temperature", value.temperature},
          {"top_p", value.top_p},
          {"top_k", value.top_k},
          {"seed", nullptr},
          {"max_tokens", value.max_tokens},
          {"stop", value.stop},
          {"min_p", value.min_p},
          {"frequency_penalty", value.frequency_penalty},
          {"presence_penalty", value.presence_penalty},
          {"repetition_penalty", value.repetition_penalty},
          {"logit_bias", value.logit_bias},
          {"min_tokens", value.min_tokens},
          {"stop_token_ids", value.stop_token_ids},
          {"ignore_eos", value.ignore_eos}};
  if (value.seed) json["seed"] = *value.seed;
}

/// Alternatives go under the name of their struct.
std::string name_of(const PlainText&) {
  return "PlainText";
}
std::string name_of(const Conversation&) {
  return "Conversation";
}
std::string name_of(const TokenIds&) {
  return "TokenIds";
}
std::string name_of(const PromptList&) {
  return "PromptList";
}
std::string name_of(const FreeText&) {
  return "FreeText";
}
std::string name_of(const JsonObject&) {
  return "JsonObject";
}
std::string name_of(const JsonSchema&) {
  return "JsonSchema";
}
std::string name_of(const TextChoice&) {
  return "TextChoice";
}
std::string name_of(const Generate&) {
  return "Generate";
}
std::string name_of(const Infer&) {
  return "Infer";
}
std::string name_of(const TextPart&) {
  return "TextPart";
}
std::string name_of(const InferResult&) {
  return "InferResult";
}
std::string name_of(const TextPair&) {
  return "TextPair";
}
std::string name_of(const Embed&) {
  return "Embed";
}
std::string name_of(const Tokenize&) {
  return "Tokenize";
}
std::string name_of(const EmbedResult&) {
  return "EmbedResult";
}
std::string name_of(const TokenizeResult&) {
  return "TokenizeResult";
}

template <class... A>
Json alternative(const std::variant<A...>& value) {
  return std::visit([](const auto& held) { return Json{{name_of(held), held}}; }, value);
}

void to_json(Json& json, const PromptList& value) {
  Json prompts = Json::array();
  for (const auto& prompt : value.prompts) prompts.push_back(alternative(prompt));
  json = {{"prompts", prompts}};
}
void to_json(Json& json, const FreeText&) {
  json = Json::object();
}
void to_json(Json& json, const JsonObject&) {
  json = Json::object();
}
void to_json(Json& json, const JsonSchema& value) {
  json = {{"schema", value.schema}};
}
void to_json(Json& json, const TextChoice& value) {
  json = {{"texts", value.texts}};
}
void to_json(Json& json, const Generate& value) {
  json = {{"prompt", alternative(value.prompt)},
          {"sampling", value.sampling},
          {"stream", value.stream},
          {"choices", value.choices},
          {"top_logprobs", nullptr},
          {"echo", value.echo},
          {"answer_format", alternative(value.answer_format)}};
  if (value.top_logprobs) json["top_logprobs"] = *value.top_logprobs;
}
void to_json(Json& json, const Embed& value) {
  json = {{"inputs", Json::array()}, {"task", static_cast<int>(value.task)}, {"dimensions", value.dimensions}};
  for (const auto& input : value.inputs) json["inputs"].push_back(alternative(input));
}
void to_json(Json& json, const Tokenize& value) {
  json = {{"input", alternative(value.input)}, {"add_special_tokens", value.add_special_tokens}};
}
void to_json(Json& json, const ServeRequest& value) {
  json = {{"request_id", value.request_id},
          {"model", value.model},
          {"version", value.version},
          {"unit", value.unit},
          {"work", alternative(value.work)},
          {"session", value.session},
          {"key", value.key},
          {"features", value.features}};
}
void to_json(Json& json, const KeyedRequest& value) {
  json = {{"request", value.request}, {"idempotency_key", value.idempotency_key}};
}
void to_json(Json& json, const ResultPart& value) {
  json = {{"content", alternative(value.content)},
          {"version", value.version},
          {"load", nullptr},
          {"cached", value.cached},
          {"replayed", value.replayed}};
  if (value.load) json["load"] = *value.load;
}
void to_json(Json& json, const Hello& value) {
  json = {{"node", value.node.value},
          {"incarnation", value.incarnation.value},
          {"control", value.control},
          {"request", value.request},
          {"bulk", value.bulk}};
}
void to_json(Json& json, const WorkerHello& value) {
  json = {{"protocol", value.protocol}, {"pid", value.pid}, {"software", value.software}};
}
void to_json(Json& json, const Resources& value) {
  json = {{"cpu_millis", value.cpu_millis}, {"memory_bytes", value.memory_bytes}, {"gpus", value.gpus}};
}
void to_json(Json& json, const BatchingSpec& value) {
  json = {{"size_max", value.size_max}, {"delay_max", value.delay_max.count()}, {"queue_max", value.queue_max}};
}
void to_json(Json& json, const EngineSpec& value) {
  json = {{"sequences_max", value.sequences_max},
          {"step_tokens_max", value.step_tokens_max},
          {"kv_cache_bytes", value.kv_cache_bytes},
          {"threads", value.threads}};
}
void to_json(Json& json, const EchoSpec& value) {
  json = {{"slots", value.slots}, {"delay", value.delay.count()}};
}
void to_json(Json& json, const WarmUpInput& value) {
  json = {{"name", value.name}, {"dtype", value.dtype}, {"shape", value.shape}, {"data", value.data}};
}
void to_json(Json& json, const WarmUpSpec& value) {
  json = {{"prompt", value.prompt}, {"max_tokens", value.max_tokens}, {"embed", value.embed}, {"inputs", value.inputs}};
}
void to_json(Json& json, const ReplicaSpec& value) {
  json = {{"id", value.id.value},
          {"deployment", value.deployment},
          {"generation", value.generation},
          {"model", value.model},
          {"version", value.version},
          {"folder", value.folder},
          {"backend", static_cast<int>(value.backend)},
          {"resources", value.resources},
          {"batching", value.batching},
          {"engine", value.engine},
          {"isolation", static_cast<int>(value.isolation)},
          {"entry", value.entry},
          {"echo", value.echo},
          {"python", value.python},
          {"settings", value.settings},
          {"digest", value.digest},
          {"warm_up", value.warm_up}};
}
void to_json(Json& json, const LoadBackend& value) {
  json = {{"spec", value.spec}};
}
void to_json(Json& json, const BackendLoaded&) {
  json = Json::object();
}
void to_json(Json& json, const TensorSpec& value) {
  json = {{"name", value.name}, {"dtype", value.dtype}, {"shape", value.shape}, {"is_optional", value.is_optional}};
}
void to_json(Json& json, const ModelInterface& value) {
  json = {{"tasks", value.tasks},
          {"inputs", value.inputs},
          {"outputs", value.outputs},
          {"context_length", value.context_length}};
}
void to_json(Json& json, const BackendWarm& value) {
  json = {{"slots", value.slots},
          {"longest_step_us", value.longest_step_us},
          {"name", value.name},
          {"interface", value.interface}};
}
void to_json(Json& json, const ExecuteItem& value) {
  json = {{"work_id", value.work_id}, {"remaining_us", nullptr}, {"request", value.request}};
  if (value.remaining_us) json["remaining_us"] = *value.remaining_us;
  json["credit"] = nullptr;
  if (value.credit) json["credit"] = *value.credit;
}
void to_json(Json& json, const Execute& value) {
  json = {{"items", value.items}};
}
void to_json(Json& json, const Progress& value) {
  json = {{"steps", value.steps}, {"step_running_us", value.step_running_us}};
}
void to_json(Json& json, const Unload&) {
  json = Json::object();
}
void to_json(Json& json, const ReportedOutcome& value) {
  json = {{"unit", value.unit}, {"name", value.name}, {"value", value.value}, {"kind", static_cast<int>(value.kind)},
          {"time", nullptr},    {"id", nullptr}};
  if (value.time) json["time"] = *value.time;
  if (value.id) json["id"] = *value.id;
}
void to_json(Json& json, const RecordOutcomes& value) {
  json = {{"events", value.events}};
}
void to_json(Json& json, const OutcomesRecorded& value) {
  json = {{"recorded", value.recorded}};
}

}  // namespace troupe::protocol

namespace troupe {

void to_json(nlohmann::ordered_json& json, const Error& value) {
  json = {{"code", static_cast<int>(value.code)},
          {"message", value.message},
          {"field", value.field},
          {"retry_after_ms", value.retry_after.count()}};
}

}  // namespace troupe

namespace troupe::protocol {
namespace {

Bytes counting(size_t bytes) {
  std::string data;
  for (size_t i = 0; i < bytes; ++i) data.push_back(static_cast<char>(i % 251));
  return Bytes::own(std::move(data));
}

template <class M>
BodyVector vector_of(std::string name, M message) {
  Json value = message;
  return {std::move(name), M::message_type, std::move(value), encode(AnyMessage::of(std::move(message)))};
}

BodyVector vector_of(std::string name, const Error& error) {
  return {std::move(name), MessageType::error, error, encode_error(error)};
}

ServeRequest serve(Work work) {
  ServeRequest request;
  request.request_id = "req-1";
  request.model = "clerk";
  request.work = std::move(work);
  return request;
}

ServeRequest generate(decltype(Generate::prompt) prompt, Sampling sampling, bool stream) {
  return serve(Generate{std::move(prompt), std::move(sampling), stream});
}

ServeRequest infer(std::vector<Tensor> inputs, std::vector<std::string> outputs) {
  ServeRequest request;
  request.model = "adder";
  request.version = "3";
  request.unit = "user-17";
  request.work = Infer{std::move(inputs), std::move(outputs), {{"b", "2"}, {"a", "ü"}}};
  return request;
}

std::vector<Tensor> one_of_each_kind() {
  using namespace std::string_literals;
  return {{"x", DType::f32, {1, 2}, Bytes::copy("\x00\x00\x80\x3f\x00\x00\x00\xc0"s)},
          {"words", DType::bytes, {2}, Bytes::copy("\x02\x00\x00\x00hi\x00\x00\x00\x00"s)},
          {"none", DType::i64, {0}, {}}};
}

ReplicaSpec replica_spec() {
  ReplicaSpec spec;
  spec.id = {0xa1};
  spec.deployment = "words";
  spec.generation = 3;
  spec.model = "words";
  spec.version = "2";
  spec.folder = "/var/lib/troupe/models/words/2";
  spec.resources = {.cpu_millis = 500, .memory_bytes = 1ULL << 28, .gpus = 0};
  spec.batching = {.size_max = 8, .delay_max = 5ms, .queue_max = 256};
  spec.entry = "words:Upper";
  spec.echo = {.slots = 8, .delay = 20ms};
  spec.python = "/usr/bin/python3";
  spec.settings = {{"case", "upper"}};
  spec.digest = "a7b1";
  spec.warm_up = {{"Hi", 4, "", {}}, {"", 8, "", {{"x", DType::f32, {2}, {1.5, -1}}}}};
  return spec;
}

ModelInterface interface() {
  return {{ModelTask::generate, ModelTask::infer},
          {{"x", DType::f32, {any_extent, 3}, false}, {"mask", DType::boolean, {}, true}},
          {{"y", DType::bytes, {any_extent}, false}},
          256};
}

TokenScores scores() {
  const ScoredToken chosen{17, Bytes::copy("\xe2\x82"), -0.25};
  return {chosen, {chosen, {4, {}, std::nullopt}}};
}

Execute batch() {
  return {{{7, 2'500'000, generate(PlainText{"Once upon"}, {}, true), 524'288},
           {8, std::nullopt, infer({{"long", DType::u8, {4096}, counting(4096)}}, {}), std::nullopt}}};
}

}  // namespace

std::vector<EnvelopeVector> envelope_vectors() {
  wire::Envelope request;
  request.kind = wire::Kind::request;
  request.message_type = static_cast<uint16_t>(MessageType::serve_request);
  request.correlation_id = {1};
  request.target_path = "gateway";
  request.remaining = 30s;
  request.trace = "req-1";

  wire::Envelope part;
  part.kind = wire::Kind::part;
  part.message_type = static_cast<uint16_t>(MessageType::result_part);
  part.correlation_id = {0xfedcba9876543210};
  part.source_node = {0xa1};
  part.source_incarnation = {2};
  part.target_incarnation = {3};
  part.priority = 255;
  part.part = wire::PartPosition{.index = 300, .last = true};

  wire::Envelope cancel;
  cancel.kind = wire::Kind::cancel;
  cancel.correlation_id = {70000};

  wire::Envelope paced = request;
  paced.credit = 524'288;

  wire::Envelope credit;
  credit.kind = wire::Kind::credit;
  credit.correlation_id = {1};
  credit.credit = 131'072;

  return {{"request with a deadline", request, request},
          {"request with credit", paced, paced},
          {"last part", part, part},
          {"cancel", cancel, cancel},
          {"credit", credit, credit}};
}

Bytes one_float() {
  using namespace std::string_literals;
  return Bytes::copy("\x00\x00\x80\x3f"s);
}

/// A conversation about a tool that has been called.
Conversation weather() {
  return {{{"user", "Brno?", "ann"},
           {"assistant", "", "", "", {{"call_1", "get_weather", R"({"place":"Brno"})"}}},
           {"tool", "sunny", "get_weather", "call_1"}},
          {{"get_weather", "What it is like", R"({"type":"object"})", true}, {"now", "", "", {}}},
          ToolChoice::named,
          "now",
          false};
}

std::vector<BodyVector> body_vectors() {
  const Sampling fixed{.temperature = 0, .top_p = 0.9, .top_k = 40, .seed = 7, .max_tokens = 256, .stop = {"\n", "€"}};
  const Conversation chat{{{"system", "Be brief."}, {"user", "Grüße!"}}};
  const TextPart end{"", FinishReason::length, {.prompt_tokens = 12, .completion_tokens = 256}};
  const Sampling steered{.min_p = 0.05,
                         .frequency_penalty = 0.5,
                         .presence_penalty = -0.5,
                         .repetition_penalty = 1.1,
                         .logit_bias = {{7, -100}, {100000, 2.5}},
                         .min_tokens = 3,
                         .stop_token_ids = {2},
                         .ignore_eos = true};
  return {
      vector_of("error", Error{Errc::overloaded, "the queue of clerk is full", "", 1500ms}),
      vector_of("error about a field", Error{Errc::invalid_argument, "top_p is 2", "top_p", 0ms}),
      vector_of("generate from text", generate(PlainText{"Once upon"}, {}, false)),
      vector_of("generate from messages, streaming", generate(chat, fixed, true)),
      vector_of("generate with tools", generate(weather(), fixed, true)),
      vector_of("generate from token ids", generate(TokenIds{{0, 127, 128, 100000, -1}}, {}, false)),
      vector_of("generate from several prompts", generate(PromptList{{PlainText{"a"}, TokenIds{{1, 2}}}}, {}, false)),
      vector_of("generate two choices with log-probabilities",
                serve(Generate{PlainText{"Once"}, steered, false, 2, 5, true})),
      vector_of("generate any JSON object",
                serve(Generate{PlainText{"Once"}, {}, false, 1, std::nullopt, false, JsonObject{}})),
      vector_of(
          "generate by a schema",
          serve(Generate{PlainText{"Once"}, {}, false, 1, std::nullopt, false, JsonSchema{R"({"type":"object"})"}})),
      vector_of(
          "generate one of several texts",
          serve(Generate{PlainText{"Once"}, {}, false, 1, std::nullopt, false, TextChoice{{"ja", "nein, möglichst"}}})),
      vector_of("embed",
                serve(Embed{{PlainText{"Grüße"}, TokenIds{{1, 2}}, TextPair{"q", "a"}}, EmbedTask::scores, 0})),
      vector_of("tokenize", serve(Tokenize{PlainText{"Grüße"}, false})),
      vector_of("infer", infer(one_of_each_kind(), {"y"})),
      vector_of("infer with an attachment",
                infer({{"long", DType::u8, {4096}, counting(4096)}, {"short", DType::u8, {4095}, counting(4095)}}, {})),
      vector_of("keyed request", KeyedRequest{generate(PlainText{"Once upon"}, {}, false), "order-17"}),
      vector_of("text part", ResultPart{TextPart{"Grü", FinishReason::none, {}}, "2", std::nullopt, false}),
      vector_of("text part of another choice, with scores",
                ResultPart{TextPart{"€", FinishReason::stop, {}, 1, {scores()}}, "2", std::nullopt, false}),
      vector_of("text part with calls",
                ResultPart{TextPart{"",
                                    FinishReason::tool_calls,
                                    {},
                                    0,
                                    {},
                                    {{0, "call_1", "get_weather", R"({"place":"Br)"}, {1, "", "", "}"}}},
                           "2", std::nullopt, false}),
      vector_of("vectors", ResultPart{EmbedResult{{"", DType::f32, {1, 1}, one_float()},
                                                  {"good"},
                                                  {.prompt_tokens = 4, .completion_tokens = 0}},
                                      "1", std::nullopt, false}),
      vector_of("tokens", ResultPart{TokenizeResult{{5, 6}, {"Gr", "üße"}, "Grüße", 256}, "1", std::nullopt, false}),
      vector_of("last text part", ResultPart{end, "2", LoadReport{.waiting = 3, .running = 1}, false}),
      vector_of("infer result", ResultPart{InferResult{one_of_each_kind()}, "3", std::nullopt, true}),
      vector_of("hello", Hello{{0xa1}, {5}, "tcp://127.0.0.1:7420", "tcp://127.0.0.1:7421", "tcp://127.0.0.1:7422"}),
      vector_of("worker hello", WorkerHello{1, 4711, "troupe 0.1.0"}),
      vector_of("load backend", LoadBackend{replica_spec()}),
      vector_of("backend loaded", BackendLoaded{}),
      vector_of("backend warm", BackendWarm{16, 1'500'000, "clerk 0.4M", interface()}),
      vector_of("execute, with an attachment", batch()),
      vector_of("progress", Progress{12, 35'000}),
      vector_of("unload", Unload{}),
      vector_of("record outcomes",
                RecordOutcomes{{{.unit = "ünit-17", .name = "conversion"},
                                {"s1", "revenue", -2.5, UnitKind::session, 1'799'999'990.25, "order-17"}}}),
      vector_of("outcomes recorded", OutcomesRecorded{2}),
  };
}

}  // namespace troupe::protocol
