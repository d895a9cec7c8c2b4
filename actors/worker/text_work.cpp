#include <unordered_map>
#include <utility>

#include "actors/worker/native_work.hpp"
#include "actors/worker/stream_budget.hpp"
#include "actors/worker/tokenize_answer.hpp"
#include "gpu/engine/prompt_encoder.hpp"
#include "gpu/engine/text_engine.hpp"
#include "runtime/protocol/answer_parts.hpp"
#include "runtime/protocol/validate.hpp"

namespace troupe::worker {
namespace {

gpu::Prompt to_engine(const protocol::PlainText& text) {
  return text.text;
}
gpu::Prompt to_engine(const protocol::TokenIds& tokens) {
  return tokens.ids;
}
gpu::ChatMessage to_engine(const protocol::ChatMessage& message) {
  gpu::ChatMessage result{message.role, message.content, message.name, message.tool_call_id, {}};
  for (const protocol::ToolCall& call : message.tool_calls) {
    result.tool_calls.push_back({call.id, call.name, call.arguments});
  }
  return result;
}
gpu::Prompt to_engine(const protocol::Conversation& conversation) {
  gpu::Chat chat;
  for (const protocol::ChatMessage& message : conversation.messages) chat.messages.push_back(to_engine(message));
  chat.parallel_tool_calls = conversation.parallel_tool_calls;
  chat.must_call = conversation.tool_choice >= protocol::ToolChoice::required;
  if (conversation.tool_choice == protocol::ToolChoice::named) chat.must_call_name = conversation.tool_name;
  if (conversation.tool_choice == protocol::ToolChoice::none) return chat;
  for (const protocol::Tool& tool : conversation.tools) {
    chat.tools.push_back({tool.name, tool.description, tool.parameters, tool.strict});
  }
  return chat;
}
template <class... A>
gpu::Prompt to_engine(const std::variant<A...>& prompt) {
  return std::visit([](const auto& held) { return to_engine(held); }, prompt);
}

std::vector<gpu::Prompt> prompts_of(const protocol::Generate& generate) {
  const auto of = [](const auto& prompt) -> std::vector<gpu::Prompt> {
    if constexpr (requires { prompt.prompts; }) {
      std::vector<gpu::Prompt> prompts;
      for (const auto& one : prompt.prompts) prompts.push_back(to_engine(one));
      return prompts;
    } else {
      return {to_engine(prompt)};
    }
  };
  return std::visit(of, generate.prompt);
}

gpu::SamplingParams to_engine(const protocol::Sampling& sampling) {
  gpu::SamplingParams params;
  params.temperature = static_cast<float>(sampling.temperature);
  params.top_p = static_cast<float>(sampling.top_p);
  params.top_k = static_cast<int32_t>(sampling.top_k);
  params.min_p = static_cast<float>(sampling.min_p);
  params.seed = sampling.seed.value_or(0);
  params.max_tokens = static_cast<int32_t>(sampling.max_tokens);
  params.min_tokens = static_cast<int32_t>(sampling.min_tokens);
  params.stop = sampling.stop;
  params.stop_tokens = sampling.stop_token_ids;
  params.ignore_eos = sampling.ignore_eos;
  params.frequency_penalty = static_cast<float>(sampling.frequency_penalty);
  params.presence_penalty = static_cast<float>(sampling.presence_penalty);
  params.repetition_penalty = static_cast<float>(sampling.repetition_penalty);
  for (const protocol::LogitBias& bias : sampling.logit_bias) {
    params.logit_bias.emplace_back(bias.token, static_cast<float>(bias.bias));
  }
  return params;
}

gpu::AnswerFormat to_engine(const protocol::FreeText&) {
  return gpu::AnyText{};
}
gpu::AnswerFormat to_engine(const protocol::JsonObject&) {
  return gpu::AnyJsonObject{};
}
gpu::AnswerFormat to_engine(const protocol::JsonSchema& format) {
  return gpu::JsonSchema{format.schema};
}
gpu::AnswerFormat to_engine(const protocol::TextChoice& format) {
  return gpu::TextChoice{format.texts};
}
gpu::AnswerFormat to_engine(const protocol::AnswerFormat& format) {
  return std::visit([](const auto& held) { return to_engine(held); }, format);
}

protocol::ScoredToken to_protocol(gpu::ScoredToken token) {
  return {token.id, Bytes::own(std::move(token.text)), token.logprob};
}

protocol::TokenScores to_protocol(gpu::TokenScores scores) {
  protocol::TokenScores result{to_protocol(std::move(scores.chosen)), {}};
  for (gpu::ScoredToken& token : scores.top) result.top.push_back(to_protocol(std::move(token)));
  return result;
}

protocol::FinishReason to_protocol(gpu::FinishReason finish) {
  switch (finish) {
    case gpu::FinishReason::stop:
      return protocol::FinishReason::stop;
    case gpu::FinishReason::length:
      return protocol::FinishReason::length;
    case gpu::FinishReason::tool_calls:
      return protocol::FinishReason::tool_calls;
    case gpu::FinishReason::none:
    case gpu::FinishReason::cancelled:
    case gpu::FinishReason::failed:
      break;
  }
  return protocol::FinishReason::none;
}

class TextWork final : public NativeWork {
 public:
  TextWork(std::unique_ptr<gpu::TextEngine> engine, uint32_t step_tokens, const Clock& clock, BackendEvents& events)
      : engine_(std::move(engine)), step_tokens_(step_tokens), clock_(clock), events_(events) {}

