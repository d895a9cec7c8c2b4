#include "gpu/model/decoder.hpp"

#include "gpu/model/carver.hpp"

namespace troupe::gpu {
namespace {

int64_t count(const std::vector<int32_t>& list) {
  return static_cast<int64_t>(list.size());
}

}  // namespace

void DecoderBatch::clear() {
  token_ids.clear();
  positions.clear();
  sequences.clear();
  block_tables.clear();
  logit_rows.clear();
}

Result<Decoder> Decoder::load(Device& device, const ModelFolder& folder, DecoderDescription description,
                              const DecoderLimits& limits) {
  Decoder model(device, std::move(description), limits);
  TROUPE_CHECK(model.load_weights(WeightLoader(device, folder)));
  TROUPE_TRY(model.cache_, KvCache::create(device, model.description_, limits.kv_blocks));
  TROUPE_CHECK(model.allocate_work_space());
  return model;
}

Status Decoder::load_weights(const WeightLoader& loader) {
  const DecoderDescription& d = description_;
  TROUPE_TRY(token_embedding_, loader.embedding(d.token_embedding, d.vocabulary, d.hidden));
  if (!d.position_embedding.empty()) {
    TROUPE_TRY(position_embedding_, loader.matrix(d.position_embedding, d.max_positions, d.hidden));
  }
  for (const DecoderLayerDescription& layer : d.layers) {
    TROUPE_TRY(Layer loaded, load_layer(loader, layer));
    layers_.push_back(std::move(loaded));
  }
  TROUPE_TRY(final_norm_, load_norm(loader, d.final_norm));
  head_ = token_embedding_;
  if (!d.head.empty()) {
    TROUPE_TRY(head_, loader.embedding(d.head, d.vocabulary, d.hidden));
  }
  return {};
}

Result<Decoder::Layer> Decoder::load_layer(const WeightLoader& loader, const DecoderLayerDescription& source) const {
  const DecoderDescription& d = description_;
  const int64_t q_size = d.heads * d.head_dim;
  const int64_t kv_size = d.kv_heads * d.head_dim;
  Layer layer;
  layer.attention = {.heads = d.heads, .kv_heads = d.kv_heads, .head_dim = d.head_dim, .window = source.window};
  TROUPE_TRY(layer.attention_norm, load_norm(loader, source.attention_norm));
  TROUPE_TRY(layer.q, loader.linear(source.q, q_size, d.hidden));
  TROUPE_TRY(layer.k, loader.linear(source.k, kv_size, d.hidden));
  TROUPE_TRY(layer.v, loader.linear(source.v, kv_size, d.hidden));
  TROUPE_TRY(layer.o, loader.linear(source.o, d.hidden, q_size));
  TROUPE_TRY(layer.mlp_norm, load_norm(loader, source.mlp_norm));
  if (!d.plain_activation) {
    TROUPE_TRY(layer.gate, loader.linear(source.gate, d.inner, d.hidden));
  }
  TROUPE_TRY(layer.up, loader.linear(source.up, d.inner, d.hidden));
  TROUPE_TRY(layer.down, loader.linear(source.down, d.hidden, d.inner));
  return layer;
}

Result<Decoder::Norm> Decoder::load_norm(const WeightLoader& loader, const NormSource& source) const {
  Norm norm;
  TROUPE_TRY(norm.weight, loader.vector(source.weight, description_.hidden));
  if (description_.norm == NormKind::layer) {
    TROUPE_TRY(norm.bias, loader.vector(source.bias, description_.hidden));
  }
  return norm;
}

Status Decoder::allocate_work_space() {
  const auto carve_all = [this](Carver carve) {
    const DecoderDescription& d = description_;
    const int64_t tokens = limits_.tokens;
    const auto half_head = static_cast<int64_t>(d.rotary ? d.rotary->frequencies.size() : 0);
    carve(space_.hidden, tokens, d.hidden);
    carve(space_.normed, tokens, d.hidden);
    carve(space_.q, tokens, d.heads * d.head_dim);
    carve(space_.k, tokens, d.kv_heads * d.head_dim);
    carve(space_.v, tokens, d.kv_heads * d.head_dim);
    carve(space_.attended, tokens, d.heads * d.head_dim);
    carve(space_.gate, tokens, d.plain_activation ? 0 : d.inner);
    carve(space_.up, tokens, d.inner);
    carve(space_.angles, tokens, 2 * half_head);
    carve(frequencies_, 1, half_head);
    carve(last_hidden_, limits_.logit_rows, d.hidden);
    carve(logits_, limits_.logit_rows, d.vocabulary);
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
  if (description_.rotary) device_->copy_to_device(description_.rotary->frequencies, frequencies_);
  return {};
}

TokenLayout Decoder::upload(const DecoderBatch& batch) {
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

void Decoder::forward(const DecoderBatch& batch) {
  const int64_t tokens = count(batch.token_ids);
  const TokenLayout layout = upload(batch);
  const Activations a{space_.hidden.first(tokens), space_.normed.first(tokens), space_.q.first(tokens),
                      space_.k.first(tokens),      space_.v.first(tokens),      space_.attended.first(tokens),
                      space_.gate.first(tokens),   space_.up.first(tokens),     space_.angles.first(tokens)};

  embed(token_ids_.first(tokens), layout, a);
  for (size_t i = 0; i < layers_.size(); ++i) {
    run_attention(layers_[i], cache_.layer(static_cast<int64_t>(i)), layout, a);
    run_mlp(layers_[i], a);
  }

  rows_ = count(batch.logit_rows);
  if (rows_ == 0) return;
  const Matrix<float> last = last_hidden_.first(rows_);
  device_->gather_rows(a.hidden, logit_rows_.first(rows_), last);
  normalize(last, final_norm_, last);
  device_->linear(last, head_, logits_.first(rows_), Device::Store::replace);
}

void Decoder::embed(Matrix<const int32_t> token_ids, const TokenLayout& layout, const Activations& a) {
  device_->gather_rows(token_embedding_, token_ids, a.hidden);
  if (!description_.position_embedding.empty()) {
    device_->add_rows(position_embedding_.values, layout.positions, a.hidden);
  }
  if (description_.rotary) {
    device_->rotary_angles(layout.positions, frequencies_, description_.rotary->scale, a.angles);
  }
}

void Decoder::run_attention(const Layer& layer, const KvCacheLayer& cache, const TokenLayout& layout,
                            const Activations& a) {
  using enum Device::Store;
  normalize(a.hidden, layer.attention_norm, a.normed);
  multiply(a.normed, layer.q, a.q, replace);
  multiply(a.normed, layer.k, a.k, replace);
  multiply(a.normed, layer.v, a.v, replace);
  if (description_.rotary) {
    device_->rotate(a.angles, a.q);
    device_->rotate(a.angles, a.k);
  }
  device_->write_kv(a.k, a.v, layout, layer.attention, cache);
  device_->attention(a.q, cache, layout, layer.attention, a.attended);
  multiply(a.attended, layer.o, a.hidden, add);
}

void Decoder::run_mlp(const Layer& layer, const Activations& a) {
  using enum Device::Store;
  normalize(a.hidden, layer.mlp_norm, a.normed);
  multiply(a.normed, layer.up, a.up, replace);
  if (description_.plain_activation) {
    device_->activate(*description_.plain_activation, a.up);
    return multiply(a.up, layer.down, a.hidden, add);
  }
  multiply(a.normed, layer.gate, a.gate, replace);
  device_->silu_multiply(a.gate, a.up);
  multiply(a.gate, layer.down, a.hidden, add);
}

void Decoder::normalize(Matrix<const float> x, const Norm& norm, Matrix<float> out) {
  if (description_.norm == NormKind::layer) {
    device_->layer_norm(x, norm.weight, norm.bias, description_.norm_epsilon, out);
  } else {
    device_->rms_norm(x, norm.weight, description_.norm_epsilon, out);
  }
}

void Decoder::multiply(Matrix<const float> x, const Linear& linear, Matrix<float> y, Device::Store store) {
  device_->linear(x, linear.weight, linear.bias, y, store);
}

std::span<const float> Decoder::logits() {
  const std::span<float> host = std::span(host_logits_).first(static_cast<size_t>(rows_ * description_.vocabulary));
  device_->copy_to_host(logits_.first(rows_), host);
  return host;
}

std::span<const int32_t> Decoder::greedy_tokens() {
  const std::span<int32_t> host = std::span(host_greedy_).first(static_cast<size_t>(rows_));
  device_->argmax(logits_.first(rows_), greedy_.first(rows_));
  device_->copy_to_host(greedy_.first(rows_), host);
  return host;
}

}  // namespace troupe::gpu
