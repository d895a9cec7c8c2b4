#include "gpu/tokenizer/template_functions.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

namespace troupe::gpu::jinja {
namespace {

using Arguments = std::span<const Value>;

tl::unexpected<Error> wrong_type(std::string_view what, const Value& value, std::string_view expected) {
  return fail(Errc::invalid_argument, "{} needs {}, found {}", what, expected, value.kind());
}

Status check_count(std::string_view what, Arguments arguments, size_t least, size_t most) {
  if (arguments.size() >= least && arguments.size() <= most) return {};
  return fail(Errc::invalid_argument, "{} takes {} to {} arguments, found {}", what, least, most, arguments.size());
}

Result<std::string_view> text_argument(std::string_view what, Arguments arguments, size_t index) {
  const std::string* text = arguments[index].text();
  if (text == nullptr) return wrong_type(what, arguments[index], "a string argument");
  return *text;
}

/// Letters outside ASCII would need Unicode's case tables; a wrong answer would be worse than none.
Result<Value> change_case(std::string text, bool upper, Budget& budget) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) {
      return fail(Errc::invalid_argument, "{} is supported for ASCII text only", upper ? "upper" : "lower");
    }
    if (upper && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (!upper && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return make_text(std::move(text), budget);
}

/// Without a separator, as Python: at runs of white space, with no empty parts.
Result<Value> split_words(std::string_view text, Budget& budget) {
  TROUPE_CHECK(budget.bytes(text.size()));
  std::vector<Value> words;
  std::string word;
  const auto finish = [&] {
    if (!word.empty()) words.emplace_back(std::exchange(word, {}));
  };
  for (const std::string_view character : characters(text)) {
    if (strip(character, true, false).empty()) {
      finish();
    } else {
      word += character;
    }
  }
  finish();
  return make_list(std::move(words), budget);
}

Result<Value> split(std::string_view text, Arguments arguments, Budget& budget) {
  if (arguments.empty() || arguments[0].is_none()) return split_words(text, budget);
  std::vector<Value> parts;
  TROUPE_TRY(const std::string_view separator, text_argument("split", arguments, 0));
  if (separator.empty()) return fail(Errc::invalid_argument, "split needs a separator that is not empty");
  TROUPE_CHECK(budget.bytes(text.size()));
  for (size_t at = 0;;) {
    const size_t end = text.find(separator, at);
    parts.emplace_back(std::string(text.substr(at, end - at)));
    if (end == std::string_view::npos) break;
    at = end + separator.size();
  }
  return make_list(std::move(parts), budget);
}

Result<Value> replace(std::string_view text, Arguments arguments, Budget& budget) {
  TROUPE_TRY(const std::string_view old, text_argument("replace", arguments, 0));
  TROUPE_TRY(const std::string_view now, text_argument("replace", arguments, 1));
  if (old.empty()) return fail(Errc::invalid_argument, "replace needs a text to look for that is not empty");
  TROUPE_CHECK(budget.bytes(text.size()));
  std::string result;
  for (size_t at = 0;;) {
    const size_t end = text.find(old, at);
    result += text.substr(at, end - at);
    if (end == std::string_view::npos) return make_text(std::move(result), budget);
    TROUPE_CHECK(budget.bytes(now.size()));
    result += now;
    at = end + old.size();
  }
}

Result<Value> call_text_method(std::string_view text, std::string_view name, Arguments arguments, Budget& budget) {
  if (name == "strip" || name == "lstrip" || name == "rstrip") {
    TROUPE_CHECK(check_count(name, arguments, 0, 1));
    std::string_view set;
    if (!arguments.empty() && !arguments[0].is_none()) {
      TROUPE_TRY(set, text_argument(name, arguments, 0));
      if (set.empty()) return make_text(std::string(text), budget);
    }
    return make_text(std::string(strip(text, name != "rstrip", name != "lstrip", set)), budget);
  }
  if (name == "startswith" || name == "endswith") {
    TROUPE_CHECK(check_count(name, arguments, 1, 1));
    TROUPE_TRY(const std::string_view affix, text_argument(name, arguments, 0));
    return Value(name == "startswith" ? text.starts_with(affix) : text.ends_with(affix));
  }
  if (name == "split") {
    TROUPE_CHECK(check_count(name, arguments, 0, 1));
    return split(text, arguments, budget);
  }
  if (name == "replace") {
    TROUPE_CHECK(check_count(name, arguments, 2, 2));
    return replace(text, arguments, budget);
  }
  if (name == "upper" || name == "lower") {
    TROUPE_CHECK(check_count(name, arguments, 0, 0));
    return change_case(std::string(text), name == "upper", budget);
  }
  return fail(Errc::invalid_argument, "unknown method \"{}\" of a string", name);
}

Result<Value> get(const Value::Object& object, Arguments arguments, Budget& budget) {
  TROUPE_CHECK(check_count("get", arguments, 1, 2));
  TROUPE_TRY(const std::string_view key, text_argument("get", arguments, 0));
  TROUPE_CHECK(budget.bytes(object.size()));
  if (const Value* field = find_field(object, key)) return *field;
  return arguments.size() == 2 ? arguments[1] : Value::none();
}

Result<Value> call_mapping_method(const Value::Object& object, std::string_view name, Arguments arguments,
                                  Budget& budget) {
  if (name == "get") return get(object, arguments, budget);
  if (name != "items" && name != "keys" && name != "values") {
    return fail(Errc::invalid_argument, "unknown method \"{}\" of a mapping", name);
  }
  TROUPE_CHECK(check_count(name, arguments, 0, 0));
  if (name == "items") return make_pairs(object, budget);
  std::vector<Value> list;
  for (const auto& [key, value] : object) list.push_back(name == "keys" ? Value(key) : value);
  return make_list(std::move(list), budget);
}

}  // namespace

Result<Value> make_pairs(const Value::Object& object, Budget& budget) {
  std::vector<Value> pairs;
  for (const auto& [key, value] : object) {
    TROUPE_TRY(Value pair, make_list({Value(key), value}, budget));
    pairs.push_back(std::move(pair));
  }
  return make_list(std::move(pairs), budget);
}

Result<Value> call_method(const Value& object, std::string_view name, Arguments arguments, Budget& budget) {
  if (const std::string* text = object.text()) return call_text_method(*text, name, arguments, budget);
  if (const auto* fields = object.mapping()) return call_mapping_method(*fields, name, arguments, budget);
  return fail(Errc::invalid_argument, "unknown method \"{}\" of a value that is {}", name, object.kind());
}

Result<Value> make_range(Arguments arguments, Budget& budget) {
  TROUPE_CHECK(check_count("range", arguments, 1, 3));
  std::array<int64_t, 3> given{};
  for (size_t i = 0; i < arguments.size(); ++i) {
    const auto number = as_integer(arguments[i]);
    if (!number) return wrong_type("range", arguments[i], "integers");
    given[i] = *number;
  }
  const int64_t begin = arguments.size() == 1 ? 0 : given[0];
  const int64_t end = arguments.size() == 1 ? given[0] : given[1];
  const int64_t step = arguments.size() == 3 ? given[2] : 1;
  if (step == 0) return fail(Errc::invalid_argument, "range needs a step that is not 0");
  std::vector<Value> items;
  for (int64_t at = begin; step > 0 ? at < end : at > end;) {
    TROUPE_CHECK(budget.step());
    items.emplace_back(at);
    if (__builtin_add_overflow(at, step, &at)) break;
  }
  return make_list(std::move(items), budget);
}

Result<Value> format_time(Arguments arguments, std::chrono::sys_seconds now, Budget& budget) {
  TROUPE_CHECK(check_count("strftime_now", arguments, 1, 1));
  TROUPE_TRY(const std::string_view format, text_argument("strftime_now", arguments, 0));
  static constexpr std::string_view known = "aAbBdeFHIjmMpSTyY%";
  for (size_t at = format.find('%'); at != std::string_view::npos; at = format.find('%', at + 2)) {
    const size_t letter = at + 1;
    if (letter == format.size() || known.find(format[letter]) == std::string_view::npos) {
      return fail(Errc::invalid_argument, "strftime_now knows the directives {}, found \"{}\"", known,
                  format.substr(at, 2));
    }
  }
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  // A directive writes at most ten characters, in the C locale; the one in front tells an empty text from one too long.
  const std::string whole = fmt::format(" {}", format);
  std::string text(whole.size() * 5 + 1, '\0');
  TROUPE_CHECK(budget.bytes(text.size()));
  text.resize(std::strftime(text.data(), text.size(), whole.c_str(), &parts));
  return Value(text.substr(std::min<size_t>(1, text.size())));
}

}  // namespace troupe::gpu::jinja
