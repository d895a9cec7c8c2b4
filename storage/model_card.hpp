#pragma once
// What a model's README says of itself, where it is a model card as the Hugging Face hub has them: fields between two
// lines "---" at its very beginning (https://huggingface.co/docs/hub/model-cards). Pure.

#include <map>
#include <string>
#include <string_view>

namespace troupe::storage {

/// Of "license", "license_name", "base_model" and "pipeline_tag" those that are there with a plain value on their line;
/// license_name stands in for a license that is "other". Anything else is passed over; a README without fields has
/// none.
std::map<std::string, std::string> model_card_metadata(std::string_view readme);

}  // namespace troupe::storage
