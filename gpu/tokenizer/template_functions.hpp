#pragma once
// What chat templates can do with values: operators, filters, tests, methods and pure functions. Private to this
// folder.
//
// Errors are invalid_argument without a line, which the evaluator adds, or too_large by the budget.

#include <span>
#include <string>
#include <string_view>

#include "gpu/tokenizer/template_value.hpp"

namespace troupe::gpu::jinja {

bool is_filter(std::string_view name);
bool is_test(std::string_view name);
/// "trim, length, …", for messages.
std::string filter_names();
std::string test_names();

/// Requires is_filter(name), is_test(name).
Result<Value> apply_filter(std::string_view name, const Value& input, std::span<const Value> arguments, Budget& budget);
bool apply_test(std::string_view name, const Value& input);

/// object.name(arguments); an unknown name is an error.
Result<Value> call_method(const Value& object, std::string_view name, std::span<const Value> arguments, Budget& budget);
/// range(end), range(begin, end), range(begin, end, step)
Result<Value> make_range(std::span<const Value> arguments, Budget& budget);

/// + - * % ~
Result<Value> apply_operator(char op, const Value& left, const Value& right, Budget& budget);
/// == != < > <= >= in "not in"
Result<bool> compare(std::string_view op, const Value& left, const Value& right, Budget& budget);

/// object[key]; undefined where there is no such item.
Result<Value> subscript(const Value& object, const Value& key, Budget& budget);
/// object[begin:end:step] of a list or a string; undefined or none stands for an absent part.
Result<Value> slice(const Value& object, const Value& begin, const Value& end, const Value& step, Budget& budget);
/// What a for loop runs over: items of a list, characters of a string, keys of an object, nothing for undefined.
Result<std::vector<Value>> iterate(const Value& value, Budget& budget);

}  // namespace troupe::gpu::jinja
