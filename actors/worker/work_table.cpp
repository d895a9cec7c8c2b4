#include "actors/worker/work_table.hpp"

namespace troupe::worker {

WorkTable::WorkTable(std::string version, std::shared_ptr<ReplicaLoad> load, std::function<void(uint32_t)> freed)
    : version_(std::move(version)), load_(std::move(load)), freed_(std::move(freed)) {}

WorkId WorkTable::add(std::shared_ptr<actor::Reply> reply) {
  const std::lock_guard lock(mutex_);
  const WorkId id{++next_};
  by_reply_[reply->id()] = id;
  replies_[id] = std::move(reply);
  load_->running.store(static_cast<uint32_t>(replies_.size()), std::memory_order_relaxed);
  return id;
}

std::shared_ptr<actor::Reply> WorkTable::take(WorkId id) {
  const std::lock_guard lock(mutex_);
  const auto found = replies_.find(id);
  if (found == replies_.end()) return nullptr;
  auto reply = std::move(found->second);
  replies_.erase(found);
  by_reply_.erase(reply->id());
  load_->running.store(static_cast<uint32_t>(replies_.size()), std::memory_order_relaxed);
  return reply;
}

void WorkTable::left(uint32_t count) {
  load_->answered.fetch_add(count, std::memory_order_relaxed);
  freed_(count);
}

void WorkTable::part(WorkId id, protocol::ResultPart part, bool last) {
  part.version = version_;
  if (!last) {
    std::shared_ptr<actor::Reply> reply;
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = replies_.find(id); found != replies_.end()) reply = found->second;
    }
    if (reply) reply->part(std::move(part));
    return;
  }
  const auto reply = take(id);
  if (!reply) return;
  part.load = protocol::LoadReport{load_->waiting.load(std::memory_order_relaxed),
                                   load_->running.load(std::memory_order_relaxed)};
  reply->finish(std::move(part));
  left(1);
}

void WorkTable::error(WorkId id, const Error& error) {
  const auto reply = take(id);
  if (!reply) return;
  reply->fail(error);
  left(1);
}

WorkId WorkTable::find(actor::ReplyId reply) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_reply_.find(reply);
  return found == by_reply_.end() ? WorkId{} : found->second;
}

WorkId WorkTable::cancel(actor::ReplyId reply) {
  const WorkId id = find(reply);
  if (id && take(id)) left(1);
  return id;
}

std::vector<WorkId> WorkTable::expire(Time time) {
  std::vector<WorkId> expired;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, reply] : replies_)
      if (const auto deadline = reply->deadline(); deadline && *deadline < time) expired.push_back(id);
  }
  for (const WorkId id : expired)
    if (take(id)) left(1);
  return expired;
}

void WorkTable::fail_all(const Error& error) {
  std::unordered_map<WorkId, std::shared_ptr<actor::Reply>> replies;
  {
    const std::lock_guard lock(mutex_);
    replies.swap(replies_);
    by_reply_.clear();
    load_->running.store(0, std::memory_order_relaxed);
  }
  for (auto& [id, reply] : replies) reply->fail(error);
}

size_t WorkTable::size() const {
  const std::lock_guard lock(mutex_);
  return replies_.size();
}

}  // namespace troupe::worker
