#include "gpu/engine/tool_calls/call_reader.hpp"

#include <nlohmann/json.hpp>
#include <string_view>

namespace troupe::gpu {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/// Of numbers, true, false and null.
bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == 'E' || c == '+' || c == '-' || c == '.';
}

bool is_arguments(std::string_view key) {
  return key == "\"arguments\"" || key == "\"parameters\"";
}

}  // namespace

JsonFollower::Step JsonFollower::take(char c) {
  if (!open_.empty() && open_.back() == '"') return take_in_text(c);
  const bool in_word = open_.size() == 1 && open_.back() == '.';
  if (in_word) return is_word(c) ? Step::more : Step::beyond;
  const bool is_inside = !open_.empty();
  if (c == '{' || c == '[' || c == '"') {
    if (open_.size() == depth_max) return Step::broken;
    open_ += c;
    return Step::more;
  }
  if (c == '}' || c == ']') {
    if (!is_inside || open_.back() != (c == '}' ? '{' : '[')) return Step::broken;
    open_.pop_back();
    return open_.empty() ? Step::last : Step::more;
  }
  if (is_inside) return is_word(c) || is_space(c) || c == ',' || c == ':' ? Step::more : Step::broken;
  if (!is_word(c)) return Step::broken;
  open_ = '.';
  return Step::more;
}

JsonFollower::Step JsonFollower::take_in_text(char c) {
  if (escaped_) {
    escaped_ = false;
  } else if (c == '\\') {
    escaped_ = true;
  } else if (c == '"') {
    open_.pop_back();
    return open_.empty() ? Step::last : Step::more;
  }
  return Step::more;
}

CallReader::Step CallReader::take(char c) {
  if (!is_announced() && ++bytes_ > head_bytes_max) return refuse();
  switch (place_) {
    case Place::key:
    case Place::value:
      return go_on(c);
    default:
      return is_space(c) ? Step::more : take_space_or(c);
  }
}

CallReader::Step CallReader::take_space_or(char c) {
  switch (place_) {
    case Place::before:
      if (c != '{') return refuse();
      place_ = Place::key_or_end;
      return Step::more;
    case Place::key_or_end:
      if (c == '}' && has_name_ && has_arguments_) return Step::last;
      if (c != '"') return refuse();
      key_.clear();
      follower_ = {};
      place_ = Place::key;
      return go_on(c);
    case Place::colon:
      if (c != ':') return refuse();
      follower_ = {};
      value_.clear();
      place_ = Place::value;
      return Step::more;
    case Place::comma_or_end:
      if (c == '}') return has_name_ && has_arguments_ ? Step::last : refuse();
      if (c != ',') return refuse();
      place_ = Place::key_or_end;
      return Step::more;
    default:
      return refuse();
  }
}

/// A byte of a key or a value, or the space before a value.
CallReader::Step CallReader::go_on(char c) {
  const bool is_key = place_ == Place::key;
  const bool to_arguments = !is_key && is_arguments(key_) && !has_arguments_;
  std::string& text = is_key ? key_ : to_arguments ? arguments_ : value_;
  if (text.empty() && is_space(c)) return Step::more;
  if (to_arguments && text.empty() && c != '{') return refuse();
  const JsonFollower::Step step = follower_.take(c);
  if (step == JsonFollower::Step::broken) return refuse();
  if (step == JsonFollower::Step::beyond) {
    const Step ended = end_value();
    return ended == Step::more ? take(c) : ended;
  }
  text += c;
  if (!is_key && key_ == "\"name\"" && text.size() > name_bytes_max) return refuse();
  if (step == JsonFollower::Step::more) return Step::more;
  if (!is_key) return end_value();
  place_ = Place::colon;
  return Step::more;
}

CallReader::Step CallReader::end_value() {
  place_ = Place::comma_or_end;
  if (is_arguments(key_)) has_arguments_ = true;
  if (key_ != "\"name\"" || has_name_) return Step::more;
  const auto decoded = nlohmann::json::parse(value_, nullptr, false);
  if (!decoded.is_string() || decoded.get_ref<const std::string&>().empty()) return refuse();
  name_ = decoded.get<std::string>();
  has_name_ = true;
  return Step::more;
}

CallReader::Step CallReader::refuse() const {
  if (!is_announced()) return Step::broken;
  return has_arguments_ ? Step::complete : Step::cut_off;
}

}  // namespace troupe::gpu
