#include "runtime/protocol/model_interface.hpp"

#include <algorithm>
#include <unordered_set>

namespace troupe::protocol {
namespace {

constexpr size_t name_bytes_max = 256;

Status validate(const TensorSpec& spec, std::string_view kind) {
  if (spec.name.empty() || spec.name.size() > name_bytes_max)
    return fail_field(std::string(kind), "an {} has a name of {} bytes; 1 to {} are wanted", kind, spec.name.size(),
                      name_bytes_max);
  if (!dtype_from_name(to_string(spec.dtype)))
    return fail_field(spec.name, "{} '{}' has the unknown type {}", kind, spec.name, static_cast<int>(spec.dtype));
  if (spec.shape.size() > tensor_rank_max)
    return fail_field(spec.name, "{} '{}' has {} axes; at most {} are allowed", kind, spec.name, spec.shape.size(),
                      tensor_rank_max);
  for (const int64_t extent : spec.shape)
    if (extent < any_extent)
      return fail_field(spec.name, "{} '{}' has an axis of length {}; a length is at least 0, or {} for any", kind,
                        spec.name, extent, any_extent);
  return {};
}

Status validate(const std::vector<TensorSpec>& specs, std::string_view kind) {
  if (specs.size() > interface_tensors_max)
    return fail_field(std::string(kind), "there are {} {}s; at most {} are allowed", specs.size(), kind,
                      interface_tensors_max);
  std::unordered_set<std::string_view> names;
  for (const TensorSpec& spec : specs) {
    TROUPE_CHECK(validate(spec, kind));
    if (!names.insert(spec.name).second) return fail_field(spec.name, "{} '{}' is declared twice", kind, spec.name);
  }
  return {};
}

}  // namespace

std::string_view to_string(ModelTask task) noexcept {
  switch (task) {
    case ModelTask::generate:
      return "generate";
    case ModelTask::chat:
      return "chat";
    case ModelTask::vectors:
      return "embed";
    case ModelTask::scores:
      return "score";
    case ModelTask::infer:
      return "infer";
    case ModelTask::tokenize:
      return "tokenize";
  }
  return "";
}

Status validate(const ModelInterface& interface) {
  for (const ModelTask task : interface.tasks)
    if (to_string(task).empty()) return fail_field("tasks", "there is no task {}", static_cast<int>(task));
  if (std::ranges::adjacent_find(interface.tasks, std::ranges::greater_equal{}) != interface.tasks.end())
    return fail_field("tasks", "tasks must rise, each once");
  TROUPE_CHECK(validate(interface.inputs, "input"));
  return validate(interface.outputs, "output");
}

const TensorSpec* find(const std::vector<TensorSpec>& specs, std::string_view name) {
  const auto found = std::ranges::find(specs, name, &TensorSpec::name);
  return found == specs.end() ? nullptr : &*found;
}

}  // namespace troupe::protocol
