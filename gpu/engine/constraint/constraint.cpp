#include "gpu/engine/constraint/constraint.hpp"

#include <algorithm>

#include "gpu/engine/constraint/json_schema.hpp"

namespace troupe::gpu {
namespace {

/// Different for different formats.
std::string key_of(const AnswerFormat& format) {
  if (const auto* schema = std::get_if<JsonSchema>(&format)) return "s" + schema->schema;
  const auto* choice = std::get_if<TextChoice>(&format);
  if (choice == nullptr) return "o";
  std::string key = "c";
  for (const std::string& text : choice->texts) key += fmt::format("{}:{}", text.size(), text);
  return key;
}

Result<CompiledGrammar> compile(const AnswerFormat& format) {
  if (const auto* schema = std::get_if<JsonSchema>(&format)) return compile_schema(schema->schema);
  if (const auto* choice = std::get_if<TextChoice>(&format)) return choice_grammar(choice->texts);
  return json_object_grammar();
}

}  // namespace

class FormatAutomaton {
 public:
  explicit FormatAutomaton(CompiledGrammar compiled) : automaton_(std::move(compiled.grammar), compiled.start) {}

  Automaton& automaton() noexcept { return automaton_; }

  void add_text(Automaton::Place& place) { texts_.push_back(&place); }
  void remove_text(const Automaton::Place& place) { std::erase(texts_, &place); }

  /// Valid until the next call. `place` is a text's.
  const TokenMask& mask(const TokenTree& tokens, const Automaton::Place& place) {
    if (automaton_.is_full()) {
      automaton_.forget(texts_);
      masks_.clear();
      by_place_.clear();
    }
    const auto found = by_place_.find(place);
    if (found != by_place_.end()) {
      masks_.splice(masks_.begin(), masks_, found->second);
      return masks_.front().mask;
    }
    if (masks_.size() == masks_max) {
      by_place_.erase(masks_.back().place);
      masks_.pop_back();
    }
    masks_.push_front({place, tokens.allowed(automaton_, place, frames_)});
    by_place_[place] = masks_.begin();
    return masks_.front().mask;
  }

 private:
  /// With 128,000 tokens one takes 16 KB.
  static constexpr size_t masks_max = 256;

  struct Known {
    Automaton::Place place;
    TokenMask mask;
  };

  Automaton automaton_;
  FrameMasks frames_;
  std::vector<Automaton::Place*> texts_;
  std::list<Known> masks_;  ///< The last used one first.
  std::unordered_map<Automaton::Place, std::list<Known>::iterator> by_place_;
};

Constraint::Constraint(std::shared_ptr<FormatAutomaton> format, const TokenTree& tokens)
    : format_(std::move(format)), tokens_(tokens), place_(format_->automaton().start()) {
  format_->add_text(place_);
}

Constraint::~Constraint() {
  format_->remove_text(place_);
}

const TokenMask& Constraint::mask() {
  return format_->mask(tokens_, place_);
}

bool Constraint::is_complete() const {
  return format_->automaton().is_complete(place_);
}

bool Constraint::accept(int32_t token) {
  Automaton::Place place = place_;
  for (const char byte : tokens_.bytes_of(token)) {
    place = format_->automaton().step(place, static_cast<uint8_t>(byte));
    if (place == Automaton::nowhere) return false;
  }
  place_ = place;
  return true;
}

Result<std::unique_ptr<Constraint>> Constraints::make(const AnswerFormat& format) {
  if (std::holds_alternative<AnyText>(format)) return nullptr;
  TROUPE_TRY(std::shared_ptr<FormatAutomaton> automaton, find_or_compile(format));
  if (automaton->automaton().start() == Automaton::nowhere) {
    return fail_field("response_format", "the format has more than {} readings at its beginning",
                      Automaton::readings_max);
  }
  return std::make_unique<Constraint>(std::move(automaton), tokens_);
}

Result<std::shared_ptr<FormatAutomaton>> Constraints::find_or_compile(const AnswerFormat& format) {
  std::string key = key_of(format);
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    known_.splice(known_.begin(), known_, found->second);
    return known_.front().format;
  }
  TROUPE_TRY(CompiledGrammar compiled, compile(format));
  TROUPE_CHECK(make_room());
  known_.push_front({key, std::make_shared<FormatAutomaton>(std::move(compiled))});
  by_key_[std::move(key)] = known_.begin();
  return known_.front().format;
}

/// For one more.
Status Constraints::make_room() {
  const auto is_idle = [](const Known& known) { return known.format.use_count() == 1; };
  const auto idle = static_cast<size_t>(std::ranges::count_if(known_, is_idle));
  if (known_.size() - idle >= used_max) {
    return fail(Error{Errc::overloaded,
                      fmt::format("answers in {} different formats are under way, no more are begun", used_max),
                      "response_format",
                      {}});
  }
  if (idle < idle_max) return {};
  const auto oldest = std::find_if(known_.rbegin(), known_.rend(), is_idle);
  by_key_.erase(oldest->key);
  known_.erase(std::next(oldest).base());
  return {};
}

}  // namespace troupe::gpu
