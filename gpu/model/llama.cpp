#include "gpu/model/llama.hpp"

#include <cmath>

#include "gpu/model/weight_loader.hpp"

namespace troupe::gpu {
namespace {

/// Cuts matrices off one buffer, each at a multiple of a cache line. Used twice: without a buffer to learn the size.
class Carver {
 public:
  explicit Carver(const Buffer* buffer) : buffer_(buffer) {}

  template <class T>
  void operator()(Matrix<T>& matrix, int64_t rows, int64_t columns) {
    static_assert(sizeof(T) == 4);
    if (buffer_ != nullptr) matrix = buffer_->matrix<T>(rows, columns, elements_);
    elements_ += (rows * columns + 15) / 16 * 16;
  }
  ByteCount used() const { return {static_cast<uint64_t>(elements_) * 4}; }

 private:
  const Buffer* buffer_;
  int64_t elements_ = 0;
};

int64_t count(const std::vector<int32_t>& list) {
  return static_cast<int64_t>(list.size());
}

}  // namespace

void LlamaBatch::clear() {
  token_ids.clear();
  positions.clear();
  sequences.clear();
  block_tables.clear();
  logit_rows.clear();
}

Result<LlamaModel> LlamaModel::load(Device& device, const ModelFolder& folder, const ModelConfig& config,
                                    const LlamaLimits& limits) {
  LlamaModel model(device, config, limits);
  TROUPE_CHECK(model.load_weights(folder));
  TROUPE_TRY(model.cache_, KvCache::create(device, model.config_, limits.kv_blocks));
  TROUPE_CHECK(model.allocate_work_space());
  return model;
}

Status LlamaModel::load_weights(const ModelFolder& folder) {
  const WeightLoader loader(*device_, folder);
  const auto matrix = [&](Weight& to, const std::string& name, int64_t rows, int64_t columns) -> Status {
    TROUPE_TRY(to, loader.matrix(name, rows, columns));
    return {};
  };
  const auto norm = [&](Weight& to, const std::string& name) -> Status {
    TROUPE_TRY(to, loader.vector(name, config_.hidden_size));
    return {};
  };
  const int64_t hidden = config_.hidden_size;
  const int64_t inner = config_.intermediate_size;
  const int64_t q_size = config_.num_heads * config_.head_dim;
  const int64_t kv_size = config_.num_kv_heads * config_.head_dim;

  TROUPE_CHECK(matrix(embedding_, "model.embed_tokens.weight", config_.vocab_size, hidden));
  layers_.resize(static_cast<size_t>(config_.num_layers));
  for (size_t i = 0; i < layers_.size(); ++i) {
    Layer& layer = layers_[i];
    const std::string prefix = fmt::format("model.layers.{}.", i);
    TROUPE_CHECK(norm(layer.input_norm, prefix + "input_layernorm.weight"));
    TROUPE_CHECK(matrix(layer.q, prefix + "self_attn.q_proj.weight", q_size, hidden));
    TROUPE_CHECK(matrix(layer.k, prefix + "self_attn.k_proj.weight", kv_size, hidden));
    TROUPE_CHECK(matrix(layer.v, prefix + "self_attn.v_proj.weight", kv_size, hidden));
    TROUPE_CHECK(matrix(layer.o, prefix + "self_attn.o_proj.weight", hidden, q_size));
    TROUPE_CHECK(norm(layer.post_norm, prefix + "post_attention_layernorm.weight"));
    TROUPE_CHECK(matrix(layer.gate, prefix + "mlp.gate_proj.weight", inner, hidden));
    TROUPE_CHECK(matrix(layer.up, prefix + "mlp.up_proj.weight", inner, hidden));
    TROUPE_CHECK(matrix(layer.down, prefix + "mlp.down_proj.weight", hidden, inner));
  }
  TROUPE_CHECK(norm(final_norm_, "model.norm.weight"));
  if (config_.tie_word_embeddings) {
    head_ = embedding_;
    return {};
  }
  return matrix(head_, "lm_head.weight", config_.vocab_size, hidden);
}

Status LlamaModel::allocate_work_space() {
  const auto carve_all = [this](Carver carve) {
    const int64_t tokens = limits_.tokens;
    carve(space_.hidden, tokens, config_.hidden_size);
    carve(space_.normed, tokens, config_.hidden_size);
    carve(space_.q, tokens, config_.num_heads * config_.head_dim);
    carve(space_.k, tokens, config_.num_kv_heads * config_.head_dim);
    carve(space_.v, tokens, config_.num_kv_heads * config_.head_dim);
    carve(space_.attended, tokens, config_.num_heads * config_.head_dim);
    carve(space_.gate, tokens, config_.intermediate_size);
    carve(space_.up, tokens, config_.intermediate_size);
    carve(space_.angles, tokens, config_.head_dim);
    carve(frequencies_, 1, config_.head_dim / 2);
    carve(last_hidden_, limits_.logit_rows, config_.hidden_size);
    carve(logits_, limits_.logit_rows, config_.vocab_size);
    carve(token_ids_, tokens, 1);
    carve(positions_, tokens, 1);
    carve(sequences_, tokens, 1);
    carve(block_tables_, limits_.sequences, limits_.blocks_per_sequence);
    carve(logit_rows_, limits_.logit_rows, 1);
    carve(greedy_, limits_.logit_rows, 1);
    return carve.used();
  };
  TROUPE_TRY(memory_, device_->allocate(carve_all(Carver(nullptr))));
  carve_all(Carver(&memory_));
  host_logits_.resize(static_cast<size_t>(logits_.size()));
  host_greedy_.resize(static_cast<size_t>(limits_.logit_rows));

  // In fp32 step by step, as transformers does.
  std::vector<float> frequencies;
  for (int64_t i = 0; i < config_.head_dim; i += 2) {
    const float exponent = static_cast<float>(i) / static_cast<float>(config_.head_dim);
    frequencies.push_back(1.0F / std::pow(static_cast<float>(config_.rope_theta), exponent));
  }
  device_->copy_to_device(frequencies, frequencies_);
  return {};
}

TokenLayout LlamaModel::upload(const LlamaBatch& batch) {
  const int64_t tokens = count(batch.token_ids);
  TROUPE_ASSERT(count(batch.positions) == tokens && count(batch.sequences) == tokens);
  TROUPE_ASSERT(count(batch.block_tables) % limits_.blocks_per_sequence == 0);
  const Matrix<int32_t> positions = positions_.first(tokens);
  const Matrix<int32_t> sequences = sequences_.first(tokens);
  const Matrix<int32_t> tables = block_tables_.first(count(batch.block_tables) / limits_.blocks_per_sequence);
  device_->copy_to_device(batch.token_ids, token_ids_.first(tokens));
  device_->copy_to_device(batch.positions, positions);
  device_->copy_to_device(batch.sequences, sequences);
  device_->copy_to_device(batch.block_tables, tables);
  device_->copy_to_device(batch.logit_rows, logit_rows_.first(count(batch.logit_rows)));
  return {positions, sequences, tables};
}

void LlamaModel::forward(const LlamaBatch& batch) {
  const int64_t tokens = count(batch.token_ids);
  const TokenLayout layout = upload(batch);
  const Activations a{space_.hidden.first(tokens), space_.normed.first(tokens), space_.q.first(tokens),
                      space_.k.first(tokens),      space_.v.first(tokens),      space_.attended.first(tokens),
                      space_.gate.first(tokens),   space_.up.first(tokens),     space_.angles.first(tokens)};

  device_->gather_rows(embedding_.values, token_ids_.first(tokens), a.hidden);
  device_->rotary_angles(layout.positions, frequencies_, a.angles);
  for (int64_t i = 0; i < config_.num_layers; ++i) {
    run_layer(layers_[static_cast<size_t>(i)], cache_.layer(i), layout, a);
  }

  rows_ = count(batch.logit_rows);
  if (rows_ == 0) return;
  const Matrix<float> last = last_hidden_.first(rows_);
  device_->gather_rows(a.hidden, logit_rows_.first(rows_), last);
  device_->rms_norm(last, final_norm_, static_cast<float>(config_.rms_norm_eps), last);
  device_->linear(last, head_, logits_.first(rows_), Device::Store::replace);
}

void LlamaModel::run_layer(const Layer& layer, const KvCacheLayer& cache, const TokenLayout& layout,
                           const Activations& a) {
  using enum Device::Store;
  const AttentionShape shape{config_.num_heads, config_.num_kv_heads, config_.head_dim};
  const auto epsilon = static_cast<float>(config_.rms_norm_eps);

  device_->rms_norm(a.hidden, layer.input_norm, epsilon, a.normed);
  device_->linear(a.normed, layer.q, a.q, replace);
  device_->linear(a.normed, layer.k, a.k, replace);
  device_->linear(a.normed, layer.v, a.v, replace);
  device_->rotate(a.angles, a.q);
  device_->rotate(a.angles, a.k);
  device_->write_kv(a.k, a.v, layout, shape, cache);
  device_->attention(a.q, cache, layout, shape, a.attended);
  device_->linear(a.attended, layer.o, a.hidden, add);

  device_->rms_norm(a.hidden, layer.post_norm, epsilon, a.normed);
  device_->linear(a.normed, layer.gate, a.gate, replace);
  device_->linear(a.normed, layer.up, a.up, replace);
  device_->silu_multiply(a.gate, a.up);
  device_->linear(a.gate, layer.down, a.hidden, add);
}

std::span<const float> LlamaModel::logits() {
  const std::span<float> host = std::span(host_logits_).first(static_cast<size_t>(rows_ * config_.vocab_size));
  device_->copy_to_host(logits_.first(rows_), host);
  return host;
}

std::span<const int32_t> LlamaModel::greedy_tokens() {
  const std::span<int32_t> host = std::span(host_greedy_).first(static_cast<size_t>(rows_));
  device_->argmax(logits_.first(rows_), greedy_.first(rows_));
  device_->copy_to_host(greedy_.first(rows_), host);
  return host;
}

}  // namespace troupe::gpu
