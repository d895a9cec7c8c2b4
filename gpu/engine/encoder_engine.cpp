#include "gpu/engine/encoder_engine.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <optional>
#include <unordered_set>

#include "gpu/device/cpu/cpu_device.hpp"
#include "gpu/engine/class_scores.hpp"
#include "gpu/engine/encoder_texts.hpp"
#include "gpu/loader/sentence_modules.hpp"
#include "gpu/model/encoder.hpp"

namespace troupe::gpu {
namespace {

/// What warm_up() computes.
constexpr int64_t warm_up_tokens = 8;
constexpr uint32_t tokens_per_step_max = 1 << 20;

struct Waiting {
  uint64_t id;
  EncoderTokens tokens;
  EncoderTask task;
  uint32_t dimensions;
};

Status check_options(const EncoderOptions& options) {
  if (options.threads < 1) return fail_field("threads", "expected at least 1, found 0");
  if (options.max_waiting < 1) return fail_field("max_waiting", "expected at least 1, found 0");
  if (options.tokens_per_step < 1 || options.tokens_per_step > tokens_per_step_max) {
    return fail_field("tokens_per_step", "expected 1 to {}, found {}", tokens_per_step_max, options.tokens_per_step);
  }
  return {};
}

bool is_finite(std::span<const float> values) {
  return std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
}

void make_unit_length(std::vector<float>& vector) {
  double squares = 0;
  for (const float value : vector) squares += double{value} * double{value};
  const double length = std::max(std::sqrt(squares), 1e-12);
  for (float& value : vector) value = static_cast<float>(double{value} / length);
}

/// How embeddings are made; none where the model makes none.
Result<std::optional<SentenceModules>> choose_modules(const std::filesystem::path& folder,
                                                      const EncoderDescription& description) {
  if (description.classifier && !has_sentence_modules(folder)) return std::nullopt;
  return read_sentence_modules(folder, description.hidden);
}

}  // namespace

class EncoderEngine::Impl {
 public:
  static Result<std::unique_ptr<Impl>> load(const std::filesystem::path& folder, const EncoderOptions& options) {
    TROUPE_CHECK(check_options(options));
    TROUPE_TRY(const ModelFolder files, ModelFolder::open(folder));
    TROUPE_TRY(EncoderDescription description, describe_encoder(files));
    TROUPE_TRY(const std::optional<SentenceModules> modules, choose_modules(folder, description));
    if (!modules && !description.classifier) {
      return fail(Errc::invalid_argument, "{}: has neither a pooling nor a classifier", folder.string());
    }
    TROUPE_TRY(const std::optional<int64_t> wanted, read_max_tokens(folder));
    const int64_t max_tokens = std::min(wanted.value_or(description.max_tokens), description.max_tokens);
    EncoderTexts texts = EncoderTexts::open(files, {description.vocabulary, description.token_types, max_tokens},
                                            modules ? modules->prompt : std::string());

    const int64_t tokens = std::max<int64_t>(options.tokens_per_step, max_tokens);
    auto device = std::make_unique<CpuDevice>(options.threads);
    TROUPE_TRY(Encoder model,
               Encoder::load(*device, files, std::move(description), modules, {.tokens = tokens, .sequences = tokens}));
    return std::unique_ptr<Impl>(new Impl(std::move(device), std::move(model), std::move(texts), options,
                                          static_cast<uint32_t>(max_tokens), modules && modules->normalize));
  }

  bool can(EncoderTask task) const {
    return task == EncoderTask::embed ? dimensions() > 0 : model_.description().classifier.has_value();
  }
  uint32_t dimensions() const { return static_cast<uint32_t>(model_.embedding_width()); }
  const std::vector<std::string>& labels() const {
    return model_.description().classifier ? model_.description().classifier->labels : no_labels_;
  }
  uint32_t max_tokens() const { return max_tokens_; }
  uint32_t tokens_per_step() const { return static_cast<uint32_t>(model_.limits().tokens); }

