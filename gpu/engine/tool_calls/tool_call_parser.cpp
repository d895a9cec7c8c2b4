#include "gpu/engine/tool_calls/tool_call_parser.hpp"

#include <algorithm>
#include <utility>

namespace troupe::gpu {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

}  // namespace

ToolCallParser::ToolCallParser(Options options)
    : options_(std::move(options)), marks_(marks_of(options_.format)), random_(options_.id_seed) {
  if (options_.is_forced) begin_call({}, true);
}

ToolCallParser::Output ToolCallParser::push(std::string_view text) {
  input_ += text;
  while (!input_.empty() && !output_.is_finished) {
    // What is put back in front goes first, so the rest waits aside.
    std::string rest = std::exchange(input_, {});
    size_t at = 0;
    while (at < rest.size() && input_.empty() && !output_.is_finished) take(rest[at++]);
    input_ += std::string_view(rest).substr(at);
  }
  return std::exchange(output_, {});
}

ToolCallParser::Output ToolCallParser::flush() {
  if (state_ == State::opening || (state_ == State::call && !is_given_out_)) {
    for (const char c : std::exchange(raw_, {})) emit(c);
  }
  for (const char c : std::exchange(held_, {})) emit(c);
  if (!has_calls()) output_.text += space_;
  space_.clear();
  return std::exchange(output_, {});
}

void ToolCallParser::take(char c) {
  switch (state_) {
    case State::text:
      return take_text(c);
    case State::opening:
      return take_opening(c);
    case State::call:
      return take_call(c);
    case State::between:
      return take_between(c);
  }
}

void ToolCallParser::take_text(char c) {
  if (options_.format == ToolCallFormat::llama && at_start_ && held_.empty() && c == '{') {
    begin_call({}, false);
    return take_call(c);
  }
  held_ += c;
  if (held_ == marks_.begin) {
    const bool opens = options_.format == ToolCallFormat::mistral;
    begin_call(std::exchange(held_, {}), true);
    if (opens) state_ = State::opening;
    return;
  }
  while (!held_.empty() && !marks_.begin.starts_with(held_)) {
    emit(held_.front());
    held_.erase(0, 1);
  }
}

void ToolCallParser::take_opening(char c) {
  if (c != '[' && !is_space(c)) return fall_back(c);
  raw_ += c;
  if (c == '[') state_ = State::call;
}

void ToolCallParser::take_call(char c) {
  const CallReader::Step step = reader_.take(c);
  if (step == CallReader::Step::broken) return fall_back(c);
  const bool is_behind = step == CallReader::Step::complete || step == CallReader::Step::cut_off;
  if (!is_given_out_ && !is_behind) {
    if (reader_.is_announced() && !announce()) return fall_back(c);
    if (!is_given_out_) raw_ += c;
  }
  if (is_given_out_) give_arguments();
  if (step == CallReader::Step::more) return;
  end_call();
  if (is_behind) again(c);
}

void ToolCallParser::take_between(char c) {
  if (held_.empty() && is_space(c)) {
    space_ += c;
    return;
  }
  held_ += c;
  const bool may_be_end = !marks_.end.empty() && marks_.end.starts_with(held_);
  if (may_be_end && held_.size() < marks_.end.size()) return;
  std::string read = std::exchange(held_, {});
  const bool is_list = options_.format == ToolCallFormat::mistral;
  const bool is_row = options_.format == ToolCallFormat::llama;
  if ((is_list && c == ',') || (is_row && (c == ';' || c == ','))) return begin_call(std::move(read), is_marked_);
  state_ = State::text;
  if (is_row && c == '{') begin_call({}, is_marked_);
  if (may_be_end || (is_list && c == ']')) return;
  again(read);
}

void ToolCallParser::begin_call(std::string raw, bool is_marked) {
  if (holds_space_ || state_ == State::between) {
    raw.insert(0, std::exchange(space_, {}));
  }
  raw_ = std::move(raw);
  is_marked_ = is_marked;
  is_given_out_ = false;
  arguments_given_ = 0;
  reader_ = {};
  state_ = State::call;
}

/// False where it is none of ours.
bool ToolCallParser::announce() {
  if (!is_marked_ && std::ranges::find(options_.names, reader_.name()) == options_.names.end()) return false;
  is_given_out_ = true;
  raw_.clear();
  output_.calls.push_back({calls_++, make_id(), reader_.name(), {}});
  return true;
}

void ToolCallParser::give_arguments() {
  const std::string_view fresh = std::string_view(reader_.arguments()).substr(arguments_given_);
  if (fresh.empty()) return;
  if (output_.calls.empty()) output_.calls.push_back({calls_ - 1, {}, {}, {}});
  output_.calls.back().arguments += fresh;
  arguments_given_ += fresh.size();
}

void ToolCallParser::end_call() {
  state_ = State::between;
  at_start_ = false;
  holds_space_ = true;
  output_.is_finished = options_.only_first;
}

void ToolCallParser::fall_back(char c) {
  std::string raw = std::exchange(raw_, {}) + c;
  state_ = State::text;
  at_start_ = false;
  // Its first byte begins no mark any more; there may be another one in the rest.
  size_t first = 0;
  while (first < raw.size() && is_space(raw[first])) emit(raw[first++]);
  if (first < raw.size()) emit(raw[first++]);
  again(std::string_view(raw).substr(first));
}

void ToolCallParser::emit(char c) {
  if (holds_space_ && is_space(c)) {
    space_ += c;
    return;
  }
  output_.text += std::exchange(space_, {});
  output_.text += c;
  holds_space_ = false;
  at_start_ = false;
}

std::string ToolCallParser::make_id() {
  static constexpr std::string_view letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  // Mistral's templates take ids of nine letters and digits alone.
  const bool is_short = options_.format == ToolCallFormat::mistral;
  std::string id = is_short ? "" : "call_";
  for (size_t i = 0; i < (is_short ? 9U : 24U); ++i) id += letters[random_.below(letters.size())];
  return id;
}

}  // namespace troupe::gpu
