#include <limits>
#include <variant>

#include "actors/gateway/http/encoder_api.hpp"
#include "actors/gateway/http/openai_fields.hpp"

namespace troupe::gateway {
namespace {

using json::Array;
using json::Element;
using json::Object;

using Input = std::variant<protocol::PlainText, protocol::TokenIds, protocol::TextPair>;

Result<std::vector<std::string>> read_texts(Element value, std::string_view field) {
  std::vector<std::string> texts;
  if (value.is_string()) {
    texts.emplace_back(std::string_view(value));
    return texts;
  }
  if (!value.is_array()) {
    return fail_field(std::string(field), "{} must be a text or a list of texts, found {}", field,
                      json::describe(value));
  }
  for (const Element element : Array(value)) {
    const std::string name = fmt::format("{}[{}]", field, texts.size());
    TROUPE_TRY(const std::string_view text, json::as_string(element, name));
    texts.emplace_back(text);
  }
  if (texts.empty()) return fail_field(std::string(field), "{} must not be an empty list", field);
  return texts;
}

Result<protocol::TokenIds> read_ids(Array list, const std::string& field) {
  protocol::TokenIds tokens;
  for (const Element element : list) {
    TROUPE_TRY(const int64_t id, json::as_integer(element, field, 0, std::numeric_limits<int32_t>::max()));
    tokens.ids.push_back(static_cast<int32_t>(id));
  }
  if (tokens.ids.empty()) return fail_field(field, "{} must not be an empty list", field);
  return tokens;
}

/// A text, a list of texts, a list of token ids, or a list of such lists.
Result<std::vector<Input>> read_inputs(Element value) {
  std::vector<Input> inputs;
  const bool is_list = value.is_array() && Array(value).size() > 0;
  const Element first = is_list ? Array(value).at(0).value() : Element();
  if (is_list && (first.is_int64() || first.is_uint64())) {
    TROUPE_TRY(protocol::TokenIds ids, read_ids(Array(value), "input"));
    inputs.emplace_back(std::move(ids));
    return inputs;
  }
  if (is_list && first.is_array()) {
    for (const Element element : Array(value)) {
      const std::string field = fmt::format("input[{}]", inputs.size());
      TROUPE_TRY(const Array list, json::as_array(element, field));
      TROUPE_TRY(protocol::TokenIds ids, read_ids(list, field));
      inputs.emplace_back(std::move(ids));
    }
    return inputs;
  }
  TROUPE_TRY(std::vector<std::string> texts, read_texts(value, "input"));
  for (std::string& text : texts) inputs.emplace_back(protocol::PlainText{std::move(text)});
  return inputs;
}

Result<std::vector<std::string>> read_documents(Element value) {
  TROUPE_TRY(const Array list, json::as_array(value, "documents"));
  std::vector<std::string> documents;
  for (const Element element : list) {
    const std::string name = fmt::format("documents[{}]", documents.size());
    Element text = element;
    if (element.is_object() && element["text"].get(text)) {
      return fail_field(name, "{} must be a text or an object with \"text\"", name);
    }
    TROUPE_TRY(const std::string_view document, json::as_string(text, name));
    documents.emplace_back(document);
  }
  if (documents.empty()) return fail_field("documents", "documents must not be an empty list");
  return documents;
}

/// Reads one body. Each member takes one parameter.
class EncoderReader {
 public:
  explicit EncoderReader(EncoderApi api) { request_.api = api; }

  Status take(std::string_view key, Element value) {
    if (key == "model") return model(value);
    if (key == "user") return user(value);
    switch (request_.api) {
      case EncoderApi::embeddings:
        return take_embeddings(key, value);
      case EncoderApi::score:
        return take_score(key, value);
      case EncoderApi::rerank:
        return take_rerank(key, value);
      case EncoderApi::classify:
        return take_classify(key, value);
    }
    return {};
  }

  Result<EncoderApiRequest> finish() {
    if (request_.model.empty()) return fail_field("model", "model is missing: it names the model to ask");
    embed_.task = request_.api == EncoderApi::embeddings ? protocol::EmbedTask::vectors : protocol::EmbedTask::scores;
    if (request_.api == EncoderApi::score) TROUPE_CHECK(pair_up());
    if (request_.api == EncoderApi::rerank) TROUPE_CHECK(pair_with_query());
    if (embed_.inputs.empty()) return fail_field("input", "input is missing: a text or a list of texts");
    request_.inputs = embed_.inputs.size();
    request_.serve.work = std::move(embed_);
    return std::move(request_);
  }

