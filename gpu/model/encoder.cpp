#include "gpu/model/encoder.hpp"

#include <algorithm>
#include <array>

#include "gpu/model/carver.hpp"
#include "gpu/model/relative_positions.hpp"

namespace troupe::gpu {
namespace {

/// A view of the same memory with rows of another width.
Matrix<float> reshaped(Matrix<float> matrix, int64_t rows, int64_t columns) {
  TROUPE_ASSERT(rows * columns <= matrix.size());
  return {matrix.data, rows, columns};
}

}  // namespace

void EncoderBatch::clear() {
  token_ids.clear();
  type_ids.clear();
  offsets.assign(1, 0);
}

void EncoderBatch::add(std::span<const int32_t> ids, std::span<const int32_t> types) {
  TROUPE_ASSERT(!ids.empty() && ids.size() == types.size());
  token_ids.insert(token_ids.end(), ids.begin(), ids.end());
  type_ids.insert(type_ids.end(), types.begin(), types.end());
  offsets.push_back(static_cast<int32_t>(token_ids.size()));
}

Result<Encoder> Encoder::load(Device& device, const ModelFolder& folder, EncoderDescription description,
                              std::optional<SentenceModules> modules, const EncoderLimits& limits) {
  Encoder model(device, std::move(description), std::move(modules), limits);
  TROUPE_CHECK(model.load_weights(folder));
  TROUPE_CHECK(model.load_dense());
  TROUPE_CHECK(model.allocate_work_space());
  return model;
}

int64_t Encoder::embedding_width() const noexcept {
  if (!modules_) return 0;
  return modules_->dense.empty() ? description_.hidden : modules_->dense.back().out;
}

Status Encoder::load_weights(const ModelFolder& folder) {
  const WeightLoader loader(*device_, folder);
  const EncoderDescription& d = description_;
  const auto linear = [&](Linear& to, const std::string& name, int64_t rows, int64_t columns) -> Status {
    TROUPE_TRY(to, loader.factor({.weight = name + ".weight", .bias = name + ".bias"}, rows, columns));
    return {};
  };
  // The first checkpoints of BERT call a norm's weight and bias gamma and beta.
  const auto norm = [&](Norm& to, const std::string& name) -> Status {
    const bool is_old = folder.has_tensor(name + ".gamma");
    TROUPE_TRY(to.weight, loader.vector(name + (is_old ? ".gamma" : ".weight"), d.hidden));
    TROUPE_TRY(to.bias, loader.vector(name + (is_old ? ".beta" : ".bias"), d.hidden));
    return {};
  };

  TROUPE_TRY(token_embedding_, loader.matrix(d.token_embedding, d.vocabulary, d.hidden));
  TROUPE_TRY(position_embedding_, loader.matrix(d.position_embedding, d.first_position + d.max_tokens, d.hidden));
  if (!d.type_embedding.empty()) {
    TROUPE_TRY(type_embedding_, loader.matrix(d.type_embedding, d.token_types, d.hidden));
  }
  TROUPE_CHECK(norm(embedding_norm_, d.embedding_norm));
  for (const EncoderLayerNames& names : d.layers) {
    Layer& layer = layers_.emplace_back();
    TROUPE_CHECK(linear(layer.q, names.q, d.hidden, d.hidden));
    TROUPE_CHECK(linear(layer.k, names.k, d.hidden, d.hidden));
    TROUPE_CHECK(linear(layer.v, names.v, d.hidden, d.hidden));
    TROUPE_CHECK(linear(layer.o, names.o, d.hidden, d.hidden));
    TROUPE_CHECK(norm(layer.attention_norm, names.attention_norm));
    TROUPE_CHECK(linear(layer.up, names.up, d.inner, d.hidden));
    TROUPE_CHECK(linear(layer.down, names.down, d.hidden, d.inner));
    TROUPE_CHECK(norm(layer.output_norm, names.output_norm));
  }
  if (!d.relative_bias.empty()) TROUPE_CHECK(load_relative_bias(loader));
  if (!d.classifier) return {};
  TROUPE_CHECK(linear(classifier_dense_, d.classifier->dense, d.hidden, d.hidden));
  return linear(classifier_, d.classifier->out, static_cast<int64_t>(d.classifier->labels.size()), d.hidden);
}

Status Encoder::load_relative_bias(const WeightLoader& loader) {
  const EncoderDescription& d = description_;
  TROUPE_TRY(const Weight table, loader.matrix(d.relative_bias, d.relative_buckets, d.heads));
  std::vector<float> host(static_cast<size_t>(table.values.size()));
  device_->copy_to_host(table.values, host);
  const int64_t reach = d.max_tokens - 1;
  const std::vector<float> expanded = expand_relative_bias(host, d.relative_buckets, d.heads, reach);
  TROUPE_TRY(relative_memory_, device_->allocate({expanded.size() * sizeof(float)}));
  relative_bias_ = relative_memory_.matrix<float>(d.heads, 2 * reach + 1);
  device_->copy_to_device(expanded, relative_bias_);
  return {};
}

Status Encoder::load_dense() {
  if (!modules_) return {};
  for (const DenseModule& module : modules_->dense) {
    Linear& dense = dense_.emplace_back();
    TROUPE_TRY(const ModelTensor weight, read_dense_tensor(module, "linear.weight", std::array{module.out, module.in}));
    const std::span values(reinterpret_cast<const float*>(weight.data.data()), weight.data.size() / sizeof(float));
    TROUPE_TRY(dense.weight, device_->import_factor(values, module.out, module.in));
    if (!module.has_bias) continue;
    TROUPE_TRY(const ModelTensor bias, read_dense_tensor(module, "linear.bias", std::array{module.out}));
    TROUPE_TRY(dense.bias, device_->import_weight(bias.owner, bias.data, bias.dtype, 1, module.out));
  }
  return {};
}

Status Encoder::allocate_work_space() {
  int64_t widest = description_.hidden;
  for (const Linear& dense : dense_) widest = std::max(widest, dense.weight.values.rows);
  if (description_.classifier) widest = std::max(widest, classifier_.weight.values.rows);
  const auto carve_all = [&](Carver carve) {
    carve(space_.hidden, limits_.tokens, description_.hidden);
    carve(space_.q, limits_.tokens, description_.hidden);
    carve(space_.k, limits_.tokens, description_.hidden);
    carve(space_.v, limits_.tokens, description_.hidden);
    carve(space_.attended, limits_.tokens, description_.hidden);
    carve(space_.inner, limits_.tokens, description_.inner);
    carve(pooled_, limits_.sequences, widest);
    carve(pooled_next_, limits_.sequences, widest);
    carve(token_ids_, limits_.tokens, 1);
    carve(positions_, limits_.tokens, 1);
    carve(type_ids_, limits_.tokens, 1);
    carve(offsets_, limits_.sequences + 1, 1);
    return carve.used();
  };
  TROUPE_TRY(memory_, device_->allocate(carve_all(Carver(nullptr))));
  carve_all(Carver(&memory_));
  host_.resize(static_cast<size_t>(pooled_.size()));
  return {};
}

std::vector<int32_t> Encoder::positions_of(const EncoderBatch& batch) const {
  std::vector<int32_t> positions;
  positions.reserve(batch.token_ids.size());
  const auto first = static_cast<int32_t>(description_.first_position);
  for (size_t sequence = 1; sequence < batch.offsets.size(); ++sequence) {
    int32_t next = first;
    for (auto i = static_cast<size_t>(batch.offsets[sequence - 1]); i < static_cast<size_t>(batch.offsets[sequence]);
         ++i) {
      const bool is_padding = description_.padding_id >= 0 && batch.token_ids[i] == description_.padding_id;
      positions.push_back(is_padding ? first - 1 : next++);
    }
  }
  return positions;
}

void Encoder::embed_tokens(const EncoderBatch& batch, Matrix<float> hidden) {
  const Matrix<int32_t> tokens = token_ids_.first(batch.tokens());
  const Matrix<int32_t> positions = positions_.first(batch.tokens());
  device_->copy_to_device(batch.token_ids, tokens);
  device_->copy_to_device(positions_of(batch), positions);
  device_->gather_rows(token_embedding_.values, tokens, hidden);
  if (!description_.type_embedding.empty()) {
    const Matrix<int32_t> types = type_ids_.first(batch.tokens());
    device_->copy_to_device(batch.type_ids, types);
    device_->add_rows(type_embedding_.values, types, hidden);
  }
  device_->add_rows(position_embedding_.values, positions, hidden);
  device_->layer_norm(hidden, embedding_norm_.weight, embedding_norm_.bias, description_.norm_epsilon, hidden);
}

void Encoder::forward(const EncoderBatch& batch) {
  const int64_t tokens = batch.tokens();
  tokens_ = tokens;
  TROUPE_ASSERT(tokens >= 1 && tokens <= limits_.tokens && batch.sequences() <= limits_.sequences);
  const Activations a{space_.hidden.first(tokens), space_.q.first(tokens),        space_.k.first(tokens),
                      space_.v.first(tokens),      space_.attended.first(tokens), space_.inner.first(tokens)};
  const Matrix<int32_t> offsets = offsets_.first(batch.sequences() + 1);
  device_->copy_to_device(batch.offsets, offsets);
  sequences_ = {offsets, 0};
  for (size_t i = 1; i < batch.offsets.size(); ++i) {
    sequences_.longest = std::max<int64_t>(sequences_.longest, batch.offsets[i] - batch.offsets[i - 1]);
  }
  TROUPE_ASSERT(sequences_.longest <= description_.max_tokens);

  embed_tokens(batch, a.hidden);
  for (const Layer& layer : layers_) run_layer(layer, a);
}

void Encoder::run_layer(const Layer& layer, const Activations& a) {
  using enum Device::Store;
  const AttentionShape shape{description_.heads, description_.heads, description_.hidden / description_.heads};
  const float epsilon = description_.norm_epsilon;

  linear(a.hidden, layer.q, a.q, replace);
  linear(a.hidden, layer.k, a.k, replace);
  linear(a.hidden, layer.v, a.v, replace);
  device_->self_attention(a.q, a.k, a.v, sequences_, shape, relative_bias_, a.attended);
  linear(a.attended, layer.o, a.hidden, add);
  device_->layer_norm(a.hidden, layer.attention_norm.weight, layer.attention_norm.bias, epsilon, a.hidden);

  linear(a.hidden, layer.up, a.inner, replace);
  device_->activate(description_.activation, a.inner);
  linear(a.inner, layer.down, a.hidden, add);
  device_->layer_norm(a.hidden, layer.output_norm.weight, layer.output_norm.bias, epsilon, a.hidden);
}

void Encoder::linear(Matrix<const float> x, const Linear& map, Matrix<float> y, Device::Store store) {
  device_->linear(x, map.weight, map.bias, y, store);
}

std::span<const float> Encoder::embeddings() {
  TROUPE_ASSERT(modules_);
  const Matrix<float> hidden = space_.hidden.first(tokens_);
  Matrix<float> vectors = reshaped(pooled_, sequences_.count(), description_.hidden);
  device_->pool(modules_->pooling, hidden, sequences_, vectors);
  bool is_in_next = false;
  for (size_t i = 0; i < dense_.size(); ++i) {
    is_in_next = !is_in_next;
    const Matrix<float> out =
        reshaped(is_in_next ? pooled_next_ : pooled_, sequences_.count(), dense_[i].weight.values.rows);
    linear(vectors, dense_[i], out, Device::Store::replace);
    if (modules_->dense[i].activation) device_->activate(*modules_->dense[i].activation, out);
    vectors = out;
  }
  if (modules_->normalize) device_->normalize_length(vectors);
  return to_host(vectors);
}

std::span<const float> Encoder::logits() {
  TROUPE_ASSERT(description_.classifier);
  const int64_t count = sequences_.count();
  const Matrix<float> first = reshaped(pooled_, count, description_.hidden);
  const Matrix<float> dense = reshaped(pooled_next_, count, description_.hidden);
  const Matrix<float> out = reshaped(pooled_, count, classifier_.weight.values.rows);
  device_->pool(Pooling::first, space_.hidden.first(tokens_), sequences_, first);
  linear(first, classifier_dense_, dense, Device::Store::replace);
  device_->activate(description_.classifier->activation, dense);
  linear(dense, classifier_, out, Device::Store::replace);
  return to_host(out);
}

std::span<const float> Encoder::to_host(Matrix<const float> from) {
  const std::span<float> host = std::span(host_).first(static_cast<size_t>(from.size()));
  device_->copy_to_host(from, host);
  return host;
}

}  // namespace troupe::gpu
