#include "actors/gateway/http/tf_serving.hpp"

#include <algorithm>
#include <optional>

#include "actors/gateway/http/tf_tensors.hpp"
#include "runtime/observe/text.hpp"

namespace troupe::gateway {
namespace {

using json::Array;
using json::Element;
using json::Object;

constexpr size_t tensors_max = 256;
constexpr size_t name_bytes_max = 256;
constexpr std::string_view signature_known = "serving_default";

/// {"b64":…} is a value, other objects are named values.
bool is_named(Element value) {
  return value.is_object() && !(Object(value).size() == 1 && !value["b64"].error());
}

using Declared = std::vector<protocol::TensorSpec>;

/// The columns of a request, by name, in the order they came.
class Columns {
 public:
  Columns(bool has_rows, const Declared& declared) : has_rows_(has_rows), declared_(declared) {}

  Status add_unnamed(Element value, std::string place) {
    return add(declared_.size() == 1 ? std::string_view(declared_[0].name) : tf_unnamed_input, value, std::move(place));
  }

  Status add(std::string_view name, Element value, std::string place) {
    const auto found = std::ranges::find(columns_, name, &TfColumn::name);
    if (found != columns_.end()) return found->add(value, std::move(place));
    if (name.empty() || name.size() > name_bytes_max) {
      return fail_field(place, "{} names an input of {} bytes; 1 to {} are wanted", place, name.size(), name_bytes_max);
    }
    if (columns_.size() == tensors_max) return fail_field(place, "{} names more than {} inputs", place, tensors_max);
    return columns_.emplace_back(std::string(name), has_rows_).add(value, std::move(place));
  }

  Result<std::vector<protocol::Tensor>> finish(size_t rows) const {
    std::vector<protocol::Tensor> tensors;
    for (const TfColumn& column : columns_) {
      if (has_rows_ && column.values() != rows) {
        return fail_field(column.name(), "input \"{}\" has a value in {} of {} rows", column.name(), column.values(),
                          rows);
      }
      const protocol::TensorSpec* const spec = protocol::find(declared_, column.name());
      TROUPE_TRY(protocol::Tensor tensor, spec == nullptr ? column.finish() : column.finish(spec->dtype));
      tensors.push_back(std::move(tensor));
    }
    return tensors;
  }

