#include "runtime/config/error_sink.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "runtime/base/nearest.hpp"
#include "runtime/config/utf8.hpp"

namespace troupe::config {
namespace {
constexpr size_t problems_max = 50;
constexpr size_t suggested_length_max = 64;
}  // namespace

ErrorSink::Scope::Scope(ErrorSink& sink, std::string_view key) : sink_(sink), length_before_(sink.path_.size()) {
  if (!sink.path_.empty()) sink.path_ += '.';
  sink.path_ += printable(key);
}

ErrorSink::Scope::Scope(ErrorSink& sink, size_t index) : sink_(sink), length_before_(sink.path_.size()) {
  sink.path_ += fmt::format("[{}]", index);
}

ErrorSink::Scope::~Scope() {
  sink_.path_.resize(length_before_);
}

void ErrorSink::add(uint32_t line, std::string_view message) {
  if (++count_ == 1) first_path_ = path_;
  if (count_ <= problems_max) lines_.push_back(fmt::format("{}:{}: {}", file_, line, message));
}

void ErrorSink::expected(const Node& node, std::string_view wants, std::string_view suggestion) {
  add(node.line,
      fmt::format("{}{}expected {}, found {}{}", path_, path_.empty() ? "" : ": ", wants, found(node), suggestion));
}

std::string ErrorSink::suggestion(std::string_view name, const std::vector<std::string>& candidates) const {
  if (name.size() > suggested_length_max || count_ >= problems_max) return {};
  return did_you_mean(name, candidates);
}

Error ErrorSink::error() const {
  std::string message = fmt::format("{}", fmt::join(lines_, "\n"));
  if (count_ > problems_max) message += fmt::format("\n{}: and {} more problems", file_, count_ - problems_max);
  return Error{Errc::invalid_argument, std::move(message), first_path_, {}};
}

}  // namespace troupe::config
