#include <cmath>
#include <cstring>
#include <deque>
#include <unordered_map>
#include <utility>

#include "actors/worker/native_work.hpp"
#include "actors/worker/tokenize_answer.hpp"
#include "gpu/engine/encoder_engine.hpp"
#include "gpu/engine/encoder_texts.hpp"
#include "runtime/protocol/validate.hpp"

namespace troupe::worker {
namespace {

using protocol::EmbedTask;

/// Tokens of a warm-up, at least; see NativeWork::full_step().
constexpr int64_t warm_up_tokens = 8;

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double product = 0;
  double a_square = 0;
  double b_square = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    product += double{a[i]} * double{b[i]};
    a_square += double{a[i]} * double{a[i]};
    b_square += double{b[i]} * double{b[i]};
  }
  const double lengths = std::sqrt(a_square * b_square);
  return lengths > 0 ? product / lengths : 0;
}

std::string_view output_name(EmbedTask task) {
  return task == EmbedTask::vectors ? "embedding" : "scores";
}

/// Of a tensor that is valid: each element after its length, little-endian.
std::vector<std::string> texts_of(const protocol::Tensor& tensor) {
  std::vector<std::string> texts;
  std::string_view rest = tensor.data.view();
  while (!rest.empty()) {
    uint32_t size = 0;
    std::memcpy(&size, rest.data(), sizeof size);
    texts.emplace_back(rest.substr(sizeof size, size));
    rest.remove_prefix(sizeof size + size);
  }
  return texts;
}

gpu::EncoderInput to_engine(const protocol::PlainText& text) {
  return {text.text, {}, {}};
}
gpu::EncoderInput to_engine(const protocol::TokenIds& tokens) {
  return {gpu::TokenInput{tokens.ids, {}}, {}, {}};
}
gpu::EncoderInput to_engine(const protocol::TextPair& pair) {
  return {gpu::TextPair{pair.first, pair.second}, {}, {}};
}

class EncoderWork final : public NativeWork {
 public:
  EncoderWork(std::unique_ptr<gpu::EncoderEngine> engine, BackendEvents& events)
      : engine_(std::move(engine)), events_(events) {}

  Status warm_up() override { return engine_->warm_up(); }
  int64_t full_step() const override { return engine_->tokens_per_step() / warm_up_tokens + 1; }

  protocol::ModelInterface interface() const override {
    using protocol::ModelTask;
    protocol::ModelInterface interface;
    // Texts can be scored by their vectors as well.
    if (has_vectors()) interface.tasks.push_back(ModelTask::vectors);
    interface.tasks.insert(interface.tasks.end(), {ModelTask::scores, ModelTask::infer, ModelTask::tokenize});
    interface.inputs.push_back({"text", DType::bytes, {protocol::any_extent}});
    const auto width = has_vectors() ? int64_t{engine_->dimensions()} : std::ssize(engine_->labels());
    interface.outputs.push_back({std::string(output_name(infer_task())), DType::f32, {protocol::any_extent, width}});
    interface.context_length = engine_->max_tokens();
    return interface;
  }

  Status submit(const WorkItem& item) override {
    if (const auto* tokenize = std::get_if<protocol::Tokenize>(&item.request->work)) return answer(item.id, *tokenize);
    if (std::holds_alternative<protocol::Generate>(item.request->work)) {
      return fail(Errc::unimplemented, "this model makes vectors or scores of texts; it generates none");
    }
    const auto* infer = std::get_if<protocol::Infer>(&item.request->work);
    TROUPE_TRY(Request request, infer != nullptr ? plan(*infer) : plan(std::get<protocol::Embed>(item.request->work)));
    requests_[item.id.value] = std::move(request);
    waiting_.push_back(item.id);
    return {};
  }

  void drop(WorkId id) override {
    const auto request = requests_.extract(id.value);
    if (request.empty()) return;
    for (const auto& [input, of] : inputs_) {
      if (of.first == id) engine_->cancel(input);
    }
    std::erase_if(inputs_, [id](const auto& entry) { return entry.second.first == id; });
  }

  /// An answer has one part, which needs no credit.
  void credit(WorkId, uint64_t) override {}

  void step() override {
    hand_over();
    for (gpu::EncoderResult& result : engine_->step()) take(std::move(result));
  }
  bool idle() const override { return engine_->idle() && waiting_.empty(); }

