#pragma once
// KeyedSink: a client's sink that holds the pass of its API key until its request has ended.

#include <memory>

#include "actors/balancer/messages.hpp"
#include "actors/gateway/key_ring.hpp"

namespace troupe::gateway {

class KeyedSink final : public balancer::ResponseSink {
 public:
  KeyedSink(std::shared_ptr<balancer::ResponseSink> client, KeyPass pass)
      : client_(std::move(client)), pass_(std::move(pass)) {}

  void on_part(std::shared_ptr<const protocol::ResultPart> part, bool last) override {
    if (last) pass_.reset();
    client_->on_part(std::move(part), last);
  }
  void on_error(const Error& error) override {
    pass_.reset();
    client_->on_error(error);
  }
  std::optional<uint64_t> window() const override { return client_->window(); }
  void on_begin(std::function<void(uint64_t)> more) override { client_->on_begin(std::move(more)); }

 private:
  const std::shared_ptr<balancer::ResponseSink> client_;
  KeyPass pass_;
};

/// `client` itself where there is no pass to hold.
inline std::shared_ptr<balancer::ResponseSink> hold_pass(std::shared_ptr<balancer::ResponseSink> client, KeyPass pass) {
  if (!pass) return client;
  return std::make_shared<KeyedSink>(std::move(client), std::move(pass));
}

}  // namespace troupe::gateway
