#pragma once
// A closed loop of requests: so many are open all the time, and the next begins when one ends. Or an open one: requests
// begin by a schedule that waits for nobody, as those of many independent users do, and their latency counts from when
// they should have begun (else a slow answer would hide the wait of all that it held up).

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/cli/http_call.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"
#include "runtime/observe/latency_histogram.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::cli {

/// What is asked, in turn. Never empty.
struct LoadWork {
  std::string model;    ///< Name without version.
  std::string version;  ///< Empty: the routes decide.
  std::vector<protocol::Work> requests;
};

struct ZmqDoor;

/// When a loop ends: after so many requests or so much time, whichever comes first; and its schedule.
struct LoadLimit {
  uint64_t requests = 0;  ///< 0: no limit.
  Duration duration{0};   ///< 0: no limit.
  double rate = 0;        ///< Requests a second of an open loop, evenly spaced; 0: a closed one.
};

struct LoadResult {
  observe::LatencyHistogram latency;      ///< Of answered requests.
  observe::LatencyHistogram first_token;  ///< Until the first text; only of streams.
  uint64_t answered = 0;
  uint64_t cached = 0;
  uint64_t tokens = 0;                     ///< Completion tokens.
  observe::LatencyHistogram rejection;     ///< Until a refusal: overloaded or unavailable.
  uint64_t rejected = 0;                   ///< Refused; they are among `errors` too.
  uint64_t rejected_without_time = 0;      ///< Of those, without a word on when to come back.
  std::map<std::string, uint64_t> errors;  ///< By code.
  std::string first_error;                 ///< Its message.
  Duration elapsed{0};

  void add_error(const Error& error) {
    ++errors[std::string(to_string(error.code))];
    if (first_error.empty()) first_error = error.message;
  }
  void add_error(const Error& error, Duration took) {
    add_error(error);
    if (error.code != Errc::overloaded && error.code != Errc::unavailable) return;
    ++rejected;
    rejection.record(took);
    if (error.retry_after.count() == 0) ++rejected_without_time;
  }
};

/// Counts requests begun and says when it is enough. For one thread.
class LoadPace {
 public:
  LoadPace(LoadLimit limit, Time begun) : limit_(limit), begun_(begun) {}

  bool may_begin(Time now) {
    if (limit_.requests > 0 && count_ >= limit_.requests) return false;
    if (limit_.duration.count() > 0 && now - begun_ >= limit_.duration) return false;
    ++count_;
    return true;
  }
  /// Of an open loop: when the next request should begin.
  Time next_begin() const {
    return begun_ + std::chrono::duration_cast<Duration>(
                        std::chrono::duration<double>(static_cast<double>(count_) / limit_.rate));
  }
  bool is_open() const noexcept { return limit_.rate > 0; }
  Time begun() const noexcept { return begun_; }
  uint64_t count() const noexcept { return count_; }

 private:
  LoadLimit limit_;
  Time begun_;
  uint64_t count_ = 0;
};

/// Makes the requests by one door. run() may be called again: connections stay where the door allows.
class LoadDriver {
 public:
  virtual ~LoadDriver() = default;
  /// Blocks until all requests that began have ended. `concurrency`: how many are open, or may be in an open loop,
  /// where those that find no room wait for one, their latency counting. An Error where no answer could ever come
  /// (nobody is there).
  virtual Status run(const LoadWork& work, uint32_t concurrency, LoadLimit limit, LoadResult& result) = 0;
};

/// `api_key` may be empty.
Result<std::unique_ptr<LoadDriver>> make_zmq_load(const ZmqDoor& door, const std::string& api_key, Duration timeout,
                                                  Clock& clock);
/// One keep-alive connection a request that is open.
Result<std::unique_ptr<LoadDriver>> make_http_load(HostPort at, const std::string& api_key, Duration timeout,
                                                   Clock& clock);

}  // namespace troupe::cli
