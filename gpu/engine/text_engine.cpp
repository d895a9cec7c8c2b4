#include "gpu/engine/text_engine.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "gpu/device/cpu/cpu_device.hpp"
#include "gpu/engine/format_tokens.hpp"
#include "gpu/engine/log_probabilities.hpp"
#include "gpu/engine/logit_rules.hpp"
#include "gpu/engine/prompt_encoder.hpp"
#include "gpu/engine/sampler.hpp"
#include "gpu/engine/scheduler.hpp"
#include "gpu/engine/text_sequence.hpp"
#include "gpu/engine/tool_calls/forced_call.hpp"
#include "gpu/model/decoder.hpp"
#include "gpu/model/decoder_families.hpp"

namespace troupe::gpu {
namespace {

constexpr uint32_t sequences_limit = 4096;
constexpr uint32_t waiting_limit = 1 << 20;
constexpr uint32_t tokens_per_step_limit = 1 << 16;
constexpr uint32_t threads_limit = 1024;
/// Tokens of prompts that a step scores: bounds the memory that their logits take.
constexpr uint32_t scored_per_step = 64;

Status check_range(const char* name, uint32_t value, uint32_t low, uint32_t high) {
  if (value >= low && value <= high) return {};
  return fail_field(name, "{} must be between {} and {}, not {}", name, low, high, value);
}

Status check_options(const EngineOptions& options) {
  TROUPE_CHECK(check_range("max_sequences", options.max_sequences, 1, sequences_limit));
  TROUPE_CHECK(check_range("max_waiting", options.max_waiting, 1, waiting_limit));
  TROUPE_CHECK(check_range("threads", options.threads, 1, threads_limit));
  // With less, the newest sequences would starve behind the older ones' single tokens.
  return check_range("tokens_per_step", options.tokens_per_step, options.max_sequences, tokens_per_step_limit);
}

int64_t blocks_for(int64_t tokens) {
  return (tokens + kv_block_tokens - 1) / kv_block_tokens;
}

/// Sizes of everything from the model's shape and the options.
Result<DecoderLimits> plan_limits(const DecoderDescription& model, const EngineOptions& options) {
  const uint64_t block = KvCache::block_size(model).value;
  const auto affordable = static_cast<int64_t>(std::min<uint64_t>(options.kv_cache_bytes.value / block, INT32_MAX));
  if (affordable == 0) {
    return fail_field("kv_cache_bytes", "kv_cache_bytes is {}; one block of {} tokens takes {}",
                      format_bytes(options.kv_cache_bytes), kv_block_tokens, format_bytes({block}));
  }
  const int64_t useful = options.max_sequences * blocks_for(model.max_positions);
  return DecoderLimits{.tokens = options.tokens_per_step,
                       .sequences = options.max_sequences,
                       .logit_rows = options.max_sequences + std::min(scored_per_step, options.tokens_per_step),
                       .kv_blocks = std::min(affordable, useful),
                       .blocks_per_sequence = std::min(affordable, blocks_for(model.max_positions))};
}

SchedulerOptions scheduler_options(const EngineOptions& options, const DecoderLimits& limits) {
  return {.sequences_max = options.max_sequences,
          .waiting_max = options.max_waiting,
          .tokens_per_step = options.tokens_per_step,
          .scored_per_step = std::min(scored_per_step, options.tokens_per_step),
          .kv_blocks = static_cast<uint32_t>(limits.kv_blocks),
          .block_tokens = static_cast<uint32_t>(kv_block_tokens)};
}

/// What the logits of one row are for.
struct LogitUse {
  TextSequence* sequence = nullptr;
  size_t scores = 0;  ///< The prompt's token at this position; 0: the next one is sampled.
};

/// What is drawn where nothing can be.
constexpr int32_t not_finite = -1;
constexpr int32_t stuck = -2;

/// Nothing but the largest logit is asked of the model.
bool takes_largest_logit(const TextSequence& sequence) {
  const SamplingParams& params = sequence.params();
  return params.temperature == 0 && sequence.constraint() == nullptr && leave_logits(params) &&
         sequence.banned().empty() && !sequence.top_logprobs();
}

}  // namespace

class TextEngine::Impl {
 public:
  static Result<std::unique_ptr<Impl>> load(const std::filesystem::path& folder, const EngineOptions& options) {
    TROUPE_CHECK(check_options(options));
    TROUPE_TRY(const ModelFolder files, ModelFolder::open(folder));
    TROUPE_TRY(DecoderDescription description, describe_decoder(files));
    TROUPE_TRY(const DecoderLimits limits, plan_limits(description, options));
    const int64_t context = std::min(description.max_positions, limits.blocks_per_sequence * kv_block_tokens);
    TROUPE_TRY(PromptEncoder encoder, PromptEncoder::open(files, static_cast<uint32_t>(context)));
    auto device = std::make_unique<CpuDevice>(options.threads);
    TROUPE_TRY(Decoder model, Decoder::load(*device, files, std::move(description), limits));
    return std::unique_ptr<Impl>(new Impl(std::move(device), std::move(model), std::move(encoder),
                                          scheduler_options(options, limits), limits, context, files.eos_token_ids()));
  }

