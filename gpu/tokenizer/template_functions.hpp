#pragma once
// What chat templates can do with values: operators, filters, tests, methods and pure functions. Private to this
// folder.
//
// Errors are invalid_argument without a line, which the evaluator adds, or too_large by the budget.

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "gpu/tokenizer/template_value.hpp"

namespace troupe::gpu::jinja {

bool is_filter(std::string_view name);
bool is_test(std::string_view name);
/// "trim, length, …", for messages.
std::string filter_names();
std::string test_names();
/// Whether filter `filter` can be given `argument` by its name.
bool takes_argument(std::string_view filter, std::string_view argument);
/// Whether a test compares with something.
bool takes_argument(std::string_view test);

using NamedValue = std::pair<std::string, Value>;

/// Requires is_filter(name), and named arguments that it takes.
Result<Value> apply_filter(std::string_view name, const Value& input, std::span<const Value> arguments,
                           std::span<const NamedValue> named, Budget& budget);
/// Requires is_test(name). `argument` is undefined for a test that takes none.
Result<bool> apply_test(std::string_view name, const Value& input, const Value& argument, Budget& budget);

/// object.name(arguments); an unknown name is an error.
Result<Value> call_method(const Value& object, std::string_view name, std::span<const Value> arguments, Budget& budget);
/// What items() of a mapping gives: a list of [name, value].
Result<Value> make_pairs(const Value::Object& object, Budget& budget);
/// range(end), range(begin, end), range(begin, end, step)
Result<Value> make_range(std::span<const Value> arguments, Budget& budget);

/// strftime_now(format), in UTC.
Result<Value> format_time(std::span<const Value> arguments, std::chrono::sys_seconds now, Budget& budget);

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
