#include "actors/gateway/http/text_inference.hpp"

#include "actors/gateway/http/json_reader.hpp"
#include "runtime/observe/text.hpp"

namespace troupe::gateway {
namespace {

using json::Array;
using json::Element;
using json::Object;

constexpr size_t stops_max = 4;
constexpr size_t id_bytes_max = 256;
constexpr int64_t tokens_most = std::numeric_limits<int32_t>::max();

Result<std::vector<std::string>> read_stop(Element value, const std::string& path) {
  std::vector<std::string> stops;
  const auto add = [&](Element element) -> Status {
    TROUPE_TRY(const std::string_view text, json::as_string(element, path));
    if (text.empty()) return fail_field(path, "{} must not hold an empty string", path);
    if (stops.size() == stops_max) return fail_field(path, "{} may list {} strings", path, stops_max);
    stops.emplace_back(text);
    return {};
  };
  if (!value.is_array()) {
    TROUPE_CHECK(add(value));
    return stops;
  }
  for (const Element element : Array(value)) TROUPE_CHECK(add(element));
  return stops;
}

Result<double> read_number(Element value, const std::string& path, double least, double most) {
  const std::string wanted = fmt::format("a number from {} to {}", least, most);
  TROUPE_TRY(const double number, json::as_number(value, path, wanted));
  if (number >= least && number <= most) return number;
  return fail_field(path, "{} must be {}, found {}", path, wanted, number);
}

Status read_parameter(std::string_view key, Element value, const std::string& path, protocol::Generate& generate) {
  protocol::Sampling& sampling = generate.sampling;
  if (key == "max_tokens") {
    TROUPE_TRY(const int64_t tokens, json::as_integer(value, path, 1, tokens_most));
    sampling.max_tokens = static_cast<uint32_t>(tokens);
  } else if (key == "temperature") {
    TROUPE_TRY(sampling.temperature, read_number(value, path, 0, 2));
  } else if (key == "top_p") {
    TROUPE_TRY(sampling.top_p, read_number(value, path, 0, 1));
    if (sampling.top_p == 0) return fail_field(path, "{} must be above 0", path);
  } else if (key == "top_k") {
    TROUPE_TRY(const int64_t count, json::as_integer(value, path, 0, tokens_most));
    sampling.top_k = static_cast<uint32_t>(count);
  } else if (key == "seed") {
    TROUPE_TRY(const int64_t seed, json::as_integer(value, path, 0, std::numeric_limits<int64_t>::max()));
    sampling.seed = static_cast<uint64_t>(seed);
  } else if (key == "stop") {
    TROUPE_TRY(sampling.stop, read_stop(value, path));
  } else if (key == "stream") {
    TROUPE_TRY(const bool stream, json::as_bool(value, path));
    if (stream && !generate.stream) return fail_field(path, "{} is true; ask generate_stream for a stream", path);
  } else if (key == "details") {
    TROUPE_TRY(const bool details, json::as_bool(value, path));
    if (details) return json::unsupported(path, "is not supported: there are no logprobs");
  } else {
    return json::unknown_key(key, "parameters.",
                             {"max_tokens", "temperature", "top_p", "top_k", "seed", "stop", "stream", "details"});
  }
  return {};
}

void append_string(std::string& out, std::string_view text) {
  observe::append_json_string(out, text, std::numeric_limits<size_t>::max());
}

}  // namespace

Result<TextInferenceRequest> parse_text_inference_request(std::string_view json, bool stream, JsonParser& parser) {
  TROUPE_TRY(const Object object, json::parse_object(parser, json));
  TextInferenceRequest request;
  request.generate.stream = stream;
  bool has_text = false;
  TROUPE_CHECK(json::for_each_field(object, "", [&](std::string_view key, Element value) -> Status {
    if (key == "text_input") {
      TROUPE_TRY(const std::string_view text, json::as_string(value, "text_input"));
      request.generate.prompt = protocol::PlainText{std::string(text)};
      has_text = true;
    } else if (key == "id") {
      TROUPE_TRY(const std::string_view id, json::as_string(value, "id"));
      if (id.size() > id_bytes_max) return fail_field("id", "id may have {} bytes, found {}", id_bytes_max, id.size());
      request.id = id;
    } else if (key == "parameters") {
      TROUPE_TRY(const Object parameters, json::as_object(value, "parameters"));
      return json::for_each_field(parameters, "parameters.", [&](std::string_view parameter, Element setting) {
        return read_parameter(parameter, setting, fmt::format("parameters.{}", parameter), request.generate);
      });
    } else {
      return json::unknown_key(key, "", {"text_input", "parameters", "id"});
    }
    return {};
  }));
  if (!has_text) return fail_field("text_input", "text_input is missing: the prompt");
  return request;
}

std::string format_text_inference_answer(const protocol::TextPart& text, std::string_view model,
                                         std::string_view version, std::string_view id) {
  std::string out = R"({"model_name":)";
  append_string(out, model);
  out += R"(,"model_version":)";
  append_string(out, version);
  if (!id.empty()) {
    out += R"(,"id":)";
    append_string(out, id);
  }
  out += R"(,"text_output":)";
  append_string(out, text.text);
  if (text.finish != protocol::FinishReason::none) {
    out +=
        text.finish == protocol::FinishReason::length ? R"(,"finish_reason":"length")" : R"(,"finish_reason":"stop")";
  }
  out += '}';
  return out;
}

}  // namespace troupe::gateway
