#pragma once
// The tree of a parsed chat template. Private to this folder.

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "gpu/tokenizer/template_value.hpp"

namespace troupe::gpu::jinja {

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

struct Literal {
  Value value;
};
struct Name {
  std::string name;
};
struct ListLiteral {
  std::vector<ExprPtr> items;
};
struct DictLiteral {
  std::vector<std::pair<ExprPtr, ExprPtr>> fields;
};
/// x['y'] and x.y alike.
struct Subscript {
  ExprPtr object;
  ExprPtr key;
};
/// x[begin:end:step]; absent parts are null.
struct Slice {
  ExprPtr object;
  ExprPtr begin;
  ExprPtr end;
  ExprPtr step;
};
/// A function if `object` is null, otherwise its method.
struct Call {
  ExprPtr object;
  std::string name;
  std::vector<ExprPtr> arguments;
  std::vector<std::pair<std::string, ExprPtr>> named;
};
/// input | name(arguments)
struct Filter {
  ExprPtr input;
  std::string name;
  std::vector<ExprPtr> arguments;
  std::vector<std::pair<std::string, ExprPtr>> named;
};
/// input is [not] name(argument); `argument` is null for tests that take none.
struct Test {
  ExprPtr input;
  std::string name;
  bool negated;
  ExprPtr argument;
};
struct Not {
  ExprPtr operand;
};
struct Negate {
  ExprPtr operand;
};
/// and, or: the value is one of the operands, as in Python.
struct Logic {
  bool is_and;
  ExprPtr left;
  ExprPtr right;
};
/// + - * % ~
struct Arithmetic {
  char op;
  ExprPtr left;
  ExprPtr right;
};
/// a < b < c means a < b and b < c. Operators: == != < > <= >= in "not in".
struct Comparison {
  ExprPtr first;
  std::vector<std::pair<std::string, ExprPtr>> rest;
};
/// yes if condition else no; without `no` the value is undefined.
struct Conditional {
  ExprPtr condition;
  ExprPtr yes;
  ExprPtr no;
};

struct Expr {
  std::variant<Literal, Name, ListLiteral, DictLiteral, Subscript, Slice, Call, Filter, Test, Not, Negate, Logic,
               Arithmetic, Comparison, Conditional>
      node;
  int line;
};

struct Statement;
using Body = std::vector<Statement>;

struct Text {
  std::string text;
};
struct Output {
  ExprPtr value;
};
/// A for without items runs `otherwise`. `filter` may be null. Several variables take an item apart.
struct For {
  std::vector<std::string> variables;
  ExprPtr items;
  ExprPtr filter;
  Body body;
  Body otherwise;
};
struct If {
  std::vector<std::pair<ExprPtr, Body>> branches;
  Body otherwise;
};
/// Sets the variable `name`, or its field where `field` is not empty.
struct Set {
  std::string name;
  std::string field;
  ExprPtr value;
};
/// Sets the variable `name` to what `body` writes.
struct SetBlock {
  std::string name;
  Body body;
};
/// A parameter without a default is undefined where no argument is given.
struct Macro {
  std::string name;
  std::vector<std::pair<std::string, ExprPtr>> parameters;
  Body body;
};
/// {% generation %}: marks for training what an assistant said; here its body alone counts.
struct Generation {
  Body body;
};
struct Break {};
struct Continue {};

struct Statement {
  std::variant<Text, Output, For, If, Set, SetBlock, Macro, Generation, Break, Continue> node;
  int line;
};

}  // namespace troupe::gpu::jinja