 private:
  struct Request {
    EmbedTask task = EmbedTask::vectors;
    std::vector<gpu::EncoderInput> inputs;  ///< For the engine; those handed over are empty.
    size_t handed_over = 0;
    size_t done = 0;
    std::vector<std::vector<float>> rows;            ///< By input.
    std::vector<std::pair<size_t, size_t>> cosines;  ///< Where each score is that of two inputs.
    bool as_tensor = false;                          ///< Asked for as tensors.
    uint32_t tokens = 0;
  };

  bool has_vectors() const { return engine_->can(gpu::EncoderTask::embed); }
  /// What texts that come as a tensor are asked for.
  EmbedTask infer_task() const { return has_vectors() ? EmbedTask::vectors : EmbedTask::scores; }

  Result<Request> plan(const protocol::Embed& embed) const {
    Request request;
    request.task = embed.task;
    const bool can_classify = engine_->can(gpu::EncoderTask::classify);
    if (embed.task == EmbedTask::scores && !can_classify) {
      TROUPE_CHECK(plan_cosines(embed, request));
    } else {
      for (const auto& input : embed.inputs) {
        gpu::EncoderInput wanted = std::visit([](const auto& held) { return to_engine(held); }, input);
        wanted.task = embed.task == EmbedTask::scores ? gpu::EncoderTask::classify : gpu::EncoderTask::embed;
        wanted.dimensions = embed.dimensions;
        request.inputs.push_back(std::move(wanted));
      }
    }
    request.rows.resize(request.inputs.size());
    return request;
  }

  /// Texts as an element of BYTES each become rows: of the output "embedding", or of "scores" where there are no
  /// vectors.
  Result<Request> plan(const protocol::Infer& infer) const {
    protocol::Embed embed;
    if (infer.inputs.size() != 1 || infer.inputs.front().dtype != DType::bytes) {
      return fail_field("inputs", "this model takes one input: texts, as BYTES");
    }
    for (std::string& text : texts_of(infer.inputs.front())) {
      if (text.empty()) return fail_field("inputs", "text {} is empty", embed.inputs.size());
      embed.inputs.emplace_back(protocol::PlainText{std::move(text)});
    }
    if (embed.inputs.empty() || embed.inputs.size() > protocol::embed_inputs_max) {
      return fail_field("inputs", "the input has {} elements; give 1 to {} texts", embed.inputs.size(),
                        protocol::embed_inputs_max);
    }
    embed.task = infer_task();
    for (const std::string& name : infer.outputs) {
      if (name != output_name(embed.task)) {
        return fail_field("outputs", "there is no output '{}'; this model has {}", name, output_name(embed.task));
      }
    }
    TROUPE_TRY(Request request, plan(embed));
    request.as_tensor = true;
    return request;
  }

  /// Each text once, however many pairs it is in.
  Status plan_cosines(const protocol::Embed& embed, Request& request) const {
    std::unordered_map<std::string, size_t> known;
    const auto input_of = [&](const std::string& text) {
      const auto [entry, is_new] = known.try_emplace(text, request.inputs.size());
      if (is_new) request.inputs.push_back({text, gpu::EncoderTask::embed, 0});
      return entry->second;
    };
    for (size_t i = 0; i < embed.inputs.size(); ++i) {
      const auto* pair = std::get_if<protocol::TextPair>(&embed.inputs[i]);
      if (pair == nullptr) {
        return fail_field("input", "input {}: this model has no classes; it scores pairs of texts, by their vectors",
                          i);
      }
      const size_t first = input_of(pair->first);
      request.cosines.emplace_back(first, input_of(pair->second));
    }
    return {};
  }

  /// As many inputs as the engine takes, of the requests that came first.
  void hand_over() {
    while (!waiting_.empty()) {
      const WorkId id = waiting_.front();
      const auto found = requests_.find(id.value);
      if (found == requests_.end() || found->second.handed_over == found->second.inputs.size()) {
        waiting_.pop_front();
        continue;
      }
      Request& request = found->second;
      const size_t index = request.handed_over;
      const uint64_t input = last_input_ + 1;
      const Status submitted = engine_->submit(input, request.inputs[index]);
      if (!submitted && submitted.error().code == Errc::overloaded) return;
      if (!submitted) {
        fail_request(id, submitted.error());
        continue;
      }
      last_input_ = input;
      inputs_[input] = {id, index};
      request.inputs[index] = {};
      ++request.handed_over;
    }
  }

