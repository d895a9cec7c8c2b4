#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <future>
#include <mutex>

#include "cluster/cli/exit.hpp"
#include "cluster/cli/gateway_address.hpp"
#include "cluster/cli/load.hpp"
#include "runtime/client/cpp/client.hpp"

namespace troupe::cli {
namespace {

class ZmqLoad final : public LoadDriver {
 public:
  ZmqLoad(std::unique_ptr<client::Client> client, Clock& clock) : clock_(clock), client_(std::move(client)) {}

  Status run(const LoadWork& work, uint32_t concurrency, LoadLimit limit, LoadResult& result) override;

 private:
  struct Loop {
    const LoadWork& work;
    LoadResult& result;
    std::mutex
        mutex;  ///< Guards what follows; the first requests come from run()'s thread, the others from the client's.
    LoadPace pace;
    const bool is_open;  ///< An open loop.
    uint32_t open = 1;   ///< run() counts until it has begun the first ones.
    Status status;
    std::promise<void> done;
  };

  void begin(const std::shared_ptr<Loop>& loop);
  void keep_schedule(const std::shared_ptr<Loop>& loop, uint32_t concurrency);
  void ask(const std::shared_ptr<Loop>& loop, Time begun, size_t which);
  void take(const std::shared_ptr<Loop>& loop, Time begun, bool is_first, Result<protocol::ResultPart> part, bool last);
  static void leave(Loop& loop);

  Clock& clock_;
  std::unique_ptr<client::Client> client_;
};

Status ZmqLoad::run(const LoadWork& work, uint32_t concurrency, LoadLimit limit, LoadResult& result) {
  const std::shared_ptr<Loop> loop(
      new Loop{work, result, {}, LoadPace(limit, clock_.now()), limit.rate > 0, 1, {}, {}});
  if (limit.rate > 0) {
    keep_schedule(loop, concurrency);
  } else {
    for (uint32_t i = 0; i < concurrency; ++i) begin(loop);
  }
  leave(*loop);
  loop->done.get_future().wait();
  result.elapsed = clock_.now() - loop->pace.begun();
  return loop->status;
}

/// Begins requests when they are due, on this thread, until the last one has begun.
void ZmqLoad::keep_schedule(const std::shared_ptr<Loop>& loop, uint32_t concurrency) {
  boost::asio::io_context io(1);
  boost::asio::steady_timer timer(io);
  for (;;) {
    Time at;
    size_t which = 0;
    {
      const std::lock_guard lock(loop->mutex);
      at = loop->pace.next_begin();
      if (!loop->status || !loop->pace.may_begin(at)) return;
      which = loop->pace.count() % loop->work.requests.size();
      if (loop->open > concurrency) {
        loop->result.add_error({Errc::resource_exhausted, "the bench has as many requests open as it may", {}, {}});
        continue;
      }
      ++loop->open;
    }
    timer.expires_at(at);
    timer.wait();
    ask(loop, at, which);
  }
}

void ZmqLoad::begin(const std::shared_ptr<Loop>& loop) {
  const Time now = clock_.now();
  size_t which = 0;
  {
    const std::lock_guard lock(loop->mutex);
    if (!loop->status || !loop->pace.may_begin(now)) return;
    which = loop->pace.count() % loop->work.requests.size();
    ++loop->open;
  }
  ask(loop, now, which);
}

void ZmqLoad::ask(const std::shared_ptr<Loop>& loop, Time begun, size_t which) {
  protocol::ServeRequest request;
  request.model = loop->work.model;
  request.version = loop->work.version;
  request.work = loop->work.requests[which];
  client_->call(std::move(request), {},
                [this, loop, begun, is_first = true](Result<protocol::ResultPart> part, bool last) mutable {
                  take(loop, begun, std::exchange(is_first, false), std::move(part), last);
                });
}

void ZmqLoad::take(const std::shared_ptr<Loop>& loop, Time begun, bool is_first, Result<protocol::ResultPart> part,
                   bool last) {
  const Duration took = clock_.now() - begun;
  {
    const std::lock_guard lock(loop->mutex);
    LoadResult& result = loop->result;
    if (!part) {
      result.add_error(part.error(), took);
      // Nothing that follows would fare better.
      if (part.error().field == address_field || part.error().code == Errc::too_large)
        loop->status = fail(part.error());
    } else if (const auto* text = std::get_if<protocol::TextPart>(&part->content)) {
      if (is_first && !last) result.first_token.record(took);
      if (last) result.tokens += text->usage.completion_tokens;
    }
    if (part && last) {
      ++result.answered;
      result.latency.record(took);
      result.cached += part->cached;
    }
  }
  if (!last) return;
  if (!loop->is_open) begin(loop);
  leave(*loop);
}

void ZmqLoad::leave(Loop& loop) {
  const std::lock_guard lock(loop.mutex);
  if (--loop.open == 0) loop.done.set_value();
}

}  // namespace

Result<std::unique_ptr<LoadDriver>> make_zmq_load(const ZmqDoor& door, const std::string& api_key, Duration timeout,
                                                  Clock& clock) {
  TROUPE_TRY(
      auto client,
      client::Client::connect(
          {.address = door.address, .server_key = door.server_key, .api_key = api_key, .timeout = timeout}, clock));
  return std::make_unique<ZmqLoad>(std::move(client), clock);
}

}  // namespace troupe::cli