 private:
  Status take_embeddings(std::string_view key, Element value) {
    if (key == "input") {
      TROUPE_TRY(embed_.inputs, read_inputs(value));
      return {};
    }
    if (key == "encoding_format") {
      TROUPE_TRY(const std::string_view format, json::as_string(value, key));
      if (format != "float" && format != "base64") {
        return fail_field("encoding_format", "encoding_format must be float or base64, found \"{}\"",
                          format.substr(0, 40));
      }
      request_.as_base64 = format == "base64";
      return {};
    }
    if (key == "dimensions") {
      if (value.is_null()) return {};
      TROUPE_TRY(const int64_t number, json::as_integer(value, key, 1, std::numeric_limits<int32_t>::max()));
      embed_.dimensions = static_cast<uint32_t>(number);
      return {};
    }
    return json::unknown_key(key, "", {"model", "input", "encoding_format", "dimensions", "user"});
  }

  Status take_score(std::string_view key, Element value) {
    if (key != "text_1" && key != "text_2") return json::unknown_key(key, "", {"model", "text_1", "text_2", "user"});
    TROUPE_TRY((key == "text_1" ? first_ : second_), read_texts(value, key));
    return {};
  }

  Status take_rerank(std::string_view key, Element value) {
    if (key == "query") {
      TROUPE_TRY(const std::string_view query, json::as_string(value, key));
      first_ = {std::string(query)};
    } else if (key == "documents") {
      TROUPE_TRY(second_, read_documents(value));
    } else if (key == "top_n") {
      TROUPE_TRY(const int64_t number, json::as_integer(value, key, 1, std::numeric_limits<int32_t>::max()));
      request_.top_n = static_cast<size_t>(number);
    } else if (key == "return_documents") {
      TROUPE_TRY(returns_documents_, json::as_bool(value, key));
    } else {
      return json::unknown_key(key, "", {"model", "query", "documents", "top_n", "return_documents", "user"});
    }
    return {};
  }

  Status take_classify(std::string_view key, Element value) {
    if (key != "input") return json::unknown_key(key, "", {"model", "input", "user"});
    TROUPE_TRY(embed_.inputs, read_inputs(value));
    return {};
  }

  Status model(Element value) {
    TROUPE_TRY(request_.model, read_model(value, request_.serve));
    return {};
  }

  Status user(Element value) { return value.is_null() ? Status{} : read_user(value, request_.serve); }

  Status pair_up() {
    if (first_.empty()) return fail_field("text_1", "text_1 is missing: a text or a list of texts");
    if (second_.empty()) return fail_field("text_2", "text_2 is missing: a text or a list of texts");
    if (first_.size() != 1 && first_.size() != second_.size()) {
      return fail_field("text_2", "text_1 has {} texts and text_2 has {}; there must be one text_1, or as many",
                        first_.size(), second_.size());
    }
    for (size_t i = 0; i < second_.size(); ++i) {
      embed_.inputs.emplace_back(protocol::TextPair{first_[first_.size() == 1 ? 0 : i], second_[i]});
    }
    return {};
  }

  Status pair_with_query() {
    if (first_.empty()) return fail_field("query", "query is missing: the text that documents are ranked by");
    if (second_.empty()) return fail_field("documents", "documents is missing: a list of texts");
    for (const std::string& document : second_) {
      embed_.inputs.emplace_back(protocol::TextPair{first_.front(), document});
    }
    if (returns_documents_) request_.documents = std::move(second_);
    return {};
  }

  EncoderApiRequest request_;
  protocol::Embed embed_;
  std::vector<std::string> first_;
  std::vector<std::string> second_;
  bool returns_documents_ = true;
};

}  // namespace

Result<EncoderApiRequest> parse_encoder_request(EncoderApi api, std::string_view body, JsonParser& parser) {
  TROUPE_TRY(const Object object, json::parse_object(parser, body));
  EncoderReader reader(api);
  TROUPE_CHECK(json::for_each_field(
      object, "", [&reader](std::string_view key, Element value) { return reader.take(key, value); }));
  return reader.finish();
}

}  // namespace troupe::gateway
