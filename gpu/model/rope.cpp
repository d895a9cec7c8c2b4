#include "gpu/model/rope.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace troupe::gpu {
namespace {

constexpr double default_theta = 10'000;
constexpr double max_theta = 1e12;
constexpr double max_factor = 1e6;
constexpr int64_t max_original_positions = 1 << 24;
constexpr std::string_view supported_types = "default, linear, llama3, yarn";

/// What config.json says, before a type is asked about its own keys.
struct Options {
  JsonFields fields;  ///< Where the keys of the type stand.
  std::string type;
  double theta;
  int64_t original_positions;  ///< Longest sequence before the scaling.
};

/// Newer files have all in rope_parameters; older ones the theta at the top and the rest in rope_scaling.
Result<JsonFields> options_object(const JsonFields& config) {
  TROUPE_TRY(const std::optional<JsonFields> newer, config.object("rope_parameters"));
  TROUPE_TRY(const std::optional<JsonFields> older, config.object("rope_scaling"));
  if (newer && older) return config.wrong("rope_scaling", "nothing beside rope_parameters");
  return newer ? *newer : older ? *older : config;
}

Result<std::string> read_type(const JsonFields& rope) {
  TROUPE_TRY(const std::string type, rope.text("rope_type", "default"));
  TROUPE_TRY(const std::string older, rope.text("type", type));
  if (rope.has("rope_type") && older != type) return rope.wrong("type", type + " as in rope_type");
  return older;
}

Status check_whole_heads(const JsonFields& fields) {
  TROUPE_TRY(const double partial, fields.number("partial_rotary_factor", 0, 1, 1.0));
  if (partial != 1.0) return fields.unsupported("partial_rotary_factor", "1");
  return {};
}

Result<double> read_theta(const JsonFields& config, const JsonFields& rope) {
  TROUPE_TRY(const double outer, config.number("rope_theta", 1, max_theta, default_theta));
  TROUPE_TRY(const double inner, rope.number("rope_theta", 1, max_theta, outer));
  if (config.has("rope_theta") && inner != outer) {
    return rope.wrong("rope_theta", fmt::format("{} as elsewhere in the file", outer));
  }
  return inner;
}

Result<Options> read_options(const JsonFields& config, int64_t max_positions) {
  TROUPE_TRY(const JsonFields rope, options_object(config));
  // Options by type of layer: nothing that is read here stands in them.
  for (const char* layers : {"full_attention", "sliding_attention"}) {
    if (rope.has(layers)) return rope.unsupported(layers, "the same options for all layers");
  }
  TROUPE_CHECK(check_whole_heads(config));
  TROUPE_CHECK(check_whole_heads(rope));
  TROUPE_TRY(const double theta, read_theta(config, rope));
  const bool has_object = config.has("rope_parameters") || config.has("rope_scaling");
  TROUPE_TRY(std::string type, has_object ? read_type(rope) : Result<std::string>("default"));
  const JsonFields& place = config.has("original_max_position_embeddings") ? config : rope;
  TROUPE_TRY(const int64_t original,
             place.integer("original_max_position_embeddings", 1, max_original_positions, max_positions));
  return Options{rope, std::move(type), theta, original};
}

std::vector<float> plain_frequencies(double theta, int64_t head_dim) {
  std::vector<float> frequencies;
  for (int64_t i = 0; i < head_dim; i += 2) {
    const float exponent = static_cast<float>(i) / static_cast<float>(head_dim);
    frequencies.push_back(1.0F / std::pow(static_cast<float>(theta), exponent));
  }
  return frequencies;
}

Result<Rotary> read_linear(const Options& options, Rotary rotary) {
  TROUPE_TRY(const double factor, options.fields.number("factor", 1, max_factor));
  for (float& frequency : rotary.frequencies) frequency /= static_cast<float>(factor);
  return rotary;
}

/// Slow frequencies are divided by the factor, fast ones stay, those between are mixed.
Result<Rotary> read_llama3(const Options& options, Rotary rotary) {
  const JsonFields& rope = options.fields;
  TROUPE_TRY(const double factor, rope.number("factor", 1, max_factor));
  TROUPE_TRY(const double low, rope.number("low_freq_factor", 1e-6, max_factor));
  TROUPE_TRY(const double high, rope.number("high_freq_factor", 1e-6, max_factor));
  if (high <= low) return rope.wrong("high_freq_factor", fmt::format("more than low_freq_factor = {}", low));

  const auto divisor = static_cast<float>(factor);
  const auto context = static_cast<float>(options.original_positions);
  const auto slowest = static_cast<float>(static_cast<double>(options.original_positions) / low);
  const auto fastest = static_cast<float>(static_cast<double>(options.original_positions) / high);
  for (float& frequency : rotary.frequencies) {
    const float wavelength = static_cast<float>(2 * std::numbers::pi) / frequency;
    if (wavelength > slowest) {
      frequency /= divisor;
    } else if (wavelength >= fastest) {
      const float smooth = (context / wavelength - static_cast<float>(low)) / static_cast<float>(high - low);
      frequency = (1 - smooth) * frequency / divisor + smooth * frequency;
    }
  }
  return rotary;
}

/// The dimension whose wave turns `rotations` times within the original context.
double yarn_dimension(double rotations, int64_t head_dim, const Options& options) {
  const auto context = static_cast<double>(options.original_positions);
  return static_cast<double>(head_dim) * std::log(context / (rotations * 2 * std::numbers::pi)) /
         (2 * std::log(options.theta));
}

Result<float> yarn_scale(const JsonFields& rope, double factor) {
  const auto scale = [&](double weight) { return 0.1 * weight * std::log(factor) + 1; };
  TROUPE_TRY(const double first, rope.number("mscale", 0, max_factor, 0.0));
  TROUPE_TRY(const double second, rope.number("mscale_all_dim", 0, max_factor, 0.0));
  const double implied = first > 0 && second > 0 ? scale(first) / scale(second) : scale(1);
  TROUPE_TRY(const double given, rope.number("attention_factor", 0, max_factor, implied));
  return static_cast<float>(given);
}

/// Slow frequencies are divided by the factor, fast ones stay, with a ramp over the dimensions between.
Result<Rotary> read_yarn(const Options& options, Rotary rotary) {
  const JsonFields& rope = options.fields;
  TROUPE_TRY(const double factor, rope.number("factor", 1, max_factor));
  TROUPE_TRY(const double fast, rope.number("beta_fast", 1e-6, max_factor, 32.0));
  TROUPE_TRY(const double slow, rope.number("beta_slow", 1e-6, max_factor, 1.0));
  TROUPE_TRY(const bool truncate, rope.boolean("truncate", true));
  TROUPE_TRY(rotary.scale, yarn_scale(rope, factor));
  if (options.theta == 1) return rope.wrong("rope_theta", "more than 1");

  const auto head_dim = static_cast<int64_t>(2 * rotary.frequencies.size());
  double first = yarn_dimension(fast, head_dim, options);
  double last = yarn_dimension(slow, head_dim, options);
  if (truncate) {
    first = std::floor(first);
    last = std::ceil(last);
  }
  first = std::max(first, 0.0);
  last = std::min(last, static_cast<double>(head_dim - 1));
  if (first == last) last += 0.001;
  for (size_t i = 0; i < rotary.frequencies.size(); ++i) {
    const auto ramp = static_cast<float>((static_cast<double>(i) - first) / (last - first));
    const float slowed = std::clamp(ramp, 0.0F, 1.0F);
    const float plain = rotary.frequencies[i];
    rotary.frequencies[i] = plain / static_cast<float>(factor) * slowed + plain * (1 - slowed);
  }
  return rotary;
}

}  // namespace

Result<Rotary> read_rotary(const JsonFields& config, int64_t head_dim, int64_t max_positions) {
  TROUPE_TRY(const Options options, read_options(config, max_positions));
  Rotary plain{plain_frequencies(options.theta, head_dim)};
  if (options.type == "default") return plain;
  if (options.type == "linear") return read_linear(options, std::move(plain));
  if (options.type == "llama3") return read_llama3(options, std::move(plain));
  if (options.type == "yarn") return read_yarn(options, std::move(plain));
  return options.fields.unsupported(options.fields.has("rope_type") ? "rope_type" : "type", supported_types);
}

}  // namespace troupe::gpu