  Status warm_up() {
    if (!waiting_.empty()) return fail(Errc::failed_precondition, "warm_up needs an idle engine");
    const std::vector<int32_t> zeros(static_cast<size_t>(std::min<int64_t>(warm_up_tokens, max_tokens_)), 0);
    batch_.clear();
    batch_.add(zeros, zeros);
    model_.forward(batch_);
    if (!is_finite(can(EncoderTask::embed) ? model_.embeddings() : model_.logits())) {
      return fail(Errc::internal, "the model yields numbers that are not finite");
    }
    return {};
  }

  Status submit(uint64_t id, const EncoderInput& input) {
    if (waiting_.size() >= max_waiting_) {
      return fail(Errc::overloaded, "{} inputs wait, more are not taken", waiting_.size());
    }
    return enqueue(id, input);
  }

  void cancel(uint64_t id) {
    if (ids_.erase(id) == 0) return;
    waiting_.erase(std::ranges::find(waiting_, id, &Waiting::id));
  }

  std::vector<EncoderResult> step() {
    const std::vector<Waiting> chosen = take_step();
    if (chosen.empty()) return {};
    batch_.clear();
    for (const Waiting& input : chosen) batch_.add(input.tokens.ids, input.tokens.type_ids);
    model_.forward(batch_);
    count_step(chosen.size());

    std::vector<EncoderResult> results;
    for (const Waiting& input : chosen) {
      EncoderResult& result = results.emplace_back();
      result.id = input.id;
      result.tokens = static_cast<uint32_t>(input.tokens.ids.size());
      result.is_cut = input.tokens.is_cut;
    }
    add_embeddings(chosen, results);
    add_scores(chosen, results);
    return results;
  }

  Result<std::vector<EncoderResult>> compute(const std::vector<EncoderInput>& inputs) {
    if (!waiting_.empty()) return fail(Errc::failed_precondition, "compute needs an idle engine");
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (Status status = enqueue(i, inputs[i]); !status) {
        waiting_.clear();
        ids_.clear();
        Error error = std::move(status.error());
        error.message = fmt::format("input {}: {}", i, error.message);
        return fail(std::move(error));
      }
    }
    std::vector<EncoderResult> results;
    results.reserve(inputs.size());
    while (!waiting_.empty()) std::ranges::move(step(), std::back_inserter(results));
    return results;
  }

  const EncoderTexts& texts() const { return texts_; }
  bool idle() const { return waiting_.empty(); }

  EncoderStats stats() const {
    EncoderStats stats = counters_;
    stats.waiting = static_cast<uint32_t>(waiting_.size());
    return stats;
  }

 private:
  Impl(std::unique_ptr<Device> device, Encoder model, EncoderTexts texts, const EncoderOptions& options,
       uint32_t max_tokens, bool is_normalized)
      : device_(std::move(device)),
        model_(std::move(model)),
        texts_(std::move(texts)),
        max_waiting_(options.max_waiting),
        max_tokens_(max_tokens),
        is_normalized_(is_normalized) {}

  Status enqueue(uint64_t id, const EncoderInput& input) {
    if (ids_.contains(id)) return fail(Errc::already_exists, "input {} waits already", id);
    if (!can(input.task)) {
      return fail_field("task", "this model {}",
                        input.task == EncoderTask::embed ? "classifies texts, it has no embeddings"
                                                         : "embeds texts, it has no classes");
    }
    if (input.dimensions > 0 && (input.task != EncoderTask::embed || input.dimensions > dimensions())) {
      return fail_field("dimensions", "expected at most {}, found {}",
                        input.task == EncoderTask::embed ? dimensions() : 0, input.dimensions);
    }
    TROUPE_TRY(EncoderTokens tokens, texts_.encode(input));
    ids_.insert(id);
    waiting_.push_back({id, std::move(tokens), input.task, input.dimensions});
    return {};
  }

