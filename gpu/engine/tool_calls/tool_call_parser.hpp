#pragma once
// ToolCallParser: takes the calls of tools out of a text while it is being generated.

#include <string>
#include <string_view>
#include <vector>

#include "gpu/engine/generate.hpp"
#include "gpu/engine/tool_calls/call_reader.hpp"
#include "gpu/engine/tool_calls/tool_call_format.hpp"
#include "runtime/base/random.hpp"

namespace troupe::gpu {

/// Text goes through as it comes, but what may turn out to begin a call. A call is given out from the first byte of its
/// arguments on, as the model writes them. What looks like a call and is none (no JSON, no name, no arguments) is text;
/// one that breaks off within its arguments keeps those that came. White space around calls is dropped. However the
/// text is cut in pieces, the outputs joined are the same. Not thread-safe.
class ToolCallParser {
 public:
  struct Options {
    ToolCallFormat format = ToolCallFormat::hermes;
    std::vector<std::string>
        names;                ///< Of the tools. Only JSON that names one of them is a call where no mark says so.
    bool only_first = false;  ///< The answer ends after the first call.
    bool is_forced = false;   ///< The text is a call and nothing else, without marks.
    uint64_t id_seed = 0;     ///< The ids of calls depend on it alone.
  };

  explicit ToolCallParser(Options options);

  struct Output {
    std::string text;
    std::vector<ToolCallDelta> calls;  ///< Behind the text; one at most of each call.
    bool is_finished = false;          ///< See Options::only_first; nothing is to be pushed any more.
  };
  /// `text`: whole UTF-8 characters.
  Output push(std::string_view text);
  /// The text has ended: what was held back.
  Output flush();

  bool has_calls() const noexcept { return calls_ > 0; }

 private:
  enum class State : uint8_t {
    text,
    opening,  ///< Behind a mark that a bracket follows.
    call,
    between,  ///< Behind a call.
  };

  void take(char c);
  void take_text(char c);
  void take_opening(char c);
  void take_call(char c);
  void take_between(char c);
  void begin_call(std::string raw, bool is_marked);
  bool announce();
  void give_arguments();
  void end_call();
  /// What was held back of a call is text.
  void fall_back(char c);
  void emit(char c);
  void again(std::string_view text) { input_.insert(0, text); }
  void again(char c) { input_.insert(input_.begin(), c); }
  std::string make_id();

  Options options_;
  ToolCallMarks marks_;
  SeededRandom random_;
  State state_ = State::text;
  std::string input_;           ///< Still to be taken.
  std::string held_;            ///< May begin a mark.
  std::string space_;           ///< White space that is dropped before a call.
  std::string raw_;             ///< Of a call that is not given out yet: all of it.
  bool is_marked_ = false;      ///< The present call stands behind a mark.
  bool at_start_ = true;        ///< Nothing but white space has come.
  bool holds_space_ = true;     ///< At the start and behind calls.
  bool is_given_out_ = false;   ///< The present call.
  size_t arguments_given_ = 0;  ///< Bytes of them.
  uint32_t calls_ = 0;
  CallReader reader_;
  Output output_;
};

}  // namespace troupe::gpu
