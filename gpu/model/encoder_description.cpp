#include "gpu/model/encoder_description.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "gpu/model/families/encoder_families.hpp"

namespace troupe::gpu {
namespace {

struct Family {
  std::string_view model_type;
  std::string_view architecture;  ///< Before "Model", "ForMaskedLM" or "ForSequenceClassification".
  Result<EncoderDescription> (*describe)(const ModelFolder& folder, bool is_classifier);
};

constexpr std::array<Family, 5> families{{{"bert", "Bert", describe_bert},
                                          {"roberta", "Roberta", describe_roberta},
                                          {"xlm-roberta", "XLMRoberta", describe_roberta},
                                          {"distilbert", "DistilBert", describe_distilbert},
                                          {"mpnet", "MPNet", describe_mpnet}}};

struct Match {
  const Family* family = nullptr;
  bool is_classifier = false;
};

/// A masked language model is read for its encoder alone, as sentence-transformers does.
Match find_family(const ModelFolder& folder) {
  const std::string& architecture = folder.architecture();
  for (const Family& family : families) {
    if (architecture.empty() && folder.model_type() == family.model_type) return {&family, false};
    if (!architecture.starts_with(family.architecture)) continue;
    const std::string_view task = std::string_view(architecture).substr(family.architecture.size());
    if (task == "ForSequenceClassification") return {&family, true};
    if (task == "Model" || task == "ForMaskedLM") return {&family, false};
  }
  return {};
}

}  // namespace

bool is_encoder(const ModelFolder& folder) {
  return find_family(folder).family != nullptr;
}

Result<EncoderDescription> describe_encoder(const ModelFolder& folder) {
  const Match match = find_family(folder);
  if (match.family == nullptr) {
    std::vector<std::string_view> names;
    for (const Family& family : families) names.push_back(family.architecture);
    return folder.config().unsupported(
        "architectures", fmt::format("Model, ForMaskedLM and ForSequenceClassification of {}", fmt::join(names, ", ")));
  }
  return match.family->describe(folder, match.is_classifier);
}

}  // namespace troupe::gpu