  Status warm_up() override { return engine_->warm_up(); }
  int64_t full_step() const override { return step_tokens_ / gpu::warm_up_tokens + 1; }

  protocol::ModelInterface interface() const override {
    using protocol::ModelTask;
    protocol::ModelInterface interface;
    interface.tasks = {ModelTask::generate};
    if (engine_->encoder().has_chat_template()) interface.tasks.push_back(ModelTask::chat);
    interface.tasks.push_back(ModelTask::tokenize);
    interface.context_length = engine_->context_length();
    return interface;
  }

  Status submit(const WorkItem& item) override {
    const protocol::Work& work = item.request->work;
    if (const auto* generate = std::get_if<protocol::Generate>(&work)) return submit(item, *generate);
    if (const auto* tokenize = std::get_if<protocol::Tokenize>(&work)) return answer(item.id, *tokenize);
    return fail(Errc::unimplemented, "this model generates text; it serves neither tensors nor vectors");
  }

  void drop(WorkId id) override {
    const auto work = work_.extract(id.value);
    if (work.empty()) return;
    for (const Choice& choice : work.mapped().choices) {
      if (sequences_.erase(choice.sequence) > 0) engine_->cancel(choice.sequence);
    }
  }

  /// Only lets out what waits: a slow reader does not keep its sequence, and the memory of that, in the engine.
  void credit(WorkId id, uint64_t bytes) override {
    const auto found = work_.find(id.value);
    if (found == work_.end()) return;
    found->second.budget.add(bytes);
    send_text(id, found->second);
  }

  void step() override {
    for (gpu::SequenceEvent& event : engine_->step()) emit(event);
  }
  bool idle() const override { return engine_->idle(); }

 private:
  /// Text, calls and scores are collected while not streaming, and while there is no credit; at most one whole answer.
  struct Choice {
    uint64_t sequence = 0;  ///< The engine's.
    std::string text;
    std::vector<protocol::ToolCallPart> tool_calls;
    std::vector<protocol::TokenScores> scores;

    bool is_empty() const { return text.empty() && tool_calls.empty() && scores.empty(); }
  };
  struct Work {
    bool stream = false;
    StreamBudget budget;
    std::vector<Choice> choices;
    size_t open = 0;            ///< Choices that have not ended.
    uint32_t choices_each = 1;  ///< To a prompt.
    protocol::Usage usage;
  };

  /// Each choice is a sequence of its own.
  Status submit(const WorkItem& item, const protocol::Generate& generate) {
    Work& work = work_[item.id.value];
    work.stream = generate.stream;
    work.budget = StreamBudget(item.credit);
    work.choices_each = generate.choices;
    for (gpu::Prompt& prompt : prompts_of(generate)) {
      tell_time(prompt);
      gpu::GenerateInput input{std::move(prompt), to_engine(generate.sampling), generate.top_logprobs, generate.echo,
                               to_engine(generate.answer_format)};
      if (const Status submitted = submit_choices(item.id, work, input); !submitted) {
        drop(item.id);
        return submitted;
      }
    }
    return {};
  }

  void tell_time(gpu::Prompt& prompt) const {
    auto* const chat = std::get_if<gpu::Chat>(&prompt);
    if (chat != nullptr) chat->now = std::chrono::floor<std::chrono::seconds>(clock_.wall());
  }