  Status warm_up() {
    if (!sequences_.empty()) return fail(Errc::failed_precondition, "warm_up needs an idle engine");
    batch_.clear();
    for (int32_t i = 0; i < std::min({warm_up_tokens, context_, limits_.tokens}); ++i) add_token(0, i, 0);
    // The engine is idle, so block 0 is nobody's.
    batch_.block_tables.assign(static_cast<size_t>(limits_.blocks_per_sequence), 0);
    batch_.logit_rows.push_back(static_cast<int32_t>(batch_.token_ids.size()) - 1);
    model_.forward(batch_);
    if (!sampler_.sample(model_.logits(), {.temperature = 0}, 0)) {
      return fail(Errc::internal, "the model yields logits that are not finite");
    }
    return {};
  }

  Status submit(uint64_t id, GenerateInput input) {
    TROUPE_CHECK(input.sampling.validate());
    TROUPE_TRY(std::vector<int32_t> prompt, encoder_.encode(input.prompt));
    TROUPE_TRY(std::string head, text_before(input));
    const auto length = static_cast<uint32_t>(prompt.size());
    std::optional<ToolCallParser::Options> tools = tools_of(input, prompt);
    TROUPE_TRY(std::unique_ptr<Constraint> constraint, constraint_for(input));
    const bool scores_prompt = input.echo && input.top_logprobs;
    TROUPE_CHECK(scheduler_.add(id, length, scores_prompt ? length - 1 : 0));
    const uint32_t room = static_cast<uint32_t>(context_) - length;
    const uint32_t tokens_max = std::min(room, static_cast<uint32_t>(input.sampling.max_tokens));
    TextSequence::Options sequence{std::move(input.sampling), tokens_max,    input.top_logprobs,
                                   std::move(head),           scores_prompt, std::move(constraint),
                                   std::move(tools)};
    const auto [added, is_new] =
        sequences_.try_emplace(id, id, std::move(prompt), std::move(sequence), end_tokens_, encoder_.tokenizer());
    if (scores_prompt) added->second.add_prompt_scores({scored(added->second.tokens().front(), {}), {}});
    return {};
  }

  void cancel(uint64_t id) {
    if (scheduler_.remove(id)) sequences_.erase(id);
  }

  std::vector<SequenceEvent> step() {
    if (sequences_.empty()) return {};
    build_batch(scheduler_.schedule());
    model_.forward(batch_);
    ++counters_.steps;

    scores_.assign(rows_.size(), {});
    const bool greedy =
        std::ranges::all_of(rows_, [](const LogitUse& use) { return takes_largest_logit(*use.sequence); });
    const std::span<const int32_t> tokens = greedy ? model_.greedy_tokens() : sample_tokens();
    std::vector<SequenceEvent> events;
    for (size_t row = 0; row < rows_.size(); ++row) {
      if (rows_[row].scores > 0) continue;
      events.push_back(accept(*rows_[row].sequence, tokens[row]));
      std::ranges::move(scores_[row], std::back_inserter(events.back().scores));
    }
    return events;
  }

  const PromptEncoder& encoder() const { return encoder_; }
  bool idle() const { return sequences_.empty(); }

  EngineStats stats() const {
    EngineStats stats = counters_;
    stats.running = scheduler_.running();
    stats.waiting = scheduler_.waiting();
    stats.preemptions = scheduler_.preemptions();
    stats.kv_blocks_used = scheduler_.allocator().used();
    stats.kv_blocks_total = scheduler_.allocator().total();
    stats.kv_cache = {KvCache::block_size(model_.description()).value * stats.kv_blocks_total};
    return stats;
  }

  uint32_t context_length() const { return static_cast<uint32_t>(context_); }

 private:
  Impl(std::unique_ptr<Device> device, Decoder model, PromptEncoder encoder, const SchedulerOptions& scheduling,
       const DecoderLimits& limits, int64_t context, std::vector<int32_t> end_tokens)
      : device_(std::move(device)),
        model_(std::move(model)),
        encoder_(std::move(encoder)),
        scheduler_(scheduling),
        limits_(limits),
        context_(context),
        end_tokens_(std::move(end_tokens)) {}

  /// What an answer that repeats its prompt begins with.
  Result<std::string> text_before(const GenerateInput& input) const {
    if (!input.echo) return std::string();
    if (const auto* text = std::get_if<std::string>(&input.prompt)) return *text;
    if (const auto* ids = std::get_if<std::vector<int32_t>>(&input.prompt)) {
      return encoder_.tokenizer().decode(*ids, true);
    }
    return fail_field("echo", "echo repeats a text prompt; a conversation is none");
  }