  /// The inputs that wait longest, as many as fit.
  std::vector<Waiting> take_step() {
    std::vector<Waiting> chosen;
    size_t tokens = 0;
    while (!waiting_.empty()) {
      tokens += waiting_.front().tokens.ids.size();
      if (tokens > tokens_per_step()) break;
      ids_.erase(waiting_.front().id);
      chosen.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    return chosen;
  }

  void count_step(size_t inputs) {
    const auto tokens = static_cast<uint32_t>(batch_.tokens());
    ++counters_.steps;
    counters_.inputs += inputs;
    counters_.tokens += tokens;
    counters_.largest_step_tokens = std::max(counters_.largest_step_tokens, tokens);
  }

  static void fail_result(EncoderResult& result) {
    result.error = Error{Errc::internal, "the model's result is not finite", {}, {}};
  }

  void add_embeddings(const std::vector<Waiting>& chosen, std::vector<EncoderResult>& results) {
    if (std::ranges::find(chosen, EncoderTask::embed, &Waiting::task) == chosen.end()) return;
    const std::span<const float> all = model_.embeddings();
    for (size_t i = 0; i < chosen.size(); ++i) {
      if (chosen[i].task != EncoderTask::embed) continue;
      const auto vector = all.subspan(i * dimensions(), dimensions());
      if (!is_finite(vector)) {
        fail_result(results[i]);
        continue;
      }
      const uint32_t wanted = chosen[i].dimensions == 0 ? dimensions() : chosen[i].dimensions;
      results[i].embedding.assign(vector.begin(), vector.begin() + wanted);
      if (is_normalized_ && wanted < dimensions()) make_unit_length(results[i].embedding);
    }
  }

  void add_scores(const std::vector<Waiting>& chosen, std::vector<EncoderResult>& results) {
    if (std::ranges::find(chosen, EncoderTask::classify, &Waiting::task) == chosen.end()) return;
    const std::span<const float> all = model_.logits();
    for (size_t i = 0; i < chosen.size(); ++i) {
      if (chosen[i].task != EncoderTask::classify) continue;
      const auto logits = all.subspan(i * labels().size(), labels().size());
      if (!is_finite(logits)) {
        fail_result(results[i]);
        continue;
      }
      results[i].logits.assign(logits.begin(), logits.end());
      results[i].scores = class_scores(logits, model_.description().classifier->scores);
    }
  }

  std::unique_ptr<Device> device_;
  Encoder model_;
  EncoderTexts texts_;
  size_t max_waiting_;
  uint32_t max_tokens_;
  bool is_normalized_;
  std::vector<std::string> no_labels_;

  std::deque<Waiting> waiting_;
  std::unordered_set<uint64_t> ids_;  ///< Of those that wait.
  EncoderBatch batch_;                ///< Of the present step; kept for its memory.
  EncoderStats counters_;
};

EncoderEngine::EncoderEngine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EncoderEngine::~EncoderEngine() = default;

Result<bool> EncoderEngine::is_encoder(const std::filesystem::path& folder) {
  TROUPE_TRY(const ModelFolder files, ModelFolder::open(folder));
  return gpu::is_encoder(files);
}

Result<std::unique_ptr<EncoderEngine>> EncoderEngine::load(const std::filesystem::path& folder,
                                                           const EncoderOptions& options) {
  TROUPE_TRY(std::unique_ptr<Impl> impl, Impl::load(folder, options));
  return std::unique_ptr<EncoderEngine>(new EncoderEngine(std::move(impl)));
}

bool EncoderEngine::can(EncoderTask task) const {
  return impl_->can(task);
}
uint32_t EncoderEngine::dimensions() const {
  return impl_->dimensions();
}
const std::vector<std::string>& EncoderEngine::labels() const {
  return impl_->labels();
}
uint32_t EncoderEngine::max_tokens() const {
  return impl_->max_tokens();
}
uint32_t EncoderEngine::tokens_per_step() const {
  return impl_->tokens_per_step();
}
Status EncoderEngine::warm_up() {
  return impl_->warm_up();
}
Status EncoderEngine::submit(uint64_t id, const EncoderInput& input) {
  return impl_->submit(id, input);
}
void EncoderEngine::cancel(uint64_t id) {
  impl_->cancel(id);
}
std::vector<EncoderResult> EncoderEngine::step() {
  return impl_->step();
}
Result<std::vector<EncoderResult>> EncoderEngine::compute(const std::vector<EncoderInput>& inputs) {
  return impl_->compute(inputs);
}
const EncoderTexts& EncoderEngine::texts() const {
  return impl_->texts();
}

bool EncoderEngine::idle() const {
  return impl_->idle();
}
EncoderStats EncoderEngine::stats() const {
  return impl_->stats();
}

}  // namespace troupe::gpu
