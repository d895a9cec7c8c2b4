#include "runtime/http/chunked_decoder.hpp"

#include <algorithm>

namespace troupe::http {
namespace {

constexpr unsigned digits_max = 15;

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

size_t ChunkedDecoder::feed(std::string_view bytes, std::string& body) {
  size_t taken = 0;
  while (taken < bytes.size() && progress_ == Progress::more) {
    if (state_ != State::data) {
      step(bytes[taken++], body.size());
      continue;
    }
    const size_t count = static_cast<size_t>(std::min<uint64_t>(size_, bytes.size() - taken));
    body.append(bytes.substr(taken, count));
    taken += count;
    size_ -= count;
    if (size_ == 0) state_ = State::data_cr;
  }
  return taken;
}

void ChunkedDecoder::step(char c, size_t body_bytes) {
  switch (state_) {
    case State::size:
      if (const int digit = hex_digit(c); digit >= 0 && digits_ < digits_max) {
        size_ = size_ * 16 + static_cast<unsigned>(digit);
        ++digits_;
      } else if (digit >= 0 || digits_ == 0) {
        progress_ = digit >= 0 ? Progress::too_large : Progress::malformed;
      } else if (c == ';' || c == ' ' || c == '\t') {
        state_ = State::extension;
      } else {
        expect(c, '\r', State::size_lf);
      }
      break;
    case State::extension:
      pass_over(c, State::size_lf);
      break;
    case State::size_lf:
      expect(c, '\n', State::data);
      if (state_ == State::data) begin_chunk(body_bytes);
      break;
    case State::data:
      break;  // feed() does these.
    case State::data_cr:
      expect(c, '\r', State::data_lf);
      break;
    case State::data_lf:
      expect(c, '\n', State::size);
      digits_ = 0;
      break;
    case State::line:
      if (c == '\r') {
        state_ = State::last_lf;
      } else {
        state_ = State::trailer;
        pass_over(c, State::trailer_lf);
      }
      break;
    case State::trailer:
      pass_over(c, State::trailer_lf);
      break;
    case State::trailer_lf:
      expect(c, '\n', State::line);
      break;
    case State::last_lf:
      expect(c, '\n', State::line);
      if (progress_ == Progress::more) progress_ = Progress::done;
      break;
  }
}

void ChunkedDecoder::begin_chunk(size_t body_bytes) {
  if (size_ == 0) {
    state_ = State::line;
  } else if (size_ > body_bytes_max_ - std::min(body_bytes, body_bytes_max_)) {
    progress_ = Progress::too_large;
  } else if (++chunks_ > chunks_free + body_bytes / chunk_bytes_min) {
    progress_ = Progress::too_small;
  }
}

void ChunkedDecoder::expect(char found, char wanted, State next) {
  if (found == wanted) {
    state_ = next;
  } else {
    progress_ = Progress::malformed;
  }
}

void ChunkedDecoder::pass_over(char c, State at_line_end) {
  if (c == '\r') {
    state_ = at_line_end;
  } else if (c == '\n') {
    progress_ = Progress::malformed;
  } else if (++overhead_bytes_ > overhead_bytes_max_) {
    progress_ = Progress::too_large;
  }
}

}  // namespace troupe::http
