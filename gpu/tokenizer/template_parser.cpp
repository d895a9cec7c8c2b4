#include "gpu/tokenizer/template_parser.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "gpu/tokenizer/template_functions.hpp"

namespace troupe::gpu::jinja {
namespace {

using Kind = Token::Kind;

/// Recursive descent; one function per level of precedence, loosest first.
class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Result<Body> run() {
    TROUPE_TRY(Body body, parse_body());
    if (peek().kind != Kind::end) return unexpected("text or a tag that opens something");
    return body;
  }

 private:
  const Token& peek(size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  Token take() { return tokens_[std::min(at_++, tokens_.size() - 1)]; }
  bool at_op(std::string_view op) const { return peek().kind == Kind::op && peek().text == op; }
  bool at_name(std::string_view name) const { return peek().kind == Kind::name && peek().text == name; }
  bool accept_op(std::string_view op) { return at_op(op) && (++at_, true); }
  bool accept_name(std::string_view name) { return at_name(name) && (++at_, true); }

  tl::unexpected<Error> unexpected(std::string_view expected) const {
    const Token& token = peek();
    std::string found;
    switch (token.kind) {
      case Kind::end:
        found = "the end of the template";
        break;
      case Kind::block_begin:
        found = fmt::format("\"{{% {}\"", peek(1).text);
        break;
      case Kind::output_end:
      case Kind::block_end:
        found = "the end of the tag";
        break;
      default:
        found = fmt::format("\"{}\"", token.text.substr(0, 100));
        break;
    }
    return template_error(token.line, fmt::format("expected {}, found {}", expected, found));
  }
  Status expect_op(std::string_view op) {
    if (!accept_op(op)) return unexpected(fmt::format("\"{}\"", op));
    return {};
  }
  Status expect_name(std::string_view name) {
    if (!accept_name(name)) return unexpected(fmt::format("\"{}\"", name));
    return {};
  }
  Status expect_block_end() {
    if (peek().kind != Kind::block_end) return unexpected("\"%}\"");
    ++at_;
    return {};
  }
  Result<std::string> identifier() {
    static constexpr std::array<std::string_view, 15> reserved = {
        "and", "or", "not", "in", "is", "if", "else", "elif", "true", "True", "false", "False", "none", "None", "for"};
    const bool is_reserved = std::find(reserved.begin(), reserved.end(), peek().text) != reserved.end();
    if (peek().kind != Kind::name || is_reserved) return unexpected("a name");
    return take().text;
  }

  // Statements.

  /// Up to the end or a tag that is no statement of its own (elif, else, endif, …), which stays.
  Result<Body> parse_body() {
    if (++nesting_ > max_nesting) {
      return template_error(peek().line, fmt::format("statements are nested more than {} deep", max_nesting));
    }
    Body body;
    for (;;) {
      const int line = peek().line;
      if (peek().kind == Kind::text) {
        body.push_back({Text{take().text}, line});
      } else if (peek().kind == Kind::output_begin) {
        ++at_;
        TROUPE_TRY(ExprPtr value, parse_expression());
        if (peek().kind != Kind::output_end) return unexpected("\"}}\"");
        ++at_;
        body.push_back({Output{std::move(value)}, line});
      } else if (peek().kind == Kind::block_begin && !at_inner_tag()) {
        ++at_;
        TROUPE_TRY(Statement statement, parse_statement(line));
        body.push_back(std::move(statement));
      } else {
        break;
      }
    }
    --nesting_;
    return body;
  }

  bool at_inner_tag() const {
    static constexpr std::array<std::string_view, 7> inner = {"elif",   "else",     "endif",        "endfor",
                                                              "endset", "endmacro", "endgeneration"};
    return std::find(inner.begin(), inner.end(), peek(1).text) != inner.end();
  }
  /// Steps over "{% name" if that is next.
  bool accept_tag(std::string_view name) {
    if (peek().kind != Kind::block_begin || peek(1).kind != Kind::name || peek(1).text != name) return false;
    at_ += 2;
    return true;
  }
  Status expect_tag(std::string_view name) {
    if (!accept_tag(name)) return unexpected(fmt::format("\"{{% {} %}}\"", name));
    return expect_block_end();
  }

  Result<Statement> parse_statement(int line) {
    if (accept_name("if")) return parse_if(line);
    if (accept_name("for")) return parse_for(line);
    if (accept_name("set")) return parse_set(line);
    if (accept_name("macro")) return parse_macro(line);
    if (accept_name("generation")) return parse_generation(line);
    if (accept_name("break")) return parse_jump(line, Break{});
    if (accept_name("continue")) return parse_jump(line, Continue{});
    return unexpected("one of the statements if, for, set, macro, generation, break, continue");
  }

  Result<Statement> parse_if(int line) {
    If result;
    do {
      TROUPE_TRY(ExprPtr condition, parse_expression());
      TROUPE_CHECK(expect_block_end());
      TROUPE_TRY(Body body, parse_body());
      result.branches.emplace_back(std::move(condition), std::move(body));
    } while (accept_tag("elif"));
    if (accept_tag("else")) {
      TROUPE_CHECK(expect_block_end());
      TROUPE_TRY(result.otherwise, parse_body());
    }
    TROUPE_CHECK(expect_tag("endif"));
    return Statement{std::move(result), line};
  }

  Result<Statement> parse_for(int line) {
    For result;
    TROUPE_TRY(result.variables, parse_targets());
    TROUPE_CHECK(expect_name("in"));
    parts_ = 0;
    TROUPE_TRY(result.items, parse_or());
    if (accept_name("if")) {
      TROUPE_TRY(result.filter, parse_expression());
    }
    TROUPE_CHECK(expect_block_end());
    ++loops_;
    TROUPE_TRY(result.body, parse_body());
    --loops_;
    if (accept_tag("else")) {
      TROUPE_CHECK(expect_block_end());
      TROUPE_TRY(result.otherwise, parse_body());
    }
    TROUPE_CHECK(expect_tag("endfor"));
    return Statement{std::move(result), line};
  }

  /// "a", "a, b" or "(a, b)"
  Result<std::vector<std::string>> parse_targets() {
    std::vector<std::string> names;
    const bool in_brackets = accept_op("(");
    do {
      TROUPE_TRY(std::string name, identifier());
      names.push_back(std::move(name));
    } while (accept_op(","));
    if (in_brackets) TROUPE_CHECK(expect_op(")"));
    return names;
  }

  Result<Statement> parse_set(int line) {
    Set result;
    TROUPE_TRY(result.name, identifier());
    if (peek().kind == Kind::block_end) return parse_set_block(line, std::move(result.name));
    if (accept_op(".")) {
      TROUPE_TRY(result.field, identifier());
    }
    TROUPE_CHECK(expect_op("="));
    TROUPE_TRY(result.value, parse_expression());
    TROUPE_CHECK(expect_block_end());
    return Statement{std::move(result), line};
  }

  Result<Statement> parse_set_block(int line, std::string name) {
    TROUPE_CHECK(expect_block_end());
    TROUPE_TRY(Body body, parse_body());
    TROUPE_CHECK(expect_tag("endset"));
    return Statement{SetBlock{std::move(name), std::move(body)}, line};
  }

  Result<Statement> parse_macro(int line) {
    if (loops_ + enclosed_ > 0) return template_error(line, "a macro must not stand in a loop or in another macro");
    Macro result;
    TROUPE_TRY(result.name, identifier());
    TROUPE_CHECK(expect_op("("));
    while (!accept_op(")")) {
      TROUPE_TRY(std::string name, identifier());
      ExprPtr fallback;
      if (accept_op("=")) {
        TROUPE_TRY(fallback, parse_expression());
      }
      result.parameters.emplace_back(std::move(name), std::move(fallback));
      if (!at_op(")")) TROUPE_CHECK(expect_op(","));
    }
    TROUPE_CHECK(expect_block_end());
    ++enclosed_;
    TROUPE_TRY(result.body, parse_body());
    --enclosed_;
    TROUPE_CHECK(expect_tag("endmacro"));
    return Statement{std::move(result), line};
  }

  Result<Statement> parse_generation(int line) {
    TROUPE_CHECK(expect_block_end());
    // As a call block of Jinja it is a function of its own: no jumps out of it, no macros in it.
    const int loops = std::exchange(loops_, 0);
    ++enclosed_;
    TROUPE_TRY(Body body, parse_body());
    --enclosed_;
    loops_ = loops;
    TROUPE_CHECK(expect_tag("endgeneration"));
    return Statement{Generation{std::move(body)}, line};
  }

  template <class Jump>
  Result<Statement> parse_jump(int line, Jump jump) {
    if (loops_ == 0) return template_error(line, "break and continue belong into a loop");
    TROUPE_CHECK(expect_block_end());
    return Statement{jump, line};
  }

  // Expressions.

  template <class Node>
  Result<ExprPtr> make(int line, Node node) {
    if (++parts_ > max_expression_parts) {
      return template_error(line, fmt::format("an expression has more than {} parts", max_expression_parts));
    }
    return std::make_unique<Expr>(Expr{std::move(node), line});
  }

  Result<ExprPtr> parse_expression() {
    parts_ = 0;
    return parse_conditional();
  }

  Result<ExprPtr> parse_conditional() {
    // Brackets and prefixes recurse before they make a part, so they are counted on the way in.
    if (++depth_ > max_nesting) {
      return template_error(peek().line, fmt::format("an expression is nested more than {} deep", max_nesting));
    }
    TROUPE_TRY(ExprPtr value, parse_or());
    while (at_name("if")) {
      const int line = take().line;
      TROUPE_TRY(ExprPtr condition, parse_or());
      ExprPtr no;
      if (accept_name("else")) {
        TROUPE_TRY(no, parse_conditional());
      }
      TROUPE_TRY(value, make(line, Conditional{std::move(condition), std::move(value), std::move(no)}));
    }
    --depth_;
    return value;
  }

  Result<ExprPtr> parse_or() {
    TROUPE_TRY(ExprPtr left, parse_and());
    while (at_name("or")) {
      const int line = take().line;
      TROUPE_TRY(ExprPtr right, parse_and());
      TROUPE_TRY(left, make(line, Logic{false, std::move(left), std::move(right)}));
    }
    return left;
  }

  Result<ExprPtr> parse_and() {
    TROUPE_TRY(ExprPtr left, parse_not());
    while (at_name("and")) {
      const int line = take().line;
      TROUPE_TRY(ExprPtr right, parse_not());
      TROUPE_TRY(left, make(line, Logic{true, std::move(left), std::move(right)}));
    }
    return left;
  }

  Result<ExprPtr> parse_not() {
    std::vector<int> lines;
    while (at_name("not")) lines.push_back(take().line);
    TROUPE_TRY(ExprPtr value, parse_comparison());
    for (const int line : lines) {
      TROUPE_TRY(value, make(line, Not{std::move(value)}));
    }
    return value;
  }

  /// Empty where no comparison follows.
  std::string take_comparison() {
    for (const std::string_view op : {"==", "!=", "<=", ">=", "<", ">"}) {
      if (accept_op(op)) return std::string(op);
    }
    if (accept_name("in")) return "in";
    if (at_name("not") && peek(1).kind == Kind::name && peek(1).text == "in") {
      at_ += 2;
      return "not in";
    }
    return {};
  }

  Result<ExprPtr> parse_comparison() {
    const int line = peek().line;
    TROUPE_TRY(ExprPtr first, parse_sum());
    Comparison comparison;
    for (std::string op = take_comparison(); !op.empty(); op = take_comparison()) {
      TROUPE_TRY(ExprPtr right, parse_sum());
      comparison.rest.emplace_back(std::move(op), std::move(right));
    }
    if (comparison.rest.empty()) return first;
    comparison.first = std::move(first);
    return make(line, std::move(comparison));
  }

  using Level = Result<ExprPtr> (Parser::*)();

  /// Left-associative operators of one character between operands of the next level.
  Result<ExprPtr> parse_operators(std::string_view operators, Level next) {
    TROUPE_TRY(ExprPtr left, (this->*next)());
    while (peek().kind == Kind::op && peek().text.size() == 1 &&
           operators.find(peek().text) != std::string_view::npos) {
      const Token op = take();
      TROUPE_TRY(ExprPtr right, (this->*next)());
      TROUPE_TRY(left, make(op.line, Arithmetic{op.text.front(), std::move(left), std::move(right)}));
    }
    return left;
  }
  Result<ExprPtr> parse_sum() { return parse_operators("+-", &Parser::parse_concatenation); }
  Result<ExprPtr> parse_concatenation() { return parse_operators("~", &Parser::parse_product); }
  Result<ExprPtr> parse_product() { return parse_operators("*%", &Parser::parse_filtered); }

  Result<ExprPtr> parse_filtered() {
    TROUPE_TRY(ExprPtr value, parse_sign());
    for (;;) {
      const int line = peek().line;
      if (accept_op("|")) {
        TROUPE_TRY(value, parse_filter(line, std::move(value)));
      } else if (accept_name("is")) {
        TROUPE_TRY(value, parse_test(line, std::move(value)));
      } else {
        return value;
      }
    }
  }

  Result<ExprPtr> parse_filter(int line, ExprPtr input) {
    const std::string name = peek().text;
    if (peek().kind != Kind::name || !is_filter(name)) return unexpected(fmt::format("a filter ({})", filter_names()));
    ++at_;
    Filter filter{std::move(input), name, {}, {}};
    if (accept_op("(")) {
      Call call;
      TROUPE_CHECK(parse_arguments(call));
      for (const auto& [argument, value] : call.named) {
        if (!takes_argument(name, argument)) {
          return template_error(line, fmt::format("the argument {}= of filter {} is not supported", argument, name));
        }
      }
      filter.arguments = std::move(call.arguments);
      filter.named = std::move(call.named);
    }
    return make(line, std::move(filter));
  }

  Result<ExprPtr> parse_test(int line, ExprPtr input) {
    const bool negated = accept_name("not");
    const std::string name = peek().text;
    if (peek().kind != Kind::name || !is_test(name)) return unexpected(fmt::format("a test ({})", test_names()));
    ++at_;
    ExprPtr argument;
    if (takes_argument(name)) {
      TROUPE_TRY(argument, parse_postfix());
    }
    return make(line, Test{std::move(input), name, negated, std::move(argument)});
  }

  Result<ExprPtr> parse_sign() {
    std::vector<int> minuses;
    while (at_op("-") || at_op("+")) {
      const Token sign = take();
      if (sign.text == "-") minuses.push_back(sign.line);
    }
    TROUPE_TRY(ExprPtr value, parse_postfix());
    for (const int line : minuses) {
      TROUPE_TRY(value, make(line, Negate{std::move(value)}));
    }
    return value;
  }

  Result<ExprPtr> parse_postfix() {
    TROUPE_TRY(ExprPtr value, parse_primary());
    for (;;) {
      const int line = peek().line;
      if (accept_op(".")) {
        if (peek().kind != Kind::name) return unexpected("a name after \".\"");
        const std::string name = take().text;
        if (accept_op("(")) {
          TROUPE_TRY(value, parse_call(line, std::move(value), name));
        } else {
          TROUPE_TRY(ExprPtr key, make(line, Literal{Value(name)}));
          TROUPE_TRY(value, make(line, Subscript{std::move(value), std::move(key)}));
        }
      } else if (accept_op("[")) {
        TROUPE_TRY(value, parse_subscript(line, std::move(value)));
      } else if (at_op("(")) {
        return template_error(line, "only functions and methods can be called");
      } else {
        return value;
      }
    }
  }

  Result<ExprPtr> parse_subscript(int line, ExprPtr object) {
    std::array<ExprPtr, 3> parts;
    size_t part = 0;
    for (;;) {
      if (!at_op(":") && !at_op("]")) {
        TROUPE_TRY(parts[part], parse_conditional());
      }
      if (part == 2 || !accept_op(":")) break;
      ++part;
    }
    if (part == 0 && parts[0] == nullptr) return unexpected("an index");
    TROUPE_CHECK(expect_op("]"));
    if (part == 0) return make(line, Subscript{std::move(object), std::move(parts[0])});
    return make(line, Slice{std::move(object), std::move(parts[0]), std::move(parts[1]), std::move(parts[2])});
  }

  Result<ExprPtr> parse_call(int line, ExprPtr object, std::string name) {
    Call call;
    call.object = std::move(object);
    call.name = std::move(name);
    TROUPE_CHECK(parse_arguments(call));
    return make(line, std::move(call));
  }

  /// Behind "(", up to and with ")".
  Status parse_arguments(Call& call) {
    while (!accept_op(")")) {
      if (peek().kind == Kind::name && peek(1).kind == Kind::op && peek(1).text == "=") {
        std::string name = take().text;
        ++at_;
        TROUPE_TRY(ExprPtr value, parse_conditional());
        call.named.emplace_back(std::move(name), std::move(value));
      } else {
        TROUPE_TRY(ExprPtr value, parse_conditional());
        call.arguments.push_back(std::move(value));
      }
      if (!at_op(")")) TROUPE_CHECK(expect_op(","));
    }
    return {};
  }

  Result<ExprPtr> parse_primary() {
    const Token token = peek();
    switch (token.kind) {
      case Kind::string:
        return parse_strings();
      case Kind::integer:
        ++at_;
        return make(token.line, Literal{Value(static_cast<int64_t>(std::stoll(token.text)))});
      case Kind::name:
        return parse_name();
      default:
        break;
    }
    if (accept_op("[")) return parse_list(token.line, {}, "]");
    if (accept_op("{")) return parse_dict(token.line);
    if (!accept_op("(")) return unexpected("an expression");
    if (accept_op(")")) return make(token.line, ListLiteral{});
    TROUPE_TRY(ExprPtr value, parse_conditional());
    if (accept_op(")")) return value;
    std::vector<ExprPtr> items;
    items.push_back(std::move(value));
    TROUPE_CHECK(expect_op(","));
    return parse_list(token.line, std::move(items), ")");
  }

  /// Strings side by side are one.
  Result<ExprPtr> parse_strings() {
    const int line = peek().line;
    std::string text;
    while (peek().kind == Kind::string) text += take().text;
    return make(line, Literal{Value(std::move(text))});
  }

  Result<ExprPtr> parse_name() {
    const int line = peek().line;
    if (accept_name("true") || accept_name("True")) return make(line, Literal{Value(true)});
    if (accept_name("false") || accept_name("False")) return make(line, Literal{Value(false)});
    if (accept_name("none") || accept_name("None")) return make(line, Literal{Value::none()});
    TROUPE_TRY(std::string name, identifier());
    if (accept_op("(")) return parse_call(line, nullptr, std::move(name));
    return make(line, Name{std::move(name)});
  }

  /// The items that are left, up to and with `closing`.
  Result<ExprPtr> parse_list(int line, std::vector<ExprPtr> items, std::string_view closing) {
    while (!accept_op(closing)) {
      TROUPE_TRY(ExprPtr item, parse_conditional());
      items.push_back(std::move(item));
      if (!at_op(closing)) TROUPE_CHECK(expect_op(","));
    }
    return make(line, ListLiteral{std::move(items)});
  }

  /// Behind "{", up to and with "}".
  Result<ExprPtr> parse_dict(int line) {
    DictLiteral dict;
    while (!accept_op("}")) {
      TROUPE_TRY(ExprPtr key, parse_conditional());
      TROUPE_CHECK(expect_op(":"));
      TROUPE_TRY(ExprPtr value, parse_conditional());
      dict.fields.emplace_back(std::move(key), std::move(value));
      if (!at_op("}")) TROUPE_CHECK(expect_op(","));
    }
    return make(line, std::move(dict));
  }

  std::vector<Token> tokens_;
  size_t at_ = 0;
  int nesting_ = 0;
  int depth_ = 0;
  int parts_ = 0;
  int loops_ = 0;     ///< Around the present place, within the present function.
  int enclosed_ = 0;  ///< Macros and generation blocks around it.
};

}  // namespace

Result<Body> parse(std::vector<Token> tokens) {
  return Parser(std::move(tokens)).run();
}

}  // namespace troupe::gpu::jinja
