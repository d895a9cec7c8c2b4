#include "gpu/tokenizer/template_evaluator.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "gpu/tokenizer/template_functions.hpp"
#include "gpu/tokenizer/template_lexer.hpp"

namespace troupe::gpu::jinja {
namespace {

/// Adds the line to an error of the functions, which know none.
template <class T>
Result<T> at_line(int line, Result<T> result) {
  if (!result) result.error().message = fmt::format("chat template line {}: {}", line, result.error().message);
  return result;
}

/// Statements and expressions inside each other, through macros too: bounds the stack.
constexpr int max_depth = 200;

class Evaluator {
 public:
  Evaluator(Scope globals, std::chrono::sys_seconds now, Budget& budget, size_t max_output_bytes)
      : now_(now), budget_(budget), max_output_bytes_(max_output_bytes) {
    scopes_.push_back(std::move(globals));
  }

  /// Up to its end, or a break or continue.
  Status run(const Body& body) {
    for (const Statement& statement : body) {
      TROUPE_CHECK(budget_.step());
      const Level level(depth_);
      if (level.is_too_deep()) return too_deep(statement.line);
      TROUPE_CHECK(std::visit([&](const auto& node) { return execute(node, statement.line); }, statement.node));
      if (jump_ != Jump::none) break;
    }
    return {};
  }

  std::string take_output() { return std::move(output_); }

 private:
  enum class Jump { none, breaks, continues };

  class Level {
   public:
    explicit Level(int& depth) : depth_(depth) { ++depth_; }
    ~Level() { --depth_; }
    bool is_too_deep() const { return depth_ > max_depth; }

   private:
    int& depth_;
  };

  static tl::unexpected<Error> too_deep(int line) {
    return template_error(line, fmt::format("macros and expressions are nested more than {} deep", max_depth));
  }

  // Statements.

  Status write(std::string_view text) {
    if (output_.size() + text.size() > max_output_bytes_) {
      return fail(Errc::too_large, "the chat template writes more than {} bytes", max_output_bytes_);
    }
    output_ += text;
    return {};
  }

  Status execute(const Text& node, int) { return write(node.text); }

  Status execute(const Output& node, int line) {
    TROUPE_TRY(const Value value, eval(*node.value));
    TROUPE_TRY(const std::string text, at_line(line, to_text(value)));
    return write(text);
  }

  Status execute(const If& node, int) {
    for (const auto& [condition, body] : node.branches) {
      TROUPE_TRY(const Value value, eval(*condition));
      if (value.truth()) return run(body);
    }
    return run(node.otherwise);
  }

  Status execute(const Set& node, int line) {
    TROUPE_TRY(Value value, eval(*node.value));
    if (node.field.empty()) {
      scopes_.back().insert_or_assign(node.name, std::move(value));
      return {};
    }
    const Value target = lookup(node.name);
    if (target.name_space() == nullptr) {
      return template_error(line,
                            fmt::format("\"{}\" is no namespace, so \"{}\" cannot be set", node.name, node.field));
    }
    if (value.name_space() != nullptr) return template_error(line, "a namespace cannot be in a namespace");
    auto& fields = target.name_space()->fields;
    const auto old = std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.first == node.field; });
    if (old == fields.end()) {
      fields.emplace_back(node.field, std::move(value));
    } else {
      old->second = std::move(value);
    }
    return {};
  }

  Status execute(const SetBlock& node, int line) {
    TROUPE_TRY(Value text, captured(node.body, {}, line));
    scopes_.back().insert_or_assign(node.name, std::move(text));
    return {};
  }

  Status execute(const Macro& node, int) {
    macros_.insert_or_assign(node.name, &node);
    return {};
  }

  Status execute(const Generation& node, int) {
    scopes_.emplace_back();
    const Status status = run(node.body);
    scopes_.pop_back();
    return status;
  }

  Status execute(const Break&, int) {
    jump_ = Jump::breaks;
    return {};
  }
  Status execute(const Continue&, int) {
    jump_ = Jump::continues;
    return {};
  }

