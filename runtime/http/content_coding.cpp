#include "runtime/http/content_coding.hpp"

#include <brotli/decode.h>
#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "runtime/base/assert.hpp"
#include "runtime/base/units.hpp"

namespace troupe::http {
namespace {

constexpr size_t piece_bytes = 64 << 10;
constexpr int gzip_window_bits = 15 + 16;
constexpr int zlib_window_bits = 15;
constexpr int raw_window_bits = -15;
/// The largest window that a content coding may ask for (RFC 9659).
constexpr int zstd_window_log_max = 23;

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool equal_without_case(std::string_view a, std::string_view lower) noexcept {
  return std::ranges::equal(a, lower, [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x + 32 : x) == y; });
}

/// What stands up to `mark`; `rest` goes on behind it.
std::string_view next(std::string_view& rest, char mark) noexcept {
  const size_t end = std::min(rest.find(mark), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return trim(part);
}

/// Of `;q=0.5`: thousandths. None where it is no weight.
std::optional<int> weight(std::string_view parameters) noexcept {
  while (!parameters.empty()) {
    const std::string_view parameter = next(parameters, ';');
    if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) continue;
    double q = -1;
    const std::string_view text = parameter.substr(2);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), q);
    if (error != std::errc{} || end != text.data() + text.size() || !(q >= 0 && q <= 1)) return std::nullopt;
    return static_cast<int>(q * 1000);
  }
  return 1000;
}

/// Collects what comes out, up to a bound.
class Output {
 public:
  explicit Output(size_t bytes_max) : bytes_max_(bytes_max) {}

  /// Room for the next piece; one byte more than may be, so that too much shows.
  char* room() {
    text_.resize(used_ + std::min(piece_bytes, bytes_max_ + 1 - used_));
    return text_.data() + used_;
  }
  size_t room_bytes() const { return text_.size() - used_; }
  Status grow(size_t bytes) {
    used_ += bytes;
    if (used_ <= bytes_max_) return {};
    return fail(Errc::too_large, "the body has more than {} once it is decoded", format_bytes({bytes_max_}));
  }
  std::string take() {
    text_.resize(used_);
    return std::move(text_);
  }

 private:
  const size_t bytes_max_;
  std::string text_;
  size_t used_ = 0;
};

tl::unexpected<Error> damaged(Coding coding) {
  return fail(Errc::invalid_argument, "the body is not valid {}", to_string(coding));
}

/// RFC 1950's two bytes: a method, and a checksum of both.
bool has_zlib_frame(std::string_view body) noexcept {
  if (body.size() < 2) return false;
  const auto first = static_cast<unsigned char>(body[0]);
  const auto second = static_cast<unsigned char>(body[1]);
  return (first & 0x0f) == 8 && (first * 256 + second) % 31 == 0;
}

struct Inflater {
  z_stream stream{};
  ~Inflater() { inflateEnd(&stream); }
};

/// A gzip body may have several members, one after the other.
Result<std::string> inflate_all(Coding coding, std::string_view body, size_t bytes_max) {
  Inflater inflater;
  z_stream& stream = inflater.stream;
  const int window = coding == Coding::gzip ? gzip_window_bits
                     : has_zlib_frame(body) ? zlib_window_bits
                                            : raw_window_bits;
  if (inflateInit2(&stream, window) != Z_OK) return fail(Errc::resource_exhausted, "no memory to decode the body");
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  Output out(bytes_max);
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef*>(out.room());
    const size_t room = out.room_bytes();
    stream.avail_out = static_cast<uInt>(room);
    const int code = inflate(&stream, Z_NO_FLUSH);
    TROUPE_CHECK(out.grow(room - stream.avail_out));
    if (code == Z_STREAM_END) {
      if (stream.avail_in == 0) return out.take();
      if (coding != Coding::gzip || inflateReset(&stream) != Z_OK) return damaged(coding);
      continue;
    }
    if (code != Z_OK || (stream.avail_in == 0 && stream.avail_out > 0)) return damaged(coding);
  }
}

Result<std::string> decode_brotli(std::string_view body, size_t bytes_max) {
  const std::unique_ptr<BrotliDecoderState, decltype(&BrotliDecoderDestroyInstance)> state(
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), BrotliDecoderDestroyInstance);
  if (!state) return fail(Errc::resource_exhausted, "no memory to decode the body");
  const auto* in = reinterpret_cast<const uint8_t*>(body.data());
  size_t left = body.size();
  Output out(bytes_max);
  for (;;) {
    auto* to = reinterpret_cast<uint8_t*>(out.room());
    const size_t room = out.room_bytes();
    size_t free = room;
    const auto result = BrotliDecoderDecompressStream(state.get(), &left, &in, &free, &to, nullptr);
    TROUPE_CHECK(out.grow(room - free));
    if (result == BROTLI_DECODER_RESULT_SUCCESS && left == 0) return out.take();
    if (result != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) return damaged(Coding::brotli);
  }
}

