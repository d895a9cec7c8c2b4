// How fast a tokenizer.json is read, and how fast one thread encodes a text with it, in pieces of a number of bytes.
//
//   troupe_bench_tokenizer tokenizer.json text.txt [bytes-a-piece]
//
// tokenizer_speed.py runs it beside the `tokenizers` library.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gpu/tokenizer/tokenizer.hpp"

namespace {

using Seconds = std::chrono::duration<double>;
using std::chrono::steady_clock;

/// Cuts at line ends.
std::vector<std::string> pieces_of(const std::string& text, size_t bytes) {
  std::vector<std::string> pieces;
  for (size_t at = 0; at < text.size();) {
    const size_t line_end = text.find('\n', std::min(at + bytes, text.size()) - 1);
    const size_t end = line_end == std::string::npos ? text.size() : line_end + 1;
    pieces.push_back(text.substr(at, end - at));
    at = end;
  }
  return pieces;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const auto begun = steady_clock::now();
  const auto tokenizer = troupe::gpu::Tokenizer::from_file(argv[1]);
  if (!tokenizer) {
    fmt::print(stderr, "{}\n", tokenizer.error().message);
    return 1;
  }
  const double load_seconds = Seconds(steady_clock::now() - begun).count();
  std::ifstream file(argv[2], std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  size_t bytes = text.size();
  if (argc > 3) std::from_chars(argv[3], argv[3] + std::char_traits<char>::length(argv[3]), bytes);

  const std::vector<std::string> pieces = pieces_of(text, bytes);
  double best = 1e9;
  size_t tokens = 0;
  for (int run = 0; run < 5; ++run) {
    tokens = 0;
    const auto run_begun = steady_clock::now();
    for (const std::string& piece : pieces) {
      const auto ids = tokenizer->encode(piece, false);
      if (!ids) {
        fmt::print(stderr, "{}\n", ids.error().message);
        return 1;
      }
      tokens += ids->size();
    }
    best = std::min(best, Seconds(steady_clock::now() - run_begun).count());
  }
  fmt::print("{{\"load_seconds\": {:.3f}, \"megabytes_a_second\": {:.2f}, \"tokens\": {}}}\n", load_seconds,
             static_cast<double>(text.size()) / 1e6 / best, tokens);
  return 0;
}