  /// The first choice has the seed that was given.
  Status submit_choices(WorkId id, Work& work, gpu::GenerateInput& input) {
    for (uint32_t i = 0; i < work.choices_each; ++i) {
      const uint64_t sequence = ++last_sequence_;
      TROUPE_CHECK(engine_->submit(sequence, input));
      sequences_[sequence] = {id, static_cast<uint32_t>(work.choices.size())};
      work.choices.push_back({sequence, {}, {}, {}});
      ++work.open;
      ++input.sampling.seed;
    }
    return {};
  }

  Status answer(WorkId id, const protocol::Tokenize& tokenize) {
    const gpu::PromptEncoder& encoder = engine_->encoder();
    gpu::Prompt prompt = to_engine(tokenize.input);
    tell_time(prompt);
    TROUPE_TRY(std::vector<int32_t> ids, encoder.tokenize(prompt, tokenize.add_special_tokens));
    protocol::ResultPart part;
    TROUPE_TRY(part.content, tokenize_answer(encoder.tokenizer(), std::move(ids), tokenize.add_special_tokens,
                                             encoder.context_length()));
    events_.on_part(id, std::move(part), true);
    return {};
  }

  void emit(gpu::SequenceEvent& event) {
    const auto found = sequences_.find(event.id);
    if (found == sequences_.end()) return;
    const auto [id, index] = found->second;
    if (event.finish != gpu::FinishReason::none) sequences_.erase(found);
    if (event.error) {
      drop(id);
      events_.on_error(id, *event.error);
      return;
    }
    Work& work = work_.at(id.value);
    Choice& choice = work.choices[index];
    choice.text += event.text;
    for (gpu::ToolCallDelta& call : event.tool_calls) {
      protocol::join(choice.tool_calls,
                     {{call.index, std::move(call.id), std::move(call.name), std::move(call.arguments)}});
    }
    for (gpu::TokenScores& scores : event.scores) choice.scores.push_back(to_protocol(std::move(scores)));
    event.finish == gpu::FinishReason::none ? send_text(id, work) : end(id, work, index, event);
  }

  /// What there is so far of each choice, where the client wants it in parts and takes one more.
  void send_text(WorkId id, Work& work) {
    if (!work.stream) return;
    for (uint32_t i = 0; i < work.choices.size(); ++i) {
      if (work.choices[i].is_empty() || !work.budget.may_send()) continue;
      protocol::ResultPart part = take_part(work, i);
      work.budget.sent(part);
      events_.on_part(id, std::move(part), false);
    }
  }

  void end(WorkId id, Work& work, uint32_t index, const gpu::SequenceEvent& event) {
    if (index % work.choices_each == 0) work.usage.prompt_tokens += event.prompt_tokens;
    work.usage.completion_tokens += event.completion_tokens;
    protocol::ResultPart part = take_part(work, index);
    auto& text = std::get<protocol::TextPart>(part.content);
    text.finish = to_protocol(event.finish);
    const bool is_last = --work.open == 0;
    if (is_last) {
      text.usage = work.usage;
      work_.erase(id.value);
    }
    events_.on_part(id, std::move(part), is_last);
  }

  static protocol::ResultPart take_part(Work& work, uint32_t index) {
    Choice& choice = work.choices[index];
    protocol::ResultPart part;
    part.content = protocol::TextPart{std::exchange(choice.text, {}),   protocol::FinishReason::none,        {}, index,
                                      std::exchange(choice.scores, {}), std::exchange(choice.tool_calls, {})};
    return part;
  }

  const std::unique_ptr<gpu::TextEngine> engine_;
  const uint32_t step_tokens_;
  const Clock& clock_;
  BackendEvents& events_;
  std::unordered_map<uint64_t, Work> work_;
  std::unordered_map<uint64_t, std::pair<WorkId, uint32_t>> sequences_;  ///< Whose, and which choice.
  uint64_t last_sequence_ = 0;
};

}  // namespace

Result<std::unique_ptr<NativeWork>> make_text_work(const std::filesystem::path& folder,
                                                   const protocol::EngineSpec& spec, const Clock& clock,
                                                   BackendEvents& events) {
  const gpu::EngineOptions options{.max_sequences = spec.sequences_max,
                                   .max_waiting = spec.sequences_max * static_cast<uint32_t>(protocol::answers_max),
                                   .tokens_per_step = spec.step_tokens_max,
                                   .kv_cache_bytes = ByteCount{spec.kv_cache_bytes},
                                   .threads = spec.threads};
  TROUPE_TRY(std::unique_ptr<gpu::TextEngine> engine, gpu::TextEngine::load(folder, options));
  return std::make_unique<TextWork>(std::move(engine), spec.step_tokens_max, clock, events);
}

}  // namespace troupe::worker
