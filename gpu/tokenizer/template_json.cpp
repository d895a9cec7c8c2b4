#include "gpu/tokenizer/template_json.hpp"

#include <simdjson.h>

#include <algorithm>
#include <unordered_map>

#include "gpu/tokenizer/utf8.hpp"

namespace troupe::gpu::jinja {
namespace {

constexpr size_t depth_max = 64;
constexpr int64_t indent_max = 32;

Result<Value> to_value(simdjson::dom::element element, Budget& budget);

Result<Value> to_list(simdjson::dom::array array, Budget& budget) {
  std::vector<Value> items;
  for (const simdjson::dom::element element : array) {
    TROUPE_TRY(Value item, to_value(element, budget));
    items.push_back(std::move(item));
  }
  return make_list(std::move(items), budget);
}

Result<Value> to_object(simdjson::dom::object object, Budget& budget) {
  Value::Object fields;
  std::unordered_map<std::string_view, size_t> places;
  for (const auto [key, element] : object) {
    TROUPE_TRY(Value value, to_value(element, budget));
    const auto [place, is_new] = places.try_emplace(key, fields.size());
    if (is_new) {
      fields.emplace_back(std::string(key), std::move(value));
    } else {
      fields[place->second].second = std::move(value);
    }
  }
  return make_object(std::move(fields), budget);
}

Result<Value> to_value(simdjson::dom::element element, Budget& budget) {
  TROUPE_CHECK(budget.step());
  switch (element.type()) {
    case simdjson::dom::element_type::ARRAY:
      return to_list(simdjson::dom::array(element), budget);
    case simdjson::dom::element_type::OBJECT:
      return to_object(simdjson::dom::object(element), budget);
    case simdjson::dom::element_type::INT64:
      return Value(int64_t{element});
    case simdjson::dom::element_type::UINT64:
      return fail(Errc::invalid_argument, "the integer {} does not fit into 64 bits with a sign", uint64_t{element});
    case simdjson::dom::element_type::DOUBLE:
      return Value(double{element});
    case simdjson::dom::element_type::STRING:
      return make_text(std::string(std::string_view(element)), budget);
    case simdjson::dom::element_type::BOOL:
      return Value(bool{element});
    case simdjson::dom::element_type::NULL_VALUE:
      break;
  }
  return Value::none();
}

class Writer {
 public:
  Writer(const JsonStyle& style, Budget& budget) : style_(style), budget_(budget) {}

  Status write(const Value& value) {
    TROUPE_CHECK(budget_.step());
    if (const std::string* text = value.text()) return write_text(*text);
    if (const auto* list = value.list()) return write_list(*list);
    if (const auto* object = value.mapping()) return write_object(*object);
    if (const bool* boolean = value.boolean()) {
      out_ += *boolean ? "true" : "false";
    } else if (value.integer() != nullptr) {
      out_ += std::to_string(*value.integer());
    } else if (value.number() != nullptr) {
      out_ += python_number(*value.number());
    } else if (value.is_none()) {
      out_ += "null";
    } else {
      return fail(Errc::invalid_argument, "tojson needs a JSON value, found {}", value.kind());
    }
    return {};
  }

  std::string take() { return std::move(out_); }

 private:
  Status write_list(const std::vector<Value>& list) {
    out_ += '[';
    ++level_;
    for (size_t i = 0; i < list.size(); ++i) {
      TROUPE_CHECK(begin_item(i == 0));
      TROUPE_CHECK(write(list[i]));
    }
    return close(']', list.empty());
  }

  Status write_object(const Value::Object& object) {
    std::vector<const Value::Object::value_type*> fields;
    for (const auto& field : object) fields.push_back(&field);
    if (style_.sort_keys) {
      std::ranges::sort(fields, {}, [](const auto* field) -> const std::string& { return field->first; });
    }
    out_ += '{';
    ++level_;
    for (size_t i = 0; i < fields.size(); ++i) {
      TROUPE_CHECK(begin_item(i == 0));
      TROUPE_CHECK(write_text(fields[i]->first));
      out_ += style_.key_separator;
      TROUPE_CHECK(write(fields[i]->second));
    }
    return close('}', fields.empty());
  }

  Status begin_item(bool is_first) {
    if (!is_first) out_ += style_.item_separator;
    return new_line();
  }

  Status close(char bracket, bool is_empty) {
    --level_;
    if (!is_empty) TROUPE_CHECK(new_line());
    out_ += bracket;
    return {};
  }

  Status new_line() {
    if (!style_.indent) return {};
    const auto spaces = static_cast<size_t>(level_ * *style_.indent);
    TROUPE_CHECK(budget_.bytes(spaces + 1));
    out_ += '\n';
    out_.append(spaces, ' ');
    return {};
  }

  Status write_text(std::string_view text) {
    TROUPE_CHECK(budget_.bytes(text.size()));
    out_ += '"';
    while (!text.empty()) {
      const Utf8Step step = utf8_step(text);
      write_character(text.substr(0, step.length), step.kind == Utf8Step::Kind::character);
      text.remove_prefix(step.length);
    }
    out_ += '"';
    return {};
  }

  void write_character(std::string_view character, bool is_whole) {
    static constexpr std::string_view escaped = "\"\\\n\r\t\b\f";
    static constexpr std::string_view letters = "\"\\nrtbf";
    const auto first = static_cast<unsigned char>(character.front());
    if (const size_t which = escaped.find(character.front()); which != std::string_view::npos) {
      out_ += '\\';
      out_ += letters[which];
    } else if (first < 0x20 || (first >= 0x7F && style_.ensure_ascii)) {
      write_escaped(is_whole ? first_code_point(character).value : 0xFFFD);
    } else {
      out_ += character;
    }
  }

  /// As one or two units of UTF-16.
  void write_escaped(uint32_t code) {
    if (code >= 0x10000) {
      out_ += fmt::format("\\u{:04x}", 0xD800 + ((code - 0x10000) >> 10));
      code = 0xDC00 + ((code - 0x10000) & 0x3FF);
    }
    out_ += fmt::format("\\u{:04x}", code);
  }

  const JsonStyle& style_;
  Budget& budget_;
  std::string out_;
  int64_t level_ = 0;
};

}  // namespace

Result<Value> parse_json(std::string_view text, Budget& budget) {
  TROUPE_CHECK(budget.bytes(text.size()));
  simdjson::dom::parser parser;
  if (parser.allocate(text.size() + 1, depth_max)) return fail(Errc::resource_exhausted, "no memory to read JSON");
  simdjson::dom::element document;
  if (const auto error = parser.parse(text.data(), text.size()).get(document)) {
    return fail(Errc::invalid_argument, "is no JSON that can be read: {}", simdjson::error_message(error));
  }
  return to_value(document, budget);
}

Result<std::string> write_json(const Value& value, const JsonStyle& style, Budget& budget) {
  if (style.indent && (*style.indent < 0 || *style.indent > indent_max)) {
    return fail(Errc::invalid_argument, "an indent must be 0 to {}, found {}", indent_max, *style.indent);
  }
  Writer writer(style, budget);
  TROUPE_CHECK(writer.write(value));
  return writer.take();
}

}  // namespace troupe::gpu::jinja
