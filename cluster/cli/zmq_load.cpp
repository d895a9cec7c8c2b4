#include <future>
#include <mutex>

#include "cluster/cli/exit.hpp"
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
    uint32_t open = 1;  ///< run() counts until it has begun the first ones.
    Status status;
    std::promise<void> done;
  };

  void begin(const std::shared_ptr<Loop>& loop);
  void take(const std::shared_ptr<Loop>& loop, Time begun, bool is_first, Result<protocol::ResultPart> part, bool last);
  static void leave(Loop& loop);

  Clock& clock_;
  std::unique_ptr<client::Client> client_;
};

Status ZmqLoad::run(const LoadWork& work, uint32_t concurrency, LoadLimit limit, LoadResult& result) {
  const std::shared_ptr<Loop> loop(new Loop{work, result, {}, LoadPace(limit, clock_.now()), 1, {}, {}});
  for (uint32_t i = 0; i < concurrency; ++i) begin(loop);
  leave(*loop);
  loop->done.get_future().wait();
  result.elapsed = clock_.now() - loop->pace.begun();
  return loop->status;
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
  protocol::ServeRequest request;
  request.model = loop->work.model;
  request.version = loop->work.version;
  request.work = loop->work.requests[which];
  client_->call(std::move(request), {},
                [this, loop, now, is_first = true](Result<protocol::ResultPart> part, bool last) mutable {
                  take(loop, now, std::exchange(is_first, false), std::move(part), last);
                });
}

void ZmqLoad::take(const std::shared_ptr<Loop>& loop, Time begun, bool is_first, Result<protocol::ResultPart> part,
                   bool last) {
  const Duration took = clock_.now() - begun;
  {
    const std::lock_guard lock(loop->mutex);
    LoadResult& result = loop->result;
    if (!part) {
      result.add_error(part.error());
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
  begin(loop);
  leave(*loop);
}

void ZmqLoad::leave(Loop& loop) {
  const std::lock_guard lock(loop.mutex);
  if (--loop.open == 0) loop.done.set_value();
}

}  // namespace

Result<std::unique_ptr<LoadDriver>> make_zmq_load(const std::string& address, Duration timeout, Clock& clock) {
  TROUPE_TRY(auto client, client::Client::connect({.address = address, .timeout = timeout}, clock));
  return std::make_unique<ZmqLoad>(std::move(client), clock);
}

}  // namespace troupe::cli
