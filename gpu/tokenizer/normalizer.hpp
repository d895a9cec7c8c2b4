#pragma once
// Normalizer: rewrites a text before it is cut and looked up, as the "normalizer" of a tokenizer.json says.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/tokenizer/charsmap.hpp"
#include "gpu/tokenizer/regex.hpp"
#include "gpu/tokenizer/unicode.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gpu {

/// A text being rewritten. `at_start`: its first character stands for the first one of the text that the user gave;
/// false once characters at the front were removed.
struct NormalizedText {
  std::string text;
  bool at_start = true;
};

/// One rewriting. Texts are valid UTF-8 before and after.
class NormalizerStep {
 public:
  virtual ~NormalizerStep() = default;
  /// Errors: too_large where the text would grow beyond Normalizer::max_bytes, or a pattern needs too much work.
  virtual Status apply(NormalizedText& text) const = 0;
};

/// Steps in order; a Sequence in the file is written out. Immutable; thread-safe.
class Normalizer {
 public:
  /// No text grows beyond this.
  static constexpr size_t max_bytes = 32 << 20;
  static constexpr size_t max_steps = 64;

  void add(std::unique_ptr<NormalizerStep> step) { steps_.push_back(std::move(step)); }
  bool empty() const noexcept { return steps_.empty(); }
  size_t size() const noexcept { return steps_.size(); }

  Status apply(NormalizedText& text) const;

 private:
  std::vector<std::unique_ptr<NormalizerStep>> steps_;
};

/// "BertNormalizer": the cleaning of the original BERT, in this order.
struct BertOptions {
  bool clean_text = true;            ///< Drops controls; every white space becomes a space.
  bool handle_chinese_chars = true;  ///< Spaces around each CJK ideograph.
  bool strip_accents = true;         ///< NFD without nonspacing marks.
  bool lowercase = true;
};
std::unique_ptr<NormalizerStep> bert_normalizer(BertOptions options);

std::unique_ptr<NormalizerStep> form_normalizer(unicode::NormalForm form);
/// Every character by itself: a sigma at the end of a word becomes σ.
std::unique_ptr<NormalizerStep> lowercase_normalizer();
/// White space at the ends.
std::unique_ptr<NormalizerStep> strip_normalizer(bool left, bool right);
/// All marks.
std::unique_ptr<NormalizerStep> strip_accents_normalizer();
std::unique_ptr<NormalizerStep> replace_normalizer(Regex pattern, std::string content);
/// Requires a pattern that is not empty.
std::unique_ptr<NormalizerStep> replace_text_normalizer(std::string pattern, std::string content);
/// Before every text that is not empty.
std::unique_ptr<NormalizerStep> prepend_normalizer(std::string prefix);
/// "Nmt": drops controls, and makes spaces of what looks like one.
std::unique_ptr<NormalizerStep> nmt_normalizer();
/// "Precompiled".
std::unique_ptr<NormalizerStep> charsmap_normalizer(Charsmap map);
/// Bytes by the characters that stand for them (byte_level.hpp).
std::unique_ptr<NormalizerStep> byte_level_normalizer();

}  // namespace troupe::gpu
