#pragma once
// PreTokenizer: cuts a normalized text into pieces, as the "pre_tokenizer" of a tokenizer.json says.

#include <memory>
#include <string>
#include <vector>

#include "gpu/tokenizer/pieces.hpp"
#include "gpu/tokenizer/regex.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gpu {

/// Cuts or rewrites the pieces that are text. Texts are valid UTF-8 before and after.
class PreTokenizerStep {
 public:
  virtual ~PreTokenizerStep() = default;
  /// Errors: too_large where a pattern needs too much work. The text becomes at most four times as long.
  virtual Status apply(Pieces& pieces) const = 0;
};

/// Steps in order; a Sequence in the file is written out. Immutable; thread-safe.
class PreTokenizer {
 public:
  /// No text grows beyond this.
  static constexpr size_t max_bytes = 64 << 20;
  static constexpr size_t max_steps = 64;

  void add(std::unique_ptr<PreTokenizerStep> step) { steps_.push_back(std::move(step)); }
  size_t size() const noexcept { return steps_.size(); }

  Status apply(Pieces& pieces) const;

 private:
  std::vector<std::unique_ptr<PreTokenizerStep>> steps_;
};

/// When Metaspace puts its character before a piece that does not begin with it.
enum class PrependScheme : uint8_t { always, first, never };

/// GPT-2's: words by its pattern if `use_regex`, then bytes by the characters that stand for them (byte_level.hpp).
Result<std::unique_ptr<PreTokenizerStep>> byte_level_pre_tokenizer(bool add_prefix_space, bool use_regex);
std::unique_ptr<PreTokenizerStep> split_pre_tokenizer(Regex pattern, SplitBehavior behavior, bool invert);
/// White space removed, punctuation isolated.
std::unique_ptr<PreTokenizerStep> bert_pre_tokenizer();
/// Runs of word characters, and runs of what is neither that nor white space.
std::unique_ptr<PreTokenizerStep> whitespace_pre_tokenizer();
std::unique_ptr<PreTokenizerStep> whitespace_split_pre_tokenizer();
std::unique_ptr<PreTokenizerStep> punctuation_pre_tokenizer(SplitBehavior behavior);
std::unique_ptr<PreTokenizerStep> digits_pre_tokenizer(bool individual);
/// SentencePiece's: spaces become `replacement`, one character; `split`: pieces begin with it.
std::unique_ptr<PreTokenizerStep> metaspace_pre_tokenizer(std::string replacement, PrependScheme scheme, bool split);
/// `delimiter` is one character, and is removed.
std::unique_ptr<PreTokenizerStep> delimiter_pre_tokenizer(uint32_t delimiter);
/// Where the script changes; Kana counts as Han, spaces belong to what stands before them.
Result<std::unique_ptr<PreTokenizerStep>> scripts_pre_tokenizer();

}  // namespace troupe::gpu
