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
  pcre2_code* code;

  explicit Code(pcre2_code* compiled) : code(compiled) {}
  ~Code() { pcre2_code_free(code); }
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
};

Result<Regex> Regex::compile(std::string_view pattern) {
  TROUPE_TRY(const std::string translated, to_pcre2(pattern));
  const std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(
      pcre2_compile_context_create(nullptr), &pcre2_compile_context_free);
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  pcre2_set_parens_nest_limit(context.get(), 64);
  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* code = pcre2_compile(bytes(translated), translated.size(), PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE,
                                   &error, &offset, context.get());
  if (code == nullptr) {
    return fail(Errc::unimplemented, "the pattern {} is not understood at byte {} of {}: {}", pattern, offset,
                translated, message_of(error));
  }
  auto owned = std::make_shared<const Code>(code);
  if (const int status = pcre2_jit_compile(code, PCRE2_JIT_COMPLETE | PCRE2_JIT_PARTIAL_HARD); status != 0) {
    return fail(Errc::unimplemented, "the pattern {} cannot be compiled: {}", pattern, message_of(status));
  }
  return Regex(std::move(owned));
}

Result<Regex> Regex::literal(std::string_view text) {
  return compile(escape_pattern(text));
}

struct Regex::Matcher::State {
  std::shared_ptr<const Code> code;
  pcre2_match_data* data;
  pcre2_match_context* context;
  pcre2_jit_stack* stack;

  explicit State(std::shared_ptr<const Code> of)
      : code(std::move(of)),
        data(pcre2_match_data_create(1, nullptr)),
        context(pcre2_match_context_create(nullptr)),
        stack(pcre2_jit_stack_create(32 << 10, jit_stack_bytes, nullptr)) {
    pcre2_jit_stack_assign(context, nullptr, stack);
  }
  ~State() {
    pcre2_jit_stack_free(stack);
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  /// The first match at or after `from`, or none. A match that touches the end of its window may be another one with
  /// more to see, so it is asked again with more: no attempt reads far beyond what it matches unless it must.
  Result<std::optional<TextRange>> find(std::string_view text, size_t from, size_t& budget) {
    for (size_t window = first_window;; window *= 2) {
      const size_t end = character_end(text, std::min(text.size(), from + window));
      const bool whole = end == text.size();
      pcre2_set_match_limit(context, static_cast<uint32_t>(steps_per_byte * window));
      const int status = pcre2_jit_match(code->code, bytes(text), end, from,
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
