#pragma once
// Reads the "pre_tokenizer" of a tokenizer.json. Private to this folder.

#include "gpu/tokenizer/json_node.hpp"
#include "gpu/tokenizer/pre_tokenizer.hpp"

namespace troupe::gpu {

Result<PreTokenizer> read_pre_tokenizer(const JsonNode& node);

/// The members "replacement", "prepend_scheme" and "split" of a Metaspace, and those that older files have.
struct MetaspaceOptions {
  std::string_view replacement;
  PrependScheme scheme = PrependScheme::always;
  bool split = true;
};
Result<MetaspaceOptions> read_metaspace(const JsonNode& node);

}  // namespace troupe::gpu