  Result<std::unique_ptr<Constraint>> constraint_for(const GenerateInput& input) {
    const auto* chat = std::get_if<Chat>(&input.prompt);
    const bool must_call = chat != nullptr && chat->must_call && !chat->tools.empty();
    if (!must_call) return constraint_for(input.format);
    if (!std::holds_alternative<AnyText>(input.format)) {
      return fail_field("tool_choice", "an answer cannot be held to a format and be a call: leave one of them out");
    }
    auto constraint = constraint_for(JsonSchema{call_schema(*chat, *encoder_.tool_call_format())});
    if (!constraint) constraint.error().field = "tools";
    return constraint;
  }

  /// What all formats share is made with the first of them.
  Result<std::unique_ptr<Constraint>> constraint_for(const AnswerFormat& format) {
    if (std::holds_alternative<AnyText>(format)) return nullptr;
    if (!constraints_) {
      const auto vocabulary = static_cast<size_t>(model_.description().vocabulary);
      TROUPE_TRY(TokenTree tokens, format_tokens(encoder_.tokenizer(), end_tokens_, vocabulary));
      constraints_ = std::make_unique<Constraints>(std::move(tokens));
    }
    return constraints_->make(format);
  }

  /// Where the model may call tools. The encoder has taken the prompt, so the format is known.
  std::optional<ToolCallParser::Options> tools_of(const GenerateInput& input, std::span<const int32_t> prompt) const {
    const auto* chat = std::get_if<Chat>(&input.prompt);
    if (chat == nullptr || chat->tools.empty()) return std::nullopt;
    // Another turn of the conversation has other ids, also with the same seed.
    uint64_t id_seed = input.sampling.seed;
    for (const int32_t token : prompt) id_seed = id_seed * 0x100000001B3 + static_cast<uint64_t>(token) + 1;
    ToolCallParser::Options options{
        *encoder_.tool_call_format(), {}, !chat->parallel_tool_calls, chat->must_call, id_seed};
    for (const Tool& tool : chat->tools) options.names.push_back(tool.name);
    return options;
  }

  void add_token(int32_t token, int32_t position, size_t sequence) {
    batch_.token_ids.push_back(token);
    batch_.positions.push_back(position);
    batch_.sequences.push_back(static_cast<int32_t>(sequence));
  }

  void build_batch(std::span<const ScheduledChunk> plan) {
    batch_.clear();
    rows_.clear();
    for (size_t row = 0; row < plan.size(); ++row) {
      const ScheduledChunk& chunk = plan[row];
      TextSequence& sequence = sequences_.at(chunk.id);
      for (uint32_t i = chunk.first; i < chunk.first + chunk.count; ++i) {
        add_token(sequence.tokens()[i], static_cast<int32_t>(i), row);
        if (sequence.scores_at(i + 1)) add_row(sequence, i + 1);
      }
      const std::span<const int32_t> blocks = scheduler_.blocks(chunk.id);
      batch_.block_tables.insert(batch_.block_tables.end(), blocks.begin(), blocks.end());
      batch_.block_tables.resize((row + 1) * static_cast<size_t>(limits_.blocks_per_sequence), 0);
      if (chunk.reaches_end) add_row(sequence, 0);
    }
  }

  /// The logits of the token that was added last are wanted.
  void add_row(TextSequence& sequence, size_t scores) {
    batch_.logit_rows.push_back(static_cast<int32_t>(batch_.token_ids.size()) - 1);
    rows_.push_back({&sequence, scores});
  }

  TokenScores score(std::span<const float> logits, const TextSequence& sequence, size_t position) const {
    const int32_t token = sequence.tokens()[position];
    const bool is_finite = std::ranges::all_of(logits, [](float logit) { return std::isfinite(logit); });
    if (!is_finite) return {scored(token, {}), {}};
    return to_text(log_probabilities(logits, token, *sequence.top_logprobs()));
  }

  std::span<const int32_t> sample_tokens() {
    const std::span<const float> logits = model_.logits();
    const auto vocabulary = static_cast<size_t>(model_.description().vocabulary);
    sampled_.clear();
    for (size_t row = 0; row < rows_.size(); ++row) {
      TextSequence& sequence = *rows_[row].sequence;
      const std::span<const float> own = logits.subspan(row * vocabulary, vocabulary);
      if (const size_t position = rows_[row].scores; position > 0) {
        sequence.add_prompt_scores(score(own, sequence, position));
        sampled_.push_back(not_finite);
        continue;
      }
      const int32_t token = sample(own, sequence);
      sampled_.push_back(token);
      if (sequence.top_logprobs() && token >= 0 && !sequence.ends_with_prompt()) {
        scores_[row].push_back(to_text(log_probabilities(own, token, *sequence.top_logprobs())));
      }
    }
    return sampled_;
  }

