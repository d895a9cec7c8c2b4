#pragma once
// ChunkedDecoder: the chunked transfer coding of RFC 9112, section 7.1, read byte by byte.
//
// Ours because Beast's (1.74) aborts on an empty body whose last chunk arrives in pieces.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::http {

/// Reads one body. Trailers and chunk extensions are read over.
class ChunkedDecoder {
 public:
  enum class Progress : uint8_t {
    more,
    done,
    malformed,
    too_large,  ///< The body, or its extensions and trailers, would pass their bound.
    too_small,  ///< There are more than chunks_free chunks, of fewer than chunk_bytes_min bytes on average.
  };

  static constexpr size_t chunks_free = 1024;
  static constexpr size_t chunk_bytes_min = 16;

  ChunkedDecoder(size_t body_bytes_max, size_t overhead_bytes_max)
      : body_bytes_max_(body_bytes_max), overhead_bytes_max_(overhead_bytes_max) {}

  /// Appends what it finds to `body`, and says how much of `bytes` it took: all, unless the body ended or went wrong.
  size_t feed(std::string_view bytes, std::string& body);
  Progress progress() const noexcept { return progress_; }

 private:
  enum class State : uint8_t { size, extension, size_lf, data, data_cr, data_lf, line, trailer, trailer_lf, last_lf };

  void step(char c, size_t body_bytes);
  void begin_chunk(size_t body_bytes);
  void expect(char found, char wanted, State next);
  void pass_over(char c, State at_line_end);

  const size_t body_bytes_max_;
  const size_t overhead_bytes_max_;
  State state_ = State::size;
  Progress progress_ = Progress::more;
  uint64_t size_ = 0;  ///< Of the chunk; then what of it is still to come.
  unsigned digits_ = 0;
  size_t overhead_bytes_ = 0;
  size_t chunks_ = 0;
};

}  // namespace troupe::http
