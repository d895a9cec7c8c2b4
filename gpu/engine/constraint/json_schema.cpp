#include "gpu/engine/constraint/json_schema.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "gpu/engine/constraint/json_parts.hpp"

namespace troupe::gpu {
namespace {

using State = Grammar::State;
using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::array<std::string_view, 13> ignored{"title",    "description", "default",      "examples", "deprecated",
                                                   "readOnly", "writeOnly",   "$comment",     "$schema",  "$id",
                                                   "$defs",    "definitions", "discriminator"};
constexpr std::array<std::string_view, 3> object_keywords{"properties", "required", "additionalProperties"};
constexpr std::array<std::string_view, 4> array_keywords{"items", "prefixItems", "minItems", "maxItems"};
constexpr std::array<std::string_view, 2> string_keywords{"minLength", "maxLength"};
constexpr std::array<std::string_view, 4> number_keywords{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"};
constexpr std::array<std::string_view, 7> alone_keywords{"$ref", "anyOf", "oneOf", "allOf", "enum", "const", "type"};
constexpr std::array<std::string_view, 7> types{"object", "array", "string", "number", "integer", "boolean", "null"};

bool is_among(std::string_view word, auto&& words) {
  return std::ranges::find(words, word) != std::ranges::end(words);
}

bool is_keyword(std::string_view word) {
  return is_among(word, ignored) || is_among(word, object_keywords) || is_among(word, array_keywords) ||
         is_among(word, string_keywords) || is_among(word, number_keywords) || is_among(word, alone_keywords);
}

std::string shortened(element value) {
  std::string text = simdjson::minify(value);
  size_t end = 60;
  if (text.size() <= end) return text;
  while ((static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "…";
}

/// A token of a JSON pointer (RFC 6901).
std::string pointer_token(std::string_view key) {
  std::string token = "/";
  for (const char c : key) {
    if (c == '~') {
      token += "~0";
    } else if (c == '/') {
      token += "~1";
    } else {
      token += c;
    }
  }
  return token;
}

/// %-escapes of a URI fragment; what is none stays.
std::string unescape_fragment(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    uint8_t byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr == text.data() + i + 3) {
      result += static_cast<char>(byte);
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

tl::unexpected<Error> refuse(std::string_view place, std::string_view why) {
  return fail_field("response_format", "the schema at #{}: {}", place, why);
}

/// A schema that is an object, and where it stands.
struct Schema {
  object keywords;
  std::string place;
  int depth;

  std::optional<element> find(std::string_view keyword) const {
    element found;
    if (keywords[keyword].get(found) != simdjson::SUCCESS) return std::nullopt;
    return found;
  }
  std::string at(std::string_view key) const { return place + pointer_token(key); }
};

class Compiler {
 public:
  explicit Compiler(element root) : root_(root), json_(grammar_) {}

  Result<CompiledGrammar> run() {
    TROUPE_TRY(const State start, reference("#", ""));
    while (!pending_.empty()) {
      const Pending next = std::move(pending_.back());
      pending_.pop_back();
      TROUPE_TRY(const State body, value(next.schema, next.place, 0));
      grammar_.add_skip(next.state, body);
    }
    if (grammar_.is_full()) {
      return fail(
          Error{Errc::too_large,
                fmt::format("the schema needs more than {} states; shorten its lists and bounds", Grammar::states_max),
                "response_format",
                {}});
    }
    if (!grammar_.prune(start)) return refuse("", "no document of finite length satisfies it");
    return CompiledGrammar{std::move(grammar_), start};
  }

 private:
  /// A schema that is referred to, compiled when all before it are: so references may be recursive.
  struct Pending {
    State state;
    element schema;
    std::string place;
  };

  /// Each of these gives a rule.
  Result<State> value(element schema, const std::string& place, int depth) {
    if (depth > schema_depth_max) return refuse(place, fmt::format("nested more than {} deep", schema_depth_max));
    if (grammar_.is_full()) return Grammar::end;
    bool is_allowed = false;
    if (schema.get(is_allowed) == simdjson::SUCCESS) return is_allowed ? json_.any_value() : grammar_.add();
    object keywords;
    if (schema.get(keywords) != simdjson::SUCCESS) {
      return refuse(place, fmt::format("a schema is an object or a boolean, found {}", shortened(schema)));
    }
    const Schema node{keywords, place, depth};
    TROUPE_CHECK(check_keywords(node));
    if (const auto target = node.find("$ref")) return reference(node, *target);
    for (const char* name : {"anyOf", "oneOf", "allOf"}) {
      if (const auto list = node.find(name)) return alternatives(node, name, *list);
    }
    if (const auto only = node.find("const")) return constants(node, "const", {*only});
    if (const auto list = node.find("enum")) {
      array values;
      if (list->get(values) != simdjson::SUCCESS) return refuse(node.at("enum"), "expected a list");
      return constants(node, "enum", {values.begin(), values.end()});
    }
    return typed(node);
  }

  /// All are known, and those that stand alone do.
  static Status check_keywords(const Schema& node) {
    std::string_view alone;
    std::set<std::string_view> seen;
    for (const auto [key, keyword] : node.keywords) {
      if (!seen.insert(key).second) return refuse(node.at(key), "stands there twice");
      if (!is_keyword(key)) return refuse(node.at(key), fmt::format("the keyword '{}' is not supported", key));
      if (is_among(key, alone_keywords) && key != "type") alone = key;
    }
    if (alone.empty()) return {};
    const bool takes_type = alone == "enum" || alone == "const";
    for (const std::string_view key : seen) {
      if (key == alone || is_among(key, ignored) || (takes_type && key == "type")) continue;
      return refuse(node.at(key), fmt::format("'{}' beside '{}' is not supported", key, alone));
    }
    return {};
  }

  Result<State> reference(const Schema& node, element target) {
    std::string_view text;
    if (target.get(text) != simdjson::SUCCESS) return refuse(node.at("$ref"), "expected a string");
    return reference(text, node.at("$ref"));
  }

  Result<State> reference(std::string_view text, const std::string& place) {
    if (text != "#" && !text.starts_with("#/")) {
      return refuse(place, fmt::format("'{}' is not in this schema; \"#\" and \"#/…\" are supported", text));
    }
    const std::string pointer = unescape_fragment(text.substr(1));
    const auto known = references_.find(pointer);
    if (known != references_.end()) return known->second;
    element target = root_;
    if (!pointer.empty() && root_.at_pointer(pointer).get(target) != simdjson::SUCCESS) {
      return refuse(place, fmt::format("there is no '{}'", text));
    }
    const State state = grammar_.add();
    references_[pointer] = state;
    pending_.push_back({state, target, pointer});
    return state;
  }

  Result<State> alternatives(const Schema& node, std::string_view name, element list) {
    array schemas;
    if (list.get(schemas) != simdjson::SUCCESS || schemas.size() == 0) {
      return refuse(node.at(name), "expected a list that is not empty");
    }
    if (name == "allOf" && schemas.size() != 1) {
      return refuse(node.at(name), "allOf of more than one schema is not supported; write what they say together");
    }
    std::vector<State> states;
    for (const element schema : schemas) {
      const std::string place = node.at(name) + pointer_token(std::to_string(states.size()));
      TROUPE_TRY(const State state, value(schema, place, node.depth + 1));
      states.push_back(state);
    }
    return grammar_.any_of(std::move(states));
  }

  /// Those of `values` that have the type, where one is given.
  Result<State> constants(const Schema& node, std::string_view name, const std::vector<element>& values) {
    if (values.empty()) return refuse(node.at(name), "expected at least one value");
    TROUPE_TRY(const std::vector<std::string_view> wanted, types_of(node));
    std::vector<std::string> texts;
    std::vector<State> states;
    for (const element one : values) {
      if (!wanted.empty() && !has_type(one, wanted)) continue;
      if (one.is_object() || one.is_array()) {
        states.push_back(literal(one, Grammar::end));
      } else {
        texts.push_back(scalar(one));
      }
    }
    states.push_back(grammar_.one_of(std::move(texts), Grammar::end));
    return grammar_.any_of(std::move(states));
  }

  static bool has_type(element value, const std::vector<std::string_view>& wanted) {
    double number = 0;
    const bool is_number = value.get(number) == simdjson::SUCCESS;
    const bool is_whole = is_number && (!value.is_double() || std::trunc(number) == number);
    return std::ranges::any_of(wanted, [&](std::string_view type) {
      if (type == "object") return value.is_object();
      if (type == "array") return value.is_array();
      if (type == "string") return value.is_string();
      if (type == "boolean") return value.is_bool();
      if (type == "null") return value.is_null();
      return type == "number" ? is_number : is_whole;
    });
  }

  static std::string scalar(element value) {
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) return json_quoted(text);
    double number = 0;
    if (value.is_double() && value.get(number) == simdjson::SUCCESS) return fmt::format("{}", number);
    return simdjson::minify(value);
  }

  /// A constant with the white space that others may have.
  State literal(element value, State next) {
    array items;
    if (value.get(items) == simdjson::SUCCESS) {
      next = grammar_.byte(']', next);
      const std::vector<element> all(items.begin(), items.end());
      for (size_t i = all.size(); i > 0; --i) {
        next = literal(all[i - 1], next);
        if (i > 1) next = json_.comma(next);
      }
      return grammar_.byte('[', next);
    }
    object members;
    if (value.get(members) != simdjson::SUCCESS) return grammar_.text(scalar(value), next);
    next = grammar_.byte('}', next);
    const std::vector<simdjson::dom::key_value_pair> all(members.begin(), members.end());
    for (size_t i = all.size(); i > 0; --i) {
      next = grammar_.text(json_quoted(all[i - 1].key), json_.colon(literal(all[i - 1].value, next)));
      if (i > 1) next = json_.comma(next);
    }
    return grammar_.byte('{', next);
  }

  /// Empty where none is given.
  static Result<std::vector<std::string_view>> types_of(const Schema& node) {
    std::vector<std::string_view> found;
    const auto type = node.find("type");
    if (!type) return found;
    const auto add = [&](element one) -> Status {
      std::string_view name;
      if (one.get(name) != simdjson::SUCCESS || !is_among(name, types)) {
        return refuse(node.at("type"),
                      fmt::format("{} is no type; there are {}", shortened(one), fmt::join(types, ", ")));
      }
      found.push_back(name);
      return {};
    };
    array list;
    if (type->get(list) != simdjson::SUCCESS) {
      TROUPE_CHECK(add(*type));
      return found;
    }
    for (const element one : list) TROUPE_CHECK(add(one));
    if (found.empty()) return refuse(node.at("type"), "expected at least one type");
    return found;
  }

  Result<State> typed(const Schema& node) {
    TROUPE_TRY(std::vector<std::string_view> wanted, types_of(node));
    if (wanted.empty()) wanted = implied_types(node);
    if (wanted.empty()) return json_.any_value();
    std::vector<State> states;
    for (const std::string_view type : wanted) {
      TROUPE_TRY(const State state, of_type(node, type));
      states.push_back(state);
    }
    return grammar_.any_of(std::move(states));
  }

  static std::vector<std::string_view> implied_types(const Schema& node) {
    std::vector<std::string_view> implied;
    const auto add = [&](std::string_view type, auto&& keywords) {
      if (std::ranges::any_of(keywords, [&](std::string_view word) { return node.find(word).has_value(); })) {
        implied.push_back(type);
      }
    };
    add("object", object_keywords);
    add("array", array_keywords);
    add("string", string_keywords);
    add("number", number_keywords);
    return implied;
  }

  Result<State> of_type(const Schema& node, std::string_view type) {
    if (type == "object") return object_of(node);
    if (type == "array") return array_of(node);
    if (type == "string") return string_of(node);
    if (type == "integer") return integer_of(node);
    if (type == "boolean") return json_.boolean();
    if (type == "null") return json_.null();
    for (const std::string_view word : number_keywords) {
      if (node.find(word)) {
        return refuse(node.at(word), fmt::format("'{}' of a number is not supported, of an integer it is", word));
      }
    }
    return json_.any_number();
  }

  struct Property {
    std::string_view name;
    State rule;
    bool is_required;
  };

  /// `properties` in their order, then what is required besides.
  Result<std::vector<Property>> properties_of(const Schema& node, std::optional<State> additional) {
    std::vector<std::string_view> required;
    if (const auto list = node.find("required")) {
      array names;
      if (list->get(names) != simdjson::SUCCESS) return refuse(node.at("required"), "expected a list");
      for (const element one : names) {
        std::string_view name;
        if (one.get(name) != simdjson::SUCCESS) return refuse(node.at("required"), "expected strings");
        if (!is_among(name, required)) required.push_back(name);
      }
    }
    std::vector<Property> properties;
    if (const auto declared = node.find("properties")) {
      object members;
      if (declared->get(members) != simdjson::SUCCESS) return refuse(node.at("properties"), "expected an object");
      std::set<std::string_view> seen;
      for (const auto [name, schema] : members) {
        const std::string place = node.at("properties") + pointer_token(name);
        if (!seen.insert(name).second) return refuse(place, "stands there twice");
        TROUPE_TRY(const State rule, value(schema, place, node.depth + 1));
        properties.push_back({name, rule, std::erase(required, name) > 0});
      }
    }
    for (const std::string_view name : required) {
      if (!additional) {
        return refuse(node.at("required"),
                      fmt::format("'{}' is neither among the properties nor may it be added", name));
      }
      properties.push_back({name, *additional, true});
    }
    return properties;
  }

  /// The rule of what may stand behind the properties; none: nothing may.
  Result<std::optional<State>> additional_of(const Schema& node) {
    const auto additional = node.find("additionalProperties");
    if (!additional) {
      if (node.find("properties")) return std::nullopt;
      return json_.any_value();
    }
    bool is_allowed = true;
    if (additional->get(is_allowed) == simdjson::SUCCESS && !is_allowed) return std::nullopt;
    TROUPE_TRY(const State rule, value(*additional, node.at("additionalProperties"), node.depth + 1));
    return rule;
  }

  Result<State> object_of(const Schema& node) {
    TROUPE_TRY(const std::optional<State> additional, additional_of(node));
    TROUPE_TRY(const std::vector<Property> properties, properties_of(node, additional));
    if (properties.empty() && !node.find("additionalProperties") && additional) return json_.any_object();

    // Two states before each property: the first is for when none has come yet, the second wants a comma.
    State first = grammar_.add();
    State later = grammar_.add();
    grammar_.add_edge(first, '}', Grammar::end);
    grammar_.add_edge(later, '}', Grammar::end);
    if (additional) {
      std::vector<std::string> names;
      for (const Property& property : properties) names.emplace_back(property.name);
      const State member = json_.other_name(names, json_.colon(grammar_.call(*additional, later)));
      grammar_.add_skip(first, member);
      grammar_.add_skip(later, json_.comma(member));
    }
    for (size_t i = properties.size(); i > 0 && !grammar_.is_full(); --i) {
      const Property& property = properties[i - 1];
      const State member = grammar_.text(json_quoted(property.name), json_.colon(grammar_.call(property.rule, later)));
      std::vector<State> firsts = {member};
      std::vector<State> laters = {json_.comma(member)};
      if (!property.is_required) {
        firsts.push_back(first);
        laters.push_back(later);
      }
      first = grammar_.any_of(std::move(firsts));
      later = grammar_.any_of(std::move(laters));
    }
    return grammar_.byte('{', first);
  }

  Result<State> array_of(const Schema& node) {
    std::vector<State> prefix;
    if (const auto list = node.find("prefixItems")) {
      array schemas;
      if (list->get(schemas) != simdjson::SUCCESS) return refuse(node.at("prefixItems"), "expected a list");
      for (const element schema : schemas) {
        const std::string place = node.at("prefixItems") + pointer_token(std::to_string(prefix.size()));
        TROUPE_TRY(const State rule, value(schema, place, node.depth + 1));
        prefix.push_back(rule);
      }
    }
    const auto items = node.find("items");
    TROUPE_TRY(const State rest, items ? value(*items, node.at("items"), node.depth + 1) : json_.any_value());
    TROUPE_TRY(const std::optional<uint64_t> least, count_of(node, "minItems"));
    TROUPE_TRY(const std::optional<uint64_t> most, count_of(node, "maxItems"));
    return items_of(prefix, rest, least.value_or(0), most);
  }

  State items_of(const std::vector<State>& prefix, State rest, uint64_t least, std::optional<uint64_t> most) {
    const auto rule = [&](uint64_t index) { return index < prefix.size() ? prefix[index] : rest; };
    uint64_t count = most.value_or(std::max<uint64_t>({least, prefix.size(), 1}));
    // Behind `count` items.
    State state = grammar_.add();
    if (!most) grammar_.add_skip(state, json_.comma(grammar_.call(rest, state)));
    if (count >= least) grammar_.add_edge(state, ']', Grammar::end);
    for (; count > 0 && !grammar_.is_full(); --count) {
      const State item = grammar_.call(rule(count - 1), state);
      state = grammar_.any_of({count > 1 ? json_.comma(item) : item});
      if (count > least) state = grammar_.any_of({state, grammar_.byte(']', Grammar::end)});
    }
    return grammar_.byte('[', state);
  }

  Result<State> string_of(const Schema& node) {
    TROUPE_TRY(const std::optional<uint64_t> least, count_of(node, "minLength"));
    TROUPE_TRY(const std::optional<uint64_t> most, count_of(node, "maxLength"));
    if (!least && !most) return json_.any_string();
    return json_.string(least.value_or(0), most, Grammar::end);
  }

  static Result<std::optional<uint64_t>> count_of(const Schema& node, std::string_view word) {
    const auto found = node.find(word);
    if (!found) return std::nullopt;
    uint64_t count = 0;
    if (found->get(count) != simdjson::SUCCESS) {
      return refuse(node.at(word), fmt::format("expected an integer from 0, found {}", shortened(*found)));
    }
    return count;
  }

  Result<State> integer_of(const Schema& node) {
    if (std::ranges::none_of(number_keywords, [&](std::string_view word) { return node.find(word).has_value(); })) {
      return json_.any_integer();
    }
    int64_t low = -JsonParts::integer_max;
    int64_t high = JsonParts::integer_max;
    TROUPE_TRY(const std::optional<double> minimum, bound_of(node, "minimum"));
    TROUPE_TRY(const std::optional<double> above, bound_of(node, "exclusiveMinimum"));
    TROUPE_TRY(const std::optional<double> maximum, bound_of(node, "maximum"));
    TROUPE_TRY(const std::optional<double> below, bound_of(node, "exclusiveMaximum"));
    if (minimum) low = std::max(low, static_cast<int64_t>(std::ceil(*minimum)));
    if (above) low = std::max(low, static_cast<int64_t>(std::floor(*above)) + 1);
    if (maximum) high = std::min(high, static_cast<int64_t>(std::floor(*maximum)));
    if (below) high = std::min(high, static_cast<int64_t>(std::ceil(*below)) - 1);
    return json_.integer_between(low, high, Grammar::end);
  }

  /// A double holds it exactly up to 2^53.
  static Result<std::optional<double>> bound_of(const Schema& node, std::string_view word) {
    constexpr double exact_max = 9007199254740992;
    const auto found = node.find(word);
    if (!found) return std::nullopt;
    double bound = 0;
    if (found->get(bound) != simdjson::SUCCESS || !(std::abs(bound) <= exact_max)) {
      return refuse(node.at(word), fmt::format("expected a number of at most 2^53, found {}", shortened(*found)));
    }
    return bound;
  }

  element root_;
  Grammar grammar_;
  JsonParts json_;
  std::map<std::string, State> references_;  ///< By pointer.
  std::vector<Pending> pending_;
};

}  // namespace

Result<CompiledGrammar> compile_schema(std::string_view schema) {
  if (schema.size() > schema_bytes_max) {
    return fail(Error{Errc::too_large,
                      fmt::format("the schema has {} bytes, at most {} are allowed", schema.size(), schema_bytes_max),
                      "response_format",
                      {}});
  }
  simdjson::dom::parser parser;
  element root;
  if (const auto error = parser.parse(simdjson::padded_string(schema)).get(root); error != simdjson::SUCCESS) {
    return fail_field("response_format", "the schema is not JSON: {}", simdjson::error_message(error));
  }
  return Compiler(root).run();
}

CompiledGrammar json_object_grammar() {
  CompiledGrammar compiled;
  compiled.start = JsonParts(compiled.grammar).any_object();
  compiled.grammar.prune(compiled.start);
  return compiled;
}

Result<CompiledGrammar> choice_grammar(const std::vector<std::string>& choices) {
  CompiledGrammar compiled;
  compiled.start = compiled.grammar.one_of(choices, Grammar::end);
  if (compiled.grammar.is_full()) {
    return fail(
        Error{Errc::too_large,
              fmt::format("the choices need more than {} states; give fewer or shorter ones", Grammar::states_max),
              "structured_outputs",
              {}});
  }
  if (!compiled.grammar.prune(compiled.start)) return fail_field("structured_outputs", "there are no choices");
  return compiled;
}

}  // namespace troupe::gpu
