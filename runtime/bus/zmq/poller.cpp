#include "runtime/bus/zmq/poller.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace troupe::bus::internal {
namespace {

constexpr uint64_t wake_token = ~uint64_t{0};

}  // namespace

Result<std::unique_ptr<Poller>> Poller::make() {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  const int event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::unique_ptr<Poller> poller(new Poller(epoll, event));
  if (epoll < 0 || event < 0)
    return fail(Errc::resource_exhausted, "cannot open a descriptor: {}", std::strerror(errno));
  // Edge-triggered: every write is an edge, so the counter is never read.
  epoll_event watch{.events = EPOLLIN | EPOLLET, .data = {.u64 = wake_token}};
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, event, &watch) != 0)
    return fail(Errc::resource_exhausted, "cannot watch a descriptor: {}", std::strerror(errno));
  return poller;
}

Poller::~Poller() {
  if (event_ >= 0) ::close(event_);
  if (epoll_ >= 0) ::close(epoll_);
}

Status Poller::watch(int fd, uint64_t token) {
  epoll_event event{.events = EPOLLIN, .data = {.u64 = token}};
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0)
    return fail(Errc::resource_exhausted, "cannot watch a descriptor: {}", std::strerror(errno));
  return {};
}

void Poller::forget(int fd) {
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
}

void Poller::wake() {
  if (!asleep_.load(std::memory_order_seq_cst) || !asleep_.exchange(false)) return;
  const uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(event_, &one, sizeof one);
}

std::span<const uint64_t> Poller::poll(Duration timeout) {
  std::array<epoll_event, 64> events;
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), static_cast<int>(ms));
  size_t used = 0;
  for (int i = 0; i < count; ++i) {
    const uint64_t token = events[static_cast<size_t>(i)].data.u64;
    if (token != wake_token) ready_[used++] = token;
  }
  return {ready_.data(), used};
}

}  // namespace troupe::bus::internal