  /// What `body` writes, with `scope` as its innermost.
  Result<Value> captured(const Body& body, Scope scope, int line) {
    scopes_.push_back(std::move(scope));
    std::string outside = std::exchange(output_, {});
    const Status status = run(body);
    scopes_.pop_back();
    std::string text = std::exchange(output_, std::move(outside));
    if (!status) return fail(status.error());
    return at_line(line, make_text(std::move(text), budget_));
  }

  Status execute(const For& node, int line) {
    TROUPE_TRY(const Value source, eval(*node.items));
    TROUPE_TRY(std::vector<Value> items, at_line(line, iterate(source, budget_)));
    if (node.filter != nullptr) {
      TROUPE_TRY(items, filtered(node, items, line));
    }
    if (items.empty()) return run(node.otherwise);
    for (size_t i = 0; i < items.size(); ++i) {
      scopes_.emplace_back();
      scopes_.back().emplace("loop", loop_state(i, items));
      Status status = bind(node, items[i], line);
      if (status) status = run(node.body);
      scopes_.pop_back();
      TROUPE_CHECK(status);
      if (std::exchange(jump_, Jump::none) == Jump::breaks) break;
    }
    return {};
  }

  /// Sets the variables of a loop.
  Status bind(const For& node, const Value& item, int line) {
    if (node.variables.size() == 1) {
      scopes_.back().insert_or_assign(node.variables[0], item);
      return {};
    }
    TROUPE_TRY(const std::vector<Value> parts, at_line(line, iterate(item, budget_)));
    if (parts.size() != node.variables.size()) {
      return template_error(
          line, fmt::format("an item has {} parts, the loop has {} variables", parts.size(), node.variables.size()));
    }
    for (size_t i = 0; i < parts.size(); ++i) scopes_.back().insert_or_assign(node.variables[i], parts[i]);
    return {};
  }

  Result<std::vector<Value>> filtered(const For& node, const std::vector<Value>& items, int line) {
    std::vector<Value> kept;
    for (const Value& item : items) {
      scopes_.emplace_back();
      const Status bound = bind(node, item, line);
      const Result<Value> keep = bound ? eval(*node.filter) : fail(bound.error());
      scopes_.pop_back();
      if (!keep) return fail(keep.error());
      if (keep->truth()) kept.push_back(item);
    }
    return kept;
  }

  static Value loop_state(size_t index, const std::vector<Value>& items) {
    const size_t count = items.size();
    const auto number = [](size_t n) { return Value(static_cast<int64_t>(n)); };
    return Value::object({{"index", number(index + 1)},
                          {"index0", number(index)},
                          {"revindex", number(count - index)},
                          {"revindex0", number(count - index - 1)},
                          {"first", Value(index == 0)},
                          {"last", Value(index + 1 == count)},
                          {"length", number(count)},
                          {"previtem", index == 0 ? Value() : items[index - 1]},
                          {"nextitem", index + 1 == count ? Value() : items[index + 1]}});
  }

  // Expressions.