 private:
  const bool has_rows_;
  const Declared& declared_;
  std::vector<TfColumn> columns_;
};

Status add_named(Columns& columns, Element value, const std::string& place) {
  TROUPE_TRY(const Object object, json::as_object(value, place));
  return json::for_each_field(object, place + ".", [&](std::string_view key, Element field) {
    return columns.add(key, field, fmt::format("{}.{}", place, key));
  });
}

Result<std::vector<protocol::Tensor>> read_instances(Element value, const Declared& declared) {
  TROUPE_TRY(const Array list, json::as_array(value, "instances"));
  Columns columns(true, declared);
  size_t rows = 0;
  bool named = false;
  for (const Element row : list) {
    const std::string place = fmt::format("instances[{}]", rows);
    if (rows++ == 0) named = is_named(row);
    if (is_named(row) != named) {
      return fail_field(place, "{} must be {} as the rows before it, found {}", place,
                        named ? "an object of named values" : "a value", json::describe(row));
    }
    TROUPE_CHECK(named ? add_named(columns, row, place) : columns.add_unnamed(row, place));
  }
  if (rows == 0) return fail_field("instances", "instances must not be empty");
  return columns.finish(rows);
}

Result<std::vector<protocol::Tensor>> read_inputs(Element value, const Declared& declared) {
  Columns columns(false, declared);
  TROUPE_CHECK(is_named(value) ? add_named(columns, value, "inputs") : columns.add_unnamed(value, "inputs"));
  return columns.finish(1);
}

/// Features of single examples, and those of the context, which all examples share.
Result<std::vector<protocol::Tensor>> read_examples(Element value, const std::optional<Element>& context,
                                                    const Declared& declared) {
  TROUPE_TRY(const Array list, json::as_array(value, "examples"));
  Columns columns(true, declared);
  size_t rows = 0;
  for (const Element example : list) {
    TROUPE_CHECK(add_named(columns, example, fmt::format("examples[{}]", rows++)));
    if (context) TROUPE_CHECK(add_named(columns, *context, "context"));
  }
  if (rows == 0) return fail_field("examples", "examples must not be empty");
  return columns.finish(rows);
}

Status read_signature(Element value) {
  TROUPE_TRY(const std::string_view name, json::as_string(value, "signature_name"));
  if (name.empty() || name == signature_known) return {};
  return json::unsupported("signature_name",
                           fmt::format("must be {}: models here have one signature", signature_known));
}

Result<TfRequest> read_prediction(Object object, const Declared& declared) {
  TfRequest request;
  bool has_data = false;
  TROUPE_CHECK(json::for_each_field(object, "", [&](std::string_view key, Element value) -> Status {
    if (key == "signature_name") return read_signature(value);
    if (key != "instances" && key != "inputs") {
      return json::unknown_key(key, "", {"signature_name", "instances", "inputs"});
    }
    if (std::exchange(has_data, true))
      return fail_field("inputs", "there are both instances and inputs; one is wanted");
    request.format = key == "instances" ? TfFormat::rows : TfFormat::columns;
    TROUPE_TRY(request.infer.inputs,
               key == "instances" ? read_instances(value, declared) : read_inputs(value, declared));
    return {};
  }));
  if (!has_data) return fail_field("instances", "instances is missing: a list of rows; or inputs, in columns");
  return request;
}

Result<TfRequest> read_classification(Object object, const Declared& declared) {
  TfRequest request;
  std::optional<Element> examples;
  std::optional<Element> context;
  TROUPE_CHECK(json::for_each_field(object, "", [&](std::string_view key, Element value) -> Status {
    if (key == "signature_name") return read_signature(value);
    if (key == "examples") {
      examples = value;
    } else if (key == "context") {
      context = value;
    } else {
      return json::unknown_key(key, "", {"signature_name", "examples", "context"});
    }
    return {};
  }));
  if (!examples) return fail_field("examples", "examples is missing: a list of objects of features");
  TROUPE_TRY(request.infer.inputs, read_examples(*examples, context, declared));
  return request;
}

tl::unexpected<Error> wrong_answer(std::string message) {
  return fail(Error{Errc::failed_precondition, std::move(message), "model", {}});
}

/// How many rows all of them have along axis 0.
Result<int64_t> rows_of(const std::vector<protocol::Tensor>& outputs) {
  for (const protocol::Tensor& output : outputs) {
    if (output.shape.empty()) {
      return wrong_answer(fmt::format("output \"{}\" has no rows; ask in columns, with \"inputs\"", output.name));
    }
    if (output.shape[0] != outputs[0].shape[0]) {
      return wrong_answer(fmt::format("output \"{}\" has {} rows and \"{}\" {}; ask in columns, with \"inputs\"",
                                      outputs[0].name, outputs[0].shape[0], output.name, output.shape[0]));
    }
  }
  return outputs.empty() ? 0 : outputs[0].shape[0];
}

void append_name(std::string& out, std::string_view name) {
  observe::append_json_string(out, name, name_bytes_max);
  out += ':';
}

/// A tensor without elements has next to no bytes, but may have any number of lists to write.
bool has_too_many_lists(const protocol::Tensor& tensor) {
  constexpr int64_t lists_max = 1 << 24;
  int64_t lists = 1;
  for (const int64_t extent : tensor.shape) {
    if (extent == 0) break;
    if (extent > lists_max / lists) return tensor.data.empty();
    lists *= extent;
  }
  return false;
}

Result<std::string> format_rows(const std::vector<protocol::Tensor>& outputs) {
  TROUPE_TRY(const int64_t rows, rows_of(outputs));
  std::vector<TfWriter> writers(outputs.begin(), outputs.end());
  std::string out = R"({"predictions":[)";
  for (int64_t row = 0; row < rows; ++row) {
    if (row > 0) out += ',';
    if (outputs.size() > 1) out += '{';
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (i > 0) out += ',';
      if (outputs.size() > 1) append_name(out, outputs[i].name);
      writers[i].append(out, 1);
    }
    if (outputs.size() > 1) out += '}';
  }
  out += "]}";
  return out;
}

std::string format_columns(const std::vector<protocol::Tensor>& outputs) {
  std::string out = R"({"outputs":)";
  const bool is_named = outputs.size() != 1;
  if (is_named) out += '{';
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (i > 0) out += ',';
    if (is_named) append_name(out, outputs[i].name);
    TfWriter(outputs[i]).append(out, 0);
  }
  if (is_named) out += '}';
  out += '}';
  return out;
}

