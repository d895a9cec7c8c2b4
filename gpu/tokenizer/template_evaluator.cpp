#include "gpu/tokenizer/template_evaluator.hpp"

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

class Evaluator {
 public:
  Evaluator(Scope globals, Budget& budget, size_t max_output_bytes)
      : budget_(budget), max_output_bytes_(max_output_bytes) {
    scopes_.push_back(std::move(globals));
  }

  Status run(const Body& body) {
    for (const Statement& statement : body) {
      TROUPE_CHECK(budget_.step());
      TROUPE_CHECK(std::visit([&](const auto& node) { return execute(node, statement.line); }, statement.node));
    }
    return {};
  }

  std::string take_output() { return std::move(output_); }

 private:
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

  Status execute(const For& node, int line) {
    TROUPE_TRY(const Value source, eval(*node.items));
    TROUPE_TRY(std::vector<Value> items, at_line(line, iterate(source, budget_)));
    if (node.filter != nullptr) {
      TROUPE_TRY(items, filtered(node, items));
    }
    if (items.empty()) return run(node.otherwise);
    for (size_t i = 0; i < items.size(); ++i) {
      scopes_.emplace_back();
      scopes_.back().emplace("loop", loop_state(i, items.size()));
      scopes_.back().insert_or_assign(node.variable, items[i]);
      const Status status = run(node.body);
      scopes_.pop_back();
      TROUPE_CHECK(status);
    }
    return {};
  }

  Result<std::vector<Value>> filtered(const For& node, const std::vector<Value>& items) {
    std::vector<Value> kept;
    for (const Value& item : items) {
      scopes_.emplace_back();
      scopes_.back().emplace(node.variable, item);
      const Result<Value> keep = eval(*node.filter);
      scopes_.pop_back();
      if (!keep) return fail(keep.error());
      if (keep->truth()) kept.push_back(item);
    }
    return kept;
  }

  static Value loop_state(size_t index, size_t count) {
    const auto number = [](size_t n) { return Value(static_cast<int64_t>(n)); };
    return Value::object({{"index", number(index + 1)},
                          {"index0", number(index)},
                          {"revindex", number(count - index)},
                          {"revindex0", number(count - index - 1)},
                          {"first", Value(index == 0)},
                          {"last", Value(index + 1 == count)},
                          {"length", number(count)}});
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
    if (node.name == "raise_exception" && arguments.size() == 1) {
      TROUPE_TRY(const std::string text, at_line(line, to_text(arguments[0])));
      return fail(Errc::invalid_argument, "{}", text);
    }
    return template_error(line, fmt::format("unknown function \"{}\" with {} arguments", node.name, arguments.size()));
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
    return at_line(line, apply_filter(node.name, input, arguments, budget_));
  }

  Result<Value> eval(const Test& node, int) {
    TROUPE_TRY(const Value input, eval(*node.input));
    return Value(apply_test(node.name, input) != node.negated);
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

  Budget& budget_;
  size_t max_output_bytes_;
  std::vector<Scope> scopes_;
  std::string output_;
};

}  // namespace

Result<std::string> evaluate(const Body& body, Scope globals, Budget& budget, size_t max_output_bytes) {
  Evaluator evaluator(std::move(globals), budget, max_output_bytes);
  TROUPE_CHECK(evaluator.run(body));
  return evaluator.take_output();
}

}  // namespace troupe::gpu::jinja
