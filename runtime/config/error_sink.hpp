#pragma once
// ErrorSink: collects everything that is wrong with a file, so that people mend it in one round.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.hpp"
#include "runtime/config/node.hpp"

namespace troupe::config {

class ErrorSink {
 public:
  explicit ErrorSink(std::string file) : file_(std::move(file)) {}

  /// Names the key being read, while it lives: "spec.batching", "spec.stages[2]".
  class Scope {
   public:
    Scope(ErrorSink& sink, std::string_view key);
    Scope(ErrorSink& sink, size_t index);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    ErrorSink& sink_;
    size_t length_before_;
  };

  /// "file:line: message". Past 50 problems only their number is kept.
  void add(uint32_t line, std::string_view message);
  /// "file:line: path: expected WANTS, found NODE" and a suggestion such as " (did you mean x?)".
  void expected(const Node& node, std::string_view wants, std::string_view suggestion = {});

  /// " (did you mean max_size?)" or ""; costs nothing for long names and once enough problems are known.
  std::string suggestion(std::string_view name, const std::vector<std::string>& candidates) const;

  const std::string& path() const noexcept { return path_; }
  size_t count() const noexcept { return count_; }
  /// All problems, one a line; `field` is the path of the first. Requires count() > 0.
  Error error() const;

 private:
  std::string file_;
  std::string path_;
  std::string first_path_;
  std::vector<std::string> lines_;
  size_t count_ = 0;
};

}  // namespace troupe::config