  int32_t sample(std::span<const float> logits, const TextSequence& sequence) {
    if (Constraint* constraint = sequence.constraint()) return sample(logits, sequence, *constraint);
    const SamplingParams& params = sequence.params();
    const uint64_t position = sequence.tokens().size();
    if (leave_logits(params) && sequence.banned().empty()) {
      return sampler_.sample(logits, params, position).value_or(not_finite);
    }
    changed_logits_.assign(logits.begin(), logits.end());
    apply_rules(params, sequence.counts(), sequence.banned(), changed_logits_);
    return sampler_.sample(changed_logits_, params, position).value_or(not_finite);
  }

  int32_t sample(std::span<const float> logits, const TextSequence& sequence, Constraint& constraint) {
    // What is masked is looked at too: a model that yields such numbers is no model to go on with.
    if (!std::ranges::all_of(logits, [](float logit) { return std::isfinite(logit); })) return not_finite;
    const SamplingParams& params = sequence.params();
    changed_logits_.assign(logits.begin(), logits.end());
    apply_rules(params, sequence.counts(), sequence.banned(), changed_logits_);
    allow_only(constraint.mask(), constraint.is_complete(), sequence.ends(), changed_logits_);
    const int32_t token = sampler_.sample(changed_logits_, params, sequence.tokens().size()).value_or(not_finite);
    return token >= 0 && is_impossible(changed_logits_[static_cast<size_t>(token)]) ? stuck : token;
  }

  ScoredToken scored(int32_t token, std::optional<double> logprob) const {
    return {token, encoder_.tokenizer().token_bytes(token).value_or(""), logprob};
  }

  TokenScores to_text(const LogProbabilities& found) const {
    TokenScores scores{scored(found.chosen.token, found.chosen.value), {}};
    for (const TokenLogProbability& token : found.top) scores.top.push_back(scored(token.token, token.value));
    return scores;
  }

  SequenceEvent accept(TextSequence& sequence, int32_t token) {
    if (sequence.tokens().size() == sequence.prompt_tokens()) counters_.prompt_tokens += sequence.prompt_tokens();
    SequenceEvent event;
    if (token == stuck) {
      event = sequence.fail({Errc::failed_precondition,
                             "no token of this model that may come next goes on with the document that is wanted",
                             "response_format",
                             {}});
    } else if (token < 0) {
      event = sequence.fail({Errc::internal,
                             fmt::format("the model's logits at position {} are not finite", sequence.tokens().size()),
                             {},
                             {}});
    } else if (sequence.ends_with_prompt()) {
      event = sequence.end();
    } else {
      ++counters_.generated_tokens;
      event = sequence.accept(token);
    }
    if (event.finish == FinishReason::none) {
      scheduler_.append_token(event.id);
    } else {
      cancel(event.id);
    }
    return event;
  }

  std::unique_ptr<Device> device_;
  Decoder model_;
  PromptEncoder encoder_;
  Scheduler scheduler_;
  DecoderLimits limits_;
  int64_t context_;
  std::vector<int32_t> end_tokens_;

  std::unique_ptr<Constraints> constraints_;
  std::unordered_map<uint64_t, TextSequence> sequences_;
  Sampler sampler_;
  EngineStats counters_;

  // Of the present step; kept for their memory.
  DecoderBatch batch_;
  std::vector<LogitUse> rows_;
  std::vector<int32_t> sampled_;
  std::vector<std::vector<TokenScores>> scores_;
  std::vector<float> changed_logits_;
};

TextEngine::TextEngine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TextEngine::~TextEngine() = default;

Result<std::unique_ptr<TextEngine>> TextEngine::load(const std::filesystem::path& folder,
                                                     const EngineOptions& options) {
  TROUPE_TRY(std::unique_ptr<Impl> impl, Impl::load(folder, options));
  return std::unique_ptr<TextEngine>(new TextEngine(std::move(impl)));
}

Status TextEngine::warm_up() {
  return impl_->warm_up();
}
Status TextEngine::submit(uint64_t id, GenerateInput input) {
  return impl_->submit(id, std::move(input));
}
void TextEngine::cancel(uint64_t id) {
  impl_->cancel(id);
}
std::vector<SequenceEvent> TextEngine::step() {
  return impl_->step();
}
const PromptEncoder& TextEngine::encoder() const {
  return impl_->encoder();
}
bool TextEngine::idle() const {
  return impl_->idle();
}
EngineStats TextEngine::stats() const {
  return impl_->stats();
}
uint32_t TextEngine::context_length() const {
  return impl_->context_length();
}

}  // namespace troupe::gpu
