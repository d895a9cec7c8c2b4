#include "gpu/tokenizer/pre_tokenizer_json.hpp"

#include "gpu/tokenizer/step_json.hpp"
#include "gpu/tokenizer/utf8.hpp"

namespace troupe::gpu {
namespace {

using Step = std::unique_ptr<PreTokenizerStep>;

Result<SplitBehavior> read_behavior(const JsonNode& node) {
  static constexpr std::array<Named<SplitBehavior>, 5> names = {{
      {"Removed", SplitBehavior::removed},
      {"Isolated", SplitBehavior::isolated},
      {"MergedWithPrevious", SplitBehavior::merged_with_previous},
      {"MergedWithNext", SplitBehavior::merged_with_next},
      {"Contiguous", SplitBehavior::contiguous},
  }};
  return read_name(node, names);
}

Result<Step> read_byte_level(const JsonNode& node) {
  TROUPE_TRY(const bool add_prefix_space, node.boolean("add_prefix_space", true));
  TROUPE_TRY(const bool use_regex, node.boolean("use_regex", true));
  return byte_level_pre_tokenizer(add_prefix_space, use_regex);
}

Result<Step> read_split(const JsonNode& node) {
  TROUPE_TRY(const PatternText pattern, read_pattern(node));
  TROUPE_TRY(Regex regex, compile_pattern(node, pattern));
  TROUPE_TRY(const JsonNode place, node.member("behavior"));
  TROUPE_TRY(const SplitBehavior behavior, read_behavior(place));
  TROUPE_TRY(const bool invert, node.boolean("invert", false));
  return split_pre_tokenizer(std::move(regex), behavior, invert);
}

Result<Step> read_punctuation(const JsonNode& node) {
  SplitBehavior behavior = SplitBehavior::isolated;
  if (const auto place = node.find("behavior")) {
    TROUPE_TRY(behavior, read_behavior(*place));
  }
  return punctuation_pre_tokenizer(behavior);
}

Result<Step> read_digits(const JsonNode& node) {
  TROUPE_TRY(const bool individual, node.boolean("individual_digits", false));
  return digits_pre_tokenizer(individual);
}

Result<Step> read_metaspace_step(const JsonNode& node) {
  TROUPE_TRY(const MetaspaceOptions options, read_metaspace(node));
  return metaspace_pre_tokenizer(std::string(options.replacement), options.scheme, options.split);
}

Result<Step> read_delimiter(const JsonNode& node) {
  TROUPE_TRY(const std::string_view delimiter, read_character(node, "delimiter"));
  return delimiter_pre_tokenizer(first_code_point(delimiter).value);
}

Result<Step> read_scripts(const JsonNode&) {
  return scripts_pre_tokenizer();
}

template <Step make()>
Result<Step> read_plain(const JsonNode&) {
  return make();
}

using ReadStep = Result<Step> (*)(const JsonNode&);
constexpr std::array<Named<ReadStep>, 10> readers = {{
    {"ByteLevel", read_byte_level},
    {"Split", read_split},
    {"BertPreTokenizer", read_plain<bert_pre_tokenizer>},
    {"Whitespace", read_plain<whitespace_pre_tokenizer>},
    {"WhitespaceSplit", read_plain<whitespace_split_pre_tokenizer>},
    {"Punctuation", read_punctuation},
    {"Digits", read_digits},
    {"Metaspace", read_metaspace_step},
    {"CharDelimiterSplit", read_delimiter},
    {"UnicodeScripts", read_scripts},
}};

}  // namespace

Result<MetaspaceOptions> read_metaspace(const JsonNode& node) {
  static constexpr std::array<Named<PrependScheme>, 3> schemes = {
      {{"always", PrependScheme::always}, {"first", PrependScheme::first}, {"never", PrependScheme::never}}};
  MetaspaceOptions options;
  TROUPE_TRY(options.replacement, read_character(node, "replacement"));
  const auto scheme = node.find("prepend_scheme");
  if (scheme) {
    TROUPE_TRY(options.scheme, read_name(*scheme, schemes));
  }
  TROUPE_TRY(const bool add_prefix_space, node.boolean("add_prefix_space", true));
  if (!add_prefix_space && scheme && options.scheme != PrependScheme::never) {
    return scheme->wrong("add_prefix_space is false, which means never");
  }
  if (!add_prefix_space) options.scheme = PrependScheme::never;
  TROUPE_TRY(options.split, node.boolean("split", true));
  return options;
}

Result<PreTokenizer> read_pre_tokenizer(const JsonNode& node) {
  PreTokenizer pre_tokenizer;
  TROUPE_CHECK(read_steps(node, "pretokenizers", [&](const JsonNode& step, const JsonNode& type) -> Status {
    if (pre_tokenizer.size() == PreTokenizer::max_steps) {
      return step.wrong(fmt::format("at most {} steps are allowed", PreTokenizer::max_steps));
    }
    TROUPE_TRY(const ReadStep read, read_name(type, readers));
    TROUPE_TRY(Step made, read(step));
    pre_tokenizer.add(std::move(made));
    return {};
  }));
  return pre_tokenizer;
}

}  // namespace troupe::gpu
