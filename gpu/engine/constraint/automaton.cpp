#include "gpu/engine/constraint/automaton.hpp"

#include <algorithm>

namespace troupe::gpu {

size_t Automaton::Hash::operator()(const PlaceData& place) const noexcept {
  uint64_t hash = place.is_complete ? 1 : 0;
  for (const Element element : place.readings) hash = (hash ^ element) * 0x9e3779b97f4a7c15ULL + (hash >> 29);
  return static_cast<size_t>(hash);
}

Automaton::Automaton(Grammar grammar, Grammar::State start)
    : grammar_(std::move(grammar)), start_state_(start), classes_(byte_classes(grammar_)) {
  clear();
}

void Automaton::clear() {
  stack_.assign(1, {Grammar::end, bottom});
  elements_.clear();
  places_.clear();
  numbers_.clear();
  steps_.clear();
  visited_in_.assign(1, 0);
  visit_ = 0;
  start_ = unknown;
}

Automaton::Place Automaton::start() {
  if (start_ == unknown) {
    begin_visit();
    visit(element(start_state_, bottom));
    follow_visits();
    start_ = finish_visit();
  }
  return start_;
}

std::vector<Automaton::Frame> Automaton::frames(Place place) const {
  std::vector<Frame> frames;
  for (const Element top : places_[place].readings) {
    const auto [state, below] = stack_[top];
    // No stack has the end as a state, so that it stands for none.
    const StackElement second = below == bottom ? StackElement{Grammar::end, bottom} : stack_[below];
    frames.push_back({uint64_t{state} << 32 | second.state, second.below});
  }
  return frames;
}

Automaton::Place Automaton::inside(uint64_t states) {
  const auto second = static_cast<Grammar::State>(states & UINT32_MAX);
  begin_visit();
  const Element below = second == Grammar::end ? bottom : element(second, bottom);
  found_.readings.push_back(element(static_cast<Grammar::State>(states >> 32), below));
  return finish_visit();
}

Automaton::Place Automaton::behind(const Frame& frame) {
  if (frame.rest == bottom) return nowhere;
  begin_visit();
  visit(frame.rest);
  follow_visits();
  return finish_visit();
}

void Automaton::forget(std::span<Place* const> kept) {
  /// Each reading of each place as its states from the bottom up.
  struct Saved {
    std::vector<std::vector<Grammar::State>> readings;
    bool is_complete;
  };
  std::vector<Saved> saved;
  for (const Place* place : kept) {
    const PlaceData& data = places_[*place];
    saved.push_back({{}, data.is_complete});
    for (const Element top : data.readings) {
      std::vector<Grammar::State>& states = saved.back().readings.emplace_back();
      for (Element at = top; at != bottom; at = stack_[at].below) states.push_back(stack_[at].state);
      std::ranges::reverse(states);
    }
  }
  clear();
  for (size_t i = 0; i < kept.size(); ++i) {
    begin_visit();
    for (const auto& states : saved[i].readings) {
      Element top = bottom;
      for (const Grammar::State state : states) top = element(state, top);
      found_.readings.push_back(top);
    }
    found_.is_complete = saved[i].is_complete;
    *kept[i] = finish_visit();
  }
}

Automaton::Element Automaton::element(Grammar::State state, Element below) {
  const uint64_t key = uint64_t{state} << 32 | below;
  const auto [found, is_new] = elements_.try_emplace(key, static_cast<Element>(stack_.size()));
  if (is_new) {
    stack_.push_back({state, below});
    visited_in_.push_back(0);
  }
  return found->second;
}

void Automaton::begin_visit() {
  ++visit_;
  found_.readings.clear();
  found_.is_complete = false;
}

void Automaton::visit(Element element) {
  if (visited_in_[element] == visit_) return;
  visited_in_[element] = visit_;
  open_.push_back(element);
}

/// Everything that is reached without a byte.
void Automaton::follow_visits() {
  while (!open_.empty()) {
    const Element at = open_.back();
    open_.pop_back();
    const auto [state, below] = stack_[at];
    if (state == Grammar::end) {
      if (below == bottom) {
        found_.is_complete = true;
      } else {
        visit(below);
      }
      continue;
    }
    const Grammar::Node& node = grammar_.node(state);
    if (!node.edges.empty()) found_.readings.push_back(at);
    for (const Grammar::State next : node.skips) visit(element(next, below));
    if (node.rule == Grammar::end) continue;
    // A call with nothing behind it needs no place on the stack. So rules that begin with themselves come to an end.
    visit(element(node.rule, node.behind == Grammar::end ? below : element(node.behind, below)));
  }
}

Automaton::Place Automaton::finish_visit() {
  if (found_.readings.size() > readings_max || (found_.readings.empty() && !found_.is_complete)) return nowhere;
  std::ranges::sort(found_.readings);
  const auto [found, is_new] = numbers_.try_emplace(found_, static_cast<Place>(places_.size()));
  if (is_new) {
    places_.push_back(found_);
    steps_.resize(steps_.size() + classes_.examples.size(), unknown);
  }
  return found->second;
}

Automaton::Place Automaton::work_out(Place place, size_t byte_class) {
  const uint8_t byte = classes_.examples[byte_class];
  begin_visit();
  for (const Element top : places_[place].readings) {
    const auto [state, below] = stack_[top];
    for (const Grammar::Edge& edge : grammar_.node(state).edges) {
      if (edge.first <= byte && byte <= edge.last) visit(element(edge.next, below));
    }
  }
  follow_visits();
  const Place next = finish_visit();
  steps_[place * classes_.examples.size() + byte_class] = next;
  return next;
}

}  // namespace troupe::gpu
