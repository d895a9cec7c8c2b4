#define PCRE2_CODE_UNIT_WIDTH 8
#include "gpu/tokenizer/regex.hpp"

#include <pcre2.h>

#include <algorithm>
#include <array>
#include <optional>

#include "gpu/tokenizer/regex_dialect.hpp"
#include "gpu/tokenizer/utf8.hpp"

namespace troupe::gpu {
namespace {

/// What a match may look at before it is asked again with twice as much. Small: most matches are words.
constexpr size_t first_window = 1024;
/// Bytes looked at in windows beyond the first, for each byte of the text: a run that is one match costs two.
constexpr size_t work_per_byte = 64;
/// Backtracking steps of one attempt: a repetition that is given up byte by byte takes one a byte.
constexpr size_t steps_per_byte = 8;
/// In larger windows a step may itself be long, so the bytes that it passes over are counted, which is slower.
constexpr size_t uncounted_window = 8 << 10;
constexpr size_t jit_stack_bytes = 1 << 20;

PCRE2_SPTR bytes(std::string_view text) {
  return reinterpret_cast<PCRE2_SPTR>(text.data());
}

std::string message_of(int code) {
  std::array<PCRE2_UCHAR, 256> buffer{};
  pcre2_get_error_message(code, buffer.data(), buffer.size());
  return reinterpret_cast<const char*>(buffer.data());
}

/// `at`, or the end of the character that it is inside of.
size_t character_end(std::string_view text, size_t at) {
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
  return at;
}

}  // namespace

struct Regex::Code {
  using Pointer = std::unique_ptr<pcre2_code, decltype(&pcre2_code_free)>;
  Pointer plain;
  Pointer counted;  ///< Calls out at every item of the pattern.
};

Result<Regex> Regex::compile(std::string_view pattern) {
  TROUPE_TRY(const std::string translated, to_pcre2(pattern));
  const auto compiled = [&](uint32_t more_options) -> Result<Code::Pointer> {
    const std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(
        pcre2_compile_context_create(nullptr), &pcre2_compile_context_free);
    pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
    pcre2_set_parens_nest_limit(context.get(), 64);
    int error = 0;
    PCRE2_SIZE offset = 0;
    Code::Pointer code(
        pcre2_compile(bytes(translated), translated.size(), PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | more_options,
                      &error, &offset, context.get()),
        &pcre2_code_free);
    if (code == nullptr) {
      return fail(Errc::unimplemented, "the pattern {} is not understood at byte {} of {}: {}", pattern, offset,
                  translated, message_of(error));
    }
    if (const int status = pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE | PCRE2_JIT_PARTIAL_HARD); status != 0) {
      return fail(Errc::unimplemented, "the pattern {} cannot be compiled: {}", pattern, message_of(status));
    }
    return code;
  };
  TROUPE_TRY(Code::Pointer plain, compiled(0));
  TROUPE_TRY(Code::Pointer counted, compiled(PCRE2_AUTO_CALLOUT));
  return Regex(std::make_shared<const Code>(Code{std::move(plain), std::move(counted)}));
}

Result<Regex> Regex::literal(std::string_view text) {
  return compile(escape_pattern(text));
}

struct Regex::Matcher::State {
  std::shared_ptr<const Code> code;
  pcre2_match_data* data;
  pcre2_match_context* context;
  pcre2_jit_stack* stack;
  size_t position = 0;    ///< Where the last call-out was,
  size_t bytes_left = 0;  ///< and how many bytes the attempt may yet pass over.

  explicit State(std::shared_ptr<const Code> of)
      : code(std::move(of)),
        data(pcre2_match_data_create(1, nullptr)),
        context(pcre2_match_context_create(nullptr)),
        stack(pcre2_jit_stack_create(32 << 10, jit_stack_bytes, nullptr)) {
    pcre2_jit_stack_assign(context, nullptr, stack);
    pcre2_set_callout(context, count, this);
  }
  ~State() {
    pcre2_jit_stack_free(stack);
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  static int count(pcre2_callout_block* block, void* data) {
    State& state = *static_cast<State*>(data);
    const size_t here = block->current_position;
    const size_t passed = 1 + (here > state.position ? here - state.position : state.position - here);
    state.position = here;
    if (passed > state.bytes_left) return PCRE2_ERROR_MATCHLIMIT;
    state.bytes_left -= passed;
    return 0;
  }

  /// The first match at or after `from`, or none. A match that touches the end of its window may be another one with
  /// more to see, so it is asked again with more: no attempt reads far beyond what it matches unless it must.
  Result<std::optional<TextRange>> find(std::string_view text, size_t from, size_t& budget) {
    for (size_t window = first_window;; window *= 2) {
      const size_t end = character_end(text, std::min(text.size(), from + window));
      const bool whole = end == text.size();
      pcre2_set_match_limit(context, static_cast<uint32_t>(steps_per_byte * window));
      position = from;
      bytes_left = work_per_byte * window;
      const int status =
          pcre2_jit_match((window > uncounted_window ? code->counted : code->plain).get(), bytes(text), end, from,
                          PCRE2_NO_UTF_CHECK | (whole ? 0 : PCRE2_PARTIAL_HARD), data, context);
      const PCRE2_SIZE* found = pcre2_get_ovector_pointer(data);
      if (status >= 0 && (whole || found[1] < end)) return TextRange{found[0], std::max(found[0], found[1])};
      if (status < 0 && status != PCRE2_ERROR_NOMATCH && status != PCRE2_ERROR_PARTIAL) {
        return fail(Errc::too_large, "a pattern of the tokenizer needs too much work on this text: {}",
                    message_of(status));
      }
      if (whole) return std::nullopt;
      // What no match begins at within this window need not be looked at again.
      if (status == PCRE2_ERROR_NOMATCH) from = end;
      if (window > budget) return fail(Errc::too_large, "a pattern of the tokenizer needs too much work on this text");
      budget -= window;
    }
  }
};

Regex::Matcher::Matcher(const Regex& regex) : state_(std::make_unique<State>(regex.code_)) {}
Regex::Matcher::~Matcher() = default;
Regex::Matcher::Matcher(Matcher&&) noexcept = default;

Status Regex::Matcher::find_all(std::string_view text, std::vector<TextRange>& matches) {
  size_t budget = work_per_byte * (text.size() + first_window);
  std::optional<size_t> last_end;
  for (size_t from = 0; from <= text.size();) {
    TROUPE_TRY(const std::optional<TextRange> match, state_->find(text, from, budget));
    if (!match) break;
    if (match->begin == match->end && last_end == match->end) {
      from = character_end(text, match->end + 1);
      continue;
    }
    matches.push_back(*match);
    from = match->end;
    last_end = match->end;
  }
  return {};
}

}  // namespace troupe::gpu
