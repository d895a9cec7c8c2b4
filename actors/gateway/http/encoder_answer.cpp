#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>

#include "actors/gateway/http/encoder_api.hpp"
#include "runtime/base/base64.hpp"
#include "runtime/observe/text.hpp"

namespace troupe::gateway {
namespace {

void append_string(std::string& out, std::string_view text) {
  observe::append_json_string(out, text, std::numeric_limits<size_t>::max());
}

/// The rows of a result.
class Rows {
 public:
  static Result<Rows> of(const protocol::EmbedResult& result, size_t inputs) {
    const protocol::Tensor& tensor = result.values;
    const bool fits = tensor.dtype == DType::f32 && tensor.shape.size() == 2 &&
                      tensor.shape[0] == static_cast<int64_t>(inputs) && tensor.shape[1] > 0 &&
                      protocol::validate(tensor).has_value();
    if (!fits) return fail(Errc::internal, "the model did not answer with a row of FP32 for each of {} inputs", inputs);
    return Rows(tensor);
  }

  size_t count() const { return static_cast<size_t>(tensor_.shape[0]); }
  size_t width() const { return static_cast<size_t>(tensor_.shape[1]); }
  std::string_view bytes(size_t row) const {
    const size_t size = width() * sizeof(float);
    return tensor_.data.view().substr(row * size, size);
  }
  float at(size_t row, size_t column) const {
    float value = 0;
    std::memcpy(&value, bytes(row).data() + column * sizeof value, sizeof value);
    return value;
  }

 private:
  explicit Rows(const protocol::Tensor& tensor) : tensor_(tensor) {}
  const protocol::Tensor& tensor_;
};

std::string embedding(const Rows& rows, size_t row, bool as_base64) {
  std::string out = R"({"object":"embedding","index":)" + std::to_string(row) + R"(,"embedding":)";
  if (as_base64) return out + '"' + base64_encode(rows.bytes(row)) + "\"}";
  for (size_t i = 0; i < rows.width(); ++i) {
    fmt::format_to(std::back_inserter(out), "{}{}", i == 0 ? '[' : ',', rows.at(row, i));
  }
  return out + "]}";
}

std::string classification(const Rows& rows, size_t row, const std::vector<std::string>& labels) {
  size_t best = 0;
  std::string probabilities;
  for (size_t i = 0; i < rows.width(); ++i) {
    if (rows.at(row, i) > rows.at(row, best)) best = i;
    fmt::format_to(std::back_inserter(probabilities), "{}{}", i == 0 ? "" : ",", rows.at(row, i));
  }
  std::string out = fmt::format(R"({{"index":{},"label":)", row);
  append_string(out, best < labels.size() ? labels[best] : std::to_string(best));
  return out + fmt::format(R"(,"probs":[{}],"num_classes":{}}})", probabilities, rows.width());
}

/// As the best come first.
std::string ranking(const Rows& rows, const EncoderApiRequest& request) {
  std::vector<size_t> order(rows.count());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return rows.at(a, 0) > rows.at(b, 0); });
  order.resize(std::min(order.size(), request.top_n));
  std::string out;
  for (const size_t row : order) {
    fmt::format_to(std::back_inserter(out), R"({}{{"index":{},"relevance_score":{})", out.empty() ? "" : ",", row,
                   rows.at(row, 0));
    if (!request.documents.empty()) {
      out += R"(,"document":{"text":)";
      append_string(out, request.documents[row]);
      out += '}';
    }
    out += '}';
  }
  return out;
}

template <class Row>
std::string list_of(const Rows& rows, Row row) {
  std::string out;
  for (size_t i = 0; i < rows.count(); ++i) {
    if (i > 0) out += ',';
    out += row(i);
  }
  return out;
}

}  // namespace

Result<std::string> format_encoder_answer(const EncoderApiRequest& request, const protocol::EmbedResult& result,
                                          std::string_view request_id, int64_t created_unix_s) {
  TROUPE_TRY(const Rows rows, Rows::of(result, request.inputs));
  const bool is_pairs = request.api == EncoderApi::score || request.api == EncoderApi::rerank;
  if (is_pairs && rows.width() != 1) {
    return fail(
        Error{Errc::failed_precondition,
              fmt::format("this model gives {} scores for each pair, where one is wanted; ask /classify", rows.width()),
              "model",
              {}});
  }
  std::string id;
  append_string(id, request_id);
  std::string model;
  append_string(model, request.model);
  const uint32_t tokens = result.usage.prompt_tokens;
  const std::string usage = fmt::format(R"({{"prompt_tokens":{0},"total_tokens":{0}}})", tokens);
  const auto with_data = [&](std::string_view data) {
    return fmt::format(R"({{"id":{},"object":"list","created":{},"model":{},"data":[{}],"usage":{}}})", id,
                       created_unix_s, model, data, usage);
  };
  switch (request.api) {
    case EncoderApi::embeddings:
      return with_data(list_of(rows, [&](size_t row) { return embedding(rows, row, request.as_base64); }));
    case EncoderApi::classify:
      return with_data(list_of(rows, [&](size_t row) { return classification(rows, row, result.labels); }));
    case EncoderApi::score:
      return with_data(list_of(rows, [&](size_t row) {
        return fmt::format(R"({{"index":{},"object":"score","score":{}}})", row, rows.at(row, 0));
      }));
    case EncoderApi::rerank:
      return fmt::format(R"({{"id":{},"model":{},"results":[{}],"usage":{}}})", id, model, ranking(rows, request),
                         usage);
  }
  return fail(Errc::internal, "no such API");
}

}  // namespace troupe::gateway