/// A zstd body may have several frames.
Result<std::string> decode_zstd(std::string_view body, size_t bytes_max) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (!context) return fail(Errc::resource_exhausted, "no memory to decode the body");
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, zstd_window_log_max);
  ZSTD_inBuffer in{body.data(), body.size(), 0};
  Output out(bytes_max);
  for (;;) {
    ZSTD_outBuffer to{out.room(), 0, 0};
    to.size = out.room_bytes();
    const size_t wanted = ZSTD_decompressStream(context.get(), &to, &in);
    if (ZSTD_isError(wanted)) return damaged(Coding::zstd);
    TROUPE_CHECK(out.grow(to.pos));
    if (wanted == 0 && in.pos == in.size) return out.take();
    if (in.pos == in.size && to.pos < to.size) return damaged(Coding::zstd);
  }
}

std::string deflate_all(std::string_view body, int window) {
  z_stream stream{};
  const int memory_level_default = 8;
  TROUPE_ASSERT(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, window, memory_level_default, Z_DEFAULT_STRATEGY) ==
                Z_OK);
  std::string out(deflateBound(&stream, static_cast<uLong>(body.size())), '\0');
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int code = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  TROUPE_ASSERT(code == Z_STREAM_END);
  return out;
}

std::string encode_brotli(std::string_view body) {
  const int quality = 1;
  size_t bytes = BrotliEncoderMaxCompressedSize(body.size());
  std::string out(bytes, '\0');
  TROUPE_ASSERT(BrotliEncoderCompress(quality, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, body.size(),
                                      reinterpret_cast<const uint8_t*>(body.data()), &bytes,
                                      reinterpret_cast<uint8_t*>(out.data())) == BROTLI_TRUE);
  out.resize(bytes);
  return out;
}

std::string encode_zstd(std::string_view body) {
  std::string out(ZSTD_compressBound(body.size()), '\0');
  const size_t bytes = ZSTD_compress(out.data(), out.size(), body.data(), body.size(), 1);
  TROUPE_ASSERT(!ZSTD_isError(bytes));
  out.resize(bytes);
  return out;
}

}  // namespace

std::string_view to_string(Coding coding) noexcept {
  switch (coding) {
    case Coding::identity:
      return "identity";
    case Coding::gzip:
      return "gzip";
    case Coding::deflate:
      return "deflate";
    case Coding::brotli:
      return "br";
    case Coding::zstd:
      return "zstd";
  }
  return "identity";
}

std::optional<Coding> coding_from_name(std::string_view name) noexcept {
  name = trim(name);
  if (equal_without_case(name, "x-gzip")) return Coding::gzip;
  for (const Coding coding : {Coding::identity, Coding::gzip, Coding::deflate, Coding::brotli, Coding::zstd}) {
    if (equal_without_case(name, to_string(coding))) return coding;
  }
  return std::nullopt;
}

Coding choose_coding(std::string_view accept_encoding) noexcept {
  constexpr std::array by_cost{Coding::zstd, Coding::brotli, Coding::gzip, Coding::deflate};
  std::array<int, by_cost.size()> weights;
  weights.fill(-1);  // Not named.
  int others = 0;
  while (!accept_encoding.empty()) {
    std::string_view rest = next(accept_encoding, ',');
    const std::string_view name = next(rest, ';');
    const auto likes = weight(rest);
    if (!likes) return Coding::identity;
    if (name == "*") others = *likes;
    const auto coding = coding_from_name(name);
    const auto found = coding ? std::ranges::find(by_cost, *coding) : by_cost.end();
    if (found != by_cost.end()) weights[static_cast<size_t>(found - by_cost.begin())] = *likes;
  }
  for (int& likes : weights) likes = likes < 0 ? others : likes;
  const auto best = std::ranges::max_element(weights);
  return *best > 0 ? by_cost[static_cast<size_t>(best - weights.begin())] : Coding::identity;
}

Result<std::string> decode(Coding coding, std::string_view body, size_t bytes_max) {
  switch (coding) {
    case Coding::identity:
      break;
    case Coding::gzip:
    case Coding::deflate:
      return inflate_all(coding, body, bytes_max);
    case Coding::brotli:
      return decode_brotli(body, bytes_max);
    case Coding::zstd:
      return decode_zstd(body, bytes_max);
  }
  return std::string(body);
}

std::string encode(Coding coding, std::string_view body) {
  switch (coding) {
    case Coding::identity:
      break;
    case Coding::gzip:
      return deflate_all(body, gzip_window_bits);
    case Coding::deflate:
      return deflate_all(body, zlib_window_bits);
    case Coding::brotli:
      return encode_brotli(body);
    case Coding::zstd:
      return encode_zstd(body);
  }
  return std::string(body);
}

}  // namespace troupe::http