  void take(gpu::EncoderResult result) {
    const auto of = inputs_.extract(result.id);
    if (of.empty()) return;
    const auto [id, index] = of.mapped();
    if (result.error) return fail_request(id, *result.error);
    Request& request = requests_.at(id.value);
    const bool is_vector = request.task == EmbedTask::vectors || !request.cosines.empty();
    request.rows[index] = is_vector ? std::move(result.embedding) : std::move(result.scores);
    request.tokens += result.tokens;
    if (++request.done == request.rows.size()) finish(id);
  }

  void fail_request(WorkId id, const Error& error) {
    drop(id);
    events_.on_error(id, error);
  }

  void finish(WorkId id) {
    auto request = std::move(requests_.extract(id.value).mapped());
    if (!request.cosines.empty()) request.rows = scores_of(request);
    protocol::EmbedResult result;
    if (request.task == EmbedTask::scores && request.cosines.empty()) result.labels = engine_->labels();
    result.usage.prompt_tokens = request.tokens;
    const size_t width = request.rows.front().size();
    std::string bytes(request.rows.size() * width * sizeof(float), '\0');
    for (size_t i = 0; i < request.rows.size(); ++i) {
      std::memcpy(bytes.data() + i * width * sizeof(float), request.rows[i].data(), width * sizeof(float));
    }
    result.values = {{},
                     DType::f32,
                     {static_cast<int64_t>(request.rows.size()), static_cast<int64_t>(width)},
                     Bytes::own(std::move(bytes))};
    protocol::ResultPart part;
    if (request.as_tensor) {
      result.values.name = output_name(request.task);
      part.content = protocol::InferResult{{std::move(result.values)}};
    } else {
      part.content = std::move(result);
    }
    events_.on_part(id, std::move(part), true);
  }

  static std::vector<std::vector<float>> scores_of(const Request& request) {
    std::vector<std::vector<float>> scores;
    for (const auto& [first, second] : request.cosines) {
      scores.push_back({static_cast<float>(cosine(request.rows[first], request.rows[second]))});
    }
    return scores;
  }

  Status answer(WorkId id, const protocol::Tokenize& tokenize) {
    TROUPE_TRY(const gpu::Tokenizer* const tokenizer, engine_->texts().tokenizer());
    std::vector<int32_t> ids;
    if (const auto* text = std::get_if<protocol::PlainText>(&tokenize.input)) {
      TROUPE_TRY(ids, tokenizer->encode(text->text, tokenize.add_special_tokens));
    } else if (const auto* tokens = std::get_if<protocol::TokenIds>(&tokenize.input)) {
      ids = tokens->ids;
    } else {
      return fail(Error{Errc::unimplemented, "this model has no chat template; send a text", "messages", {}});
    }
    protocol::ResultPart part;
    TROUPE_TRY(part.content,
               tokenize_answer(*tokenizer, std::move(ids), tokenize.add_special_tokens, engine_->max_tokens()));
    events_.on_part(id, std::move(part), true);
    return {};
  }

  const std::unique_ptr<gpu::EncoderEngine> engine_;
  BackendEvents& events_;
  std::unordered_map<uint64_t, Request> requests_;
  std::deque<WorkId> waiting_;  ///< Have inputs that are not handed over; some may have been dropped.
  std::unordered_map<uint64_t, std::pair<WorkId, size_t>> inputs_;  ///< In the engine: whose, and which.
  uint64_t last_input_ = 0;
};

}  // namespace

Result<std::unique_ptr<NativeWork>> make_encoder_work(const std::filesystem::path& folder,
                                                      const protocol::EngineSpec& spec, const Clock&,
                                                      BackendEvents& events) {
  const gpu::EncoderOptions options{.tokens_per_step = spec.step_tokens_max, .threads = spec.threads};
  TROUPE_TRY(std::unique_ptr<gpu::EncoderEngine> engine, gpu::EncoderEngine::load(folder, options));
  return std::make_unique<EncoderWork>(std::move(engine), events);
}

}  // namespace troupe::worker
