#include "actors/gateway/zmq/unread_bytes.hpp"

namespace troupe::gateway {
namespace {

uint64_t size_of(const wire::Body& body) {
  uint64_t size = body.data.size();
  for (const Bytes& attachment : body.attachments) size += attachment.size();
  return size;
}

}  // namespace

bool UnreadBytes::add(const std::string& client, wire::Body& body) {
  if (clients_.size() >= clients_max_ && !clients_.contains(client)) forget_idle();
  Count& count = clients_[client];
  if (!count) count = std::make_shared<std::atomic<uint64_t>>(0);

  const uint64_t size = size_of(body);
  const uint64_t unread = count->load(std::memory_order_relaxed);
  if (unread > 0 && (unread + size > client_max_ || total() + size > total_max_)) return false;
  body.data = counted(std::move(body.data), count);
  for (Bytes& attachment : body.attachments) attachment = counted(std::move(attachment), count);
  return true;
}

Bytes UnreadBytes::counted(Bytes bytes, const Count& client) const {
  struct Frame {
    Frame(Bytes all, Count of_client, Count of_all)
        : bytes(std::move(all)), client(std::move(of_client)), total(std::move(of_all)) {
      client->fetch_add(bytes.size(), std::memory_order_relaxed);
      total->fetch_add(bytes.size(), std::memory_order_relaxed);
    }
    Frame(const Frame&) = delete;
    Frame& operator=(const Frame&) = delete;
    ~Frame() {
      client->fetch_sub(bytes.size(), std::memory_order_relaxed);
      total->fetch_sub(bytes.size(), std::memory_order_relaxed);
    }
    const Bytes bytes;
    const Count client;
    const Count total;
  };
  const auto frame = std::make_shared<const Frame>(std::move(bytes), client, total_);
  return Bytes::share(frame, frame->bytes.span());
}

uint64_t UnreadBytes::of(const std::string& client) const {
  const auto known = clients_.find(client);
  return known == clients_.end() ? 0 : known->second->load(std::memory_order_relaxed);
}

void UnreadBytes::forget_idle() {
  std::erase_if(clients_, [](const auto& client) { return client.second->load(std::memory_order_relaxed) == 0; });
}

}  // namespace troupe::gateway