  Value lookup(std::string_view name) const {
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
      if (const auto found = scope->find(name); found != scope->end()) return found->second;
    }
    return {};
  }

  Result<Value> eval(const Expr& expr) {
    TROUPE_CHECK(budget_.step());
    const Level level(depth_);
    if (level.is_too_deep()) return too_deep(expr.line);
    return std::visit([&](const auto& node) { return eval(node, expr.line); }, expr.node);
  }

  /// Undefined for an absent expression.
  Result<Value> eval(const ExprPtr& expr) { return expr == nullptr ? Result<Value>() : eval(*expr); }

  Result<std::vector<Value>> eval_all(const std::vector<ExprPtr>& exprs) {
    std::vector<Value> values;
    for (const ExprPtr& expr : exprs) {
      TROUPE_TRY(Value value, eval(*expr));
      values.push_back(std::move(value));
    }
    return values;
  }

  Result<Value> eval(const Literal& node, int) { return node.value; }
  Result<Value> eval(const Name& node, int) { return lookup(node.name); }

  Result<Value> eval(const ListLiteral& node, int line) {
    TROUPE_TRY(std::vector<Value> items, eval_all(node.items));
    return at_line(line, make_list(std::move(items), budget_));
  }

  Result<Value> eval(const DictLiteral& node, int line) {
    Value::Object fields;
    for (const auto& [key_expr, value_expr] : node.fields) {
      TROUPE_TRY(const Value key, eval(*key_expr));
      TROUPE_TRY(Value value, eval(*value_expr));
      if (key.text() == nullptr)
        return template_error(line, fmt::format("a key must be a string, found {}", key.kind()));
      const auto old = std::ranges::find(fields, *key.text(), &NamedValue::first);
      if (old == fields.end()) {
        fields.emplace_back(*key.text(), std::move(value));
      } else {
        old->second = std::move(value);
      }
    }
    return at_line(line, make_object(std::move(fields), budget_));
  }

  Result<Value> eval(const Subscript& node, int line) {
    TROUPE_TRY(const Value object, eval(*node.object));
    TROUPE_TRY(const Value key, eval(*node.key));
    return at_line(line, subscript(object, key, budget_));
  }

  Result<Value> eval(const Slice& node, int line) {
    TROUPE_TRY(const Value object, eval(*node.object));
    TROUPE_TRY(const Value begin, eval(node.begin));
    TROUPE_TRY(const Value end, eval(node.end));
    TROUPE_TRY(const Value step, eval(node.step));
    return at_line(line, slice(object, begin, end, step, budget_));
  }

  Result<Value> eval(const Call& node, int line) {
    const auto macro = node.object == nullptr ? macros_.find(node.name) : macros_.end();
    if (macro != macros_.end()) return call_macro(*macro->second, node, line);
    const bool is_namespace = node.object == nullptr && node.name == "namespace";
    if (!node.named.empty() && !is_namespace) {
      return template_error(line,
                            fmt::format("the argument {}= of {} is not supported", node.named[0].first, node.name));
    }
    TROUPE_TRY(const std::vector<Value> arguments, eval_all(node.arguments));
    if (node.object != nullptr) {
      TROUPE_TRY(const Value object, eval(*node.object));
      return at_line(line, call_method(object, node.name, arguments, budget_));
    }
    if (is_namespace) return make_namespace(node, line);
    if (node.name == "range") return at_line(line, make_range(arguments, budget_));
    if (node.name == "strftime_now") return at_line(line, format_time(arguments, now_, budget_));
    if (node.name == "raise_exception" && arguments.size() == 1) {
      TROUPE_TRY(const std::string text, at_line(line, to_text(arguments[0])));
      return fail(Errc::invalid_argument, "{}", text);
    }
    return template_error(line, fmt::format("unknown function \"{}\" with {} arguments", node.name, arguments.size()));
  }

  /// In a macro the variables of the template are seen, not those of the place that it is called from.
  Result<Value> call_macro(const Macro& macro, const Call& node, int line) {
    if (node.arguments.size() > macro.parameters.size()) {
      return template_error(line, fmt::format("macro {} takes {} arguments at most, found {}", macro.name,
                                              macro.parameters.size(), node.arguments.size()));
    }
    Scope scope;
    for (size_t i = 0; i < node.arguments.size(); ++i) {
      TROUPE_TRY(Value value, eval(*node.arguments[i]));
      scope.emplace(macro.parameters[i].first, std::move(value));
    }
    for (const auto& [name, expr] : node.named) {
      const bool is_known = std::ranges::find(macro.parameters, name, &decltype(macro.parameters)::value_type::first) !=
                            macro.parameters.end();
      if (!is_known || scope.contains(name)) {
        return template_error(line, fmt::format("macro {} has no argument {} to give", macro.name, name));
      }
      TROUPE_TRY(Value value, eval(*expr));
      scope.emplace(name, std::move(value));
    }
    std::vector<Scope> caller(std::make_move_iterator(scopes_.begin() + 1), std::make_move_iterator(scopes_.end()));
    scopes_.resize(1);
    Result<Value> result = run_macro(macro, std::move(scope), line);
    scopes_.resize(1);
    std::ranges::move(caller, std::back_inserter(scopes_));
    return result;
  }

  Result<Value> run_macro(const Macro& macro, Scope scope, int line) {
    scopes_.push_back(std::move(scope));
    // A default may name the parameters before it.
    for (const auto& [name, fallback] : macro.parameters) {
      if (scopes_.back().contains(name)) continue;
      TROUPE_TRY(Value value, eval(fallback));
      scopes_.back().emplace(name, std::move(value));
    }
    return captured(macro.body, {}, line);
  }

  Result<Value> make_namespace(const Call& node, int line) {
    if (!node.arguments.empty()) return template_error(line, "namespace takes named arguments only");
    Value::Object fields;
    for (const auto& [name, expr] : node.named) {
      TROUPE_TRY(Value value, eval(*expr));
      if (value.name_space() != nullptr) return template_error(line, "a namespace cannot be in a namespace");
      fields.emplace_back(name, std::move(value));
    }
    return Value::name_space(std::move(fields));
  }

  Result<Value> eval(const Filter& node, int line) {
    TROUPE_TRY(const Value input, eval(*node.input));
    TROUPE_TRY(const std::vector<Value> arguments, eval_all(node.arguments));
    std::vector<NamedValue> named;
    for (const auto& [name, expr] : node.named) {
      TROUPE_TRY(Value value, eval(*expr));
      named.emplace_back(name, std::move(value));
    }
    return at_line(line, apply_filter(node.name, input, arguments, named, budget_));
  }

  Result<Value> eval(const Test& node, int line) {
    if (is_function(*node.input) && (node.name == "defined" || node.name == "undefined")) {
      return Value((node.name == "defined") != node.negated);
    }
    TROUPE_TRY(const Value input, eval(*node.input));
    TROUPE_TRY(const Value argument, eval(node.argument));
    TROUPE_TRY(const bool passes, at_line(line, apply_test(node.name, input, argument, budget_)));
    return Value(passes != node.negated);
  }

  /// The name of a function or a macro, which are no values here.
  bool is_function(const Expr& expr) const {
    static constexpr std::array<std::string_view, 4> functions = {"namespace", "range", "raise_exception",
                                                                  "strftime_now"};
    const Name* name = std::get_if<Name>(&expr.node);
    if (name == nullptr || !lookup(name->name).is_undefined()) return false;
    return macros_.contains(name->name) || std::ranges::find(functions, name->name) != functions.end();
  }

  Result<Value> eval(const Not& node, int) {
    TROUPE_TRY(const Value operand, eval(*node.operand));
    return Value(!operand.truth());
  }

  Result<Value> eval(const Negate& node, int line) {
    TROUPE_TRY(const Value operand, eval(*node.operand));
    return at_line(line, apply_operator('-', Value(int64_t{0}), operand, budget_));
  }

  Result<Value> eval(const Logic& node, int) {
    TROUPE_TRY(Value left, eval(*node.left));
    if (left.truth() != node.is_and) return left;
    return eval(*node.right);
  }

  Result<Value> eval(const Arithmetic& node, int line) {
    TROUPE_TRY(const Value left, eval(*node.left));
    TROUPE_TRY(const Value right, eval(*node.right));
    return at_line(line, apply_operator(node.op, left, right, budget_));
  }

  Result<Value> eval(const Comparison& node, int line) {
    TROUPE_TRY(Value left, eval(*node.first));
    for (const auto& [op, expr] : node.rest) {
      TROUPE_TRY(Value right, eval(*expr));
      TROUPE_TRY(const bool holds, at_line(line, compare(op, left, right, budget_)));
      if (!holds) return Value(false);
      left = std::move(right);
    }
    return Value(true);
  }

  Result<Value> eval(const Conditional& node, int) {
    TROUPE_TRY(const Value condition, eval(*node.condition));
    return eval(condition.truth() ? node.yes : node.no);
  }

  std::chrono::sys_seconds now_;
  Budget& budget_;
  size_t max_output_bytes_;
  std::vector<Scope> scopes_;
  std::map<std::string, const Macro*, std::less<>> macros_;
  Jump jump_ = Jump::none;
  int depth_ = 0;
  std::string output_;
};

}  // namespace

Result<std::string> evaluate(const Body& body, Scope globals, std::chrono::sys_seconds now, Budget& budget,
                             size_t max_output_bytes) {
  Evaluator evaluator(std::move(globals), now, budget, max_output_bytes);
  TROUPE_CHECK(evaluator.run(body));
  return evaluator.take_output();
}

}  // namespace troupe::gpu::jinja
