#include "runtime/observe/recent_log.hpp"

#include <utility>

namespace troupe::observe {
namespace {

class Pieces final : public LogFiles {
 public:
  void add(uint64_t key, std::string text) {
    files_.push_back({key, text.size()});
    texts_.push_back(std::move(text));
  }
  const std::vector<File>& files() const override { return files_; }
  Result<std::string> read(size_t index, uint64_t offset, size_t bytes) const override {
    return texts_[index].substr(offset, bytes);
  }

 private:
  std::vector<File> files_;
  std::vector<std::string> texts_;
};

}  // namespace

void RecentLog::append(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (newer_.size() + line.size() >= piece_bytes_ && !newer_.empty()) {
    older_ = std::exchange(newer_, {});
    ++key_;
  }
  newer_ += line.substr(0, piece_bytes_ - 1);
  newer_ += '\n';
}

std::unique_ptr<LogFiles> RecentLog::files() const {
  auto pieces = std::make_unique<Pieces>();
  const std::lock_guard lock(mutex_);
  if (!older_.empty()) pieces->add(key_ - 1, older_);
  pieces->add(key_, newer_);
  return pieces;
}

}  // namespace troupe::observe