const protocol::Tensor* find(const std::vector<protocol::Tensor>& outputs, std::string_view name) {
  const auto found = std::ranges::find(outputs, name, &protocol::Tensor::name);
  return found == outputs.end() ? nullptr : &*found;
}

/// {"result":[[["label",score],…],…]}
Result<std::string> format_classes(const std::vector<protocol::Tensor>& outputs) {
  const protocol::Tensor* const scores = find(outputs, "scores");
  const protocol::Tensor* const classes = find(outputs, "classes");
  const protocol::Tensor* const any = scores != nullptr ? scores : classes;
  const auto is_flat = [](const protocol::Tensor* t) { return t == nullptr || t->shape.size() == 2; };
  if (any == nullptr || !is_flat(scores) || !is_flat(classes) ||
      (scores != nullptr && classes != nullptr && scores->shape != classes->shape)) {
    return wrong_answer("a classification needs outputs \"scores\" or \"classes\", both of shape [rows, classes]");
  }
  std::optional<TfWriter> score;
  std::optional<TfWriter> label;
  if (scores != nullptr) score.emplace(*scores);
  if (classes != nullptr) label.emplace(*classes);
  std::string out = R"({"result":[)";
  for (int64_t row = 0; row < any->shape[0]; ++row) {
    out += row > 0 ? ",[" : "[";
    for (int64_t i = 0; i < any->shape[1]; ++i) {
      out += i > 0 ? ",[" : "[";
      label ? label->append(out, 2) : void(out += "\"\"");
      out += ',';
      score ? score->append(out, 2) : void(out += "0.0");
      out += ']';
    }
    out += ']';
  }
  out += "]}";
  return out;
}

/// {"result":[value,…]}
Result<std::string> format_regression(const std::vector<protocol::Tensor>& outputs) {
  const protocol::Tensor* output = find(outputs, "outputs");
  if (output == nullptr && outputs.size() == 1) output = &outputs[0];
  const size_t rank = output == nullptr ? 0 : output->shape.size();
  if (rank == 0 || rank > 2 || (rank == 2 && output->shape[1] != 1)) {
    return wrong_answer("a regression needs an output \"outputs\", or only one, of shape [rows] or [rows, 1]");
  }
  TfWriter writer(*output);
  std::string out = R"({"result":[)";
  for (int64_t row = 0; row < output->shape[0]; ++row) {
    if (row > 0) out += ',';
    writer.append(out, rank);
  }
  out += "]}";
  return out;
}

}  // namespace

Result<TfRequest> parse_tf_request(TfVerb verb, std::string_view body, JsonParser& parser, const Declared& declared) {
  TROUPE_TRY(const Object object, json::parse_object(parser, body));
  const auto read = verb == TfVerb::predict ? read_prediction : read_classification;
  TROUPE_TRY(TfRequest request, read(object, declared));
  request.verb = verb;
  return request;
}

Result<std::string> format_tf_answer(const protocol::InferResult& result, TfVerb verb, TfFormat format) {
  for (const protocol::Tensor& output : result.outputs) {
    if (const Status valid = protocol::validate(output); !valid) {
      return fail(Errc::internal, "output is malformed: {}", valid.error().message);
    }
    if (has_too_many_lists(output)) return wrong_answer(fmt::format("output \"{}\" is empty lists only", output.name));
  }
  switch (verb) {
    case TfVerb::predict:
      break;
    case TfVerb::classify:
      return format_classes(result.outputs);
    case TfVerb::regress:
      return format_regression(result.outputs);
  }
  if (format == TfFormat::rows) return format_rows(result.outputs);
  return format_columns(result.outputs);
}

}  // namespace troupe::gateway
