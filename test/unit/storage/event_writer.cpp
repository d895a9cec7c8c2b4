// Appends events from several threads for ever and prints each that was appended ("A SLOT SEQ TEXT") and each that was
// synced ("S …"), and once that there is no more room ("F"); made to be killed. The text says which event of which
// thread it is. Usage: storage_event_writer DIRECTORY ROUND

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <semaphore>
#include <thread>

#include "storage/event_log.hpp"

using namespace troupe;
using namespace troupe::storage;

namespace {

constexpr int threads = 3;
constexpr int waiting_per_thread = 32;

void print(char kind, uint8_t slot, uint64_t seq, std::string_view text) {
  const std::string line = fmt::format("{} {} {} {}\n", kind, slot, seq, text);
  if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::_Exit(1);
}

std::atomic<bool> is_full{false};

void append_for_ever(EventLog& log, const std::string& round, int thread) {
  std::counting_semaphore waiting(waiting_per_thread);
  for (uint64_t i = 0;; ++i) {
    const std::string text = fmt::format("{}/{}/{}", round, thread, i);
    // The thread's number and the text again and again, to a length that differs.
    std::string bytes = text;
    for (uint64_t n = 0; n < i % 37; ++n) bytes += ' ' + text;
    const auto slot = static_cast<uint8_t>((i * 7 + static_cast<uint64_t>(thread)) % event_slots);
    const auto appended = log.append(slot, static_cast<int64_t>(i), bytes);
    if (!appended) {
      if (appended.error().code == Errc::resource_exhausted && !is_full.exchange(true)) print('F', 0, 0, "full");
      std::this_thread::yield();
      continue;
    }
    print('A', slot, appended->seq, text);
    waiting.acquire();
    const Status queued = log.when_synced(appended->end, [=, &waiting](const Status& status) {
      if (status) print('S', slot, appended->seq, text);
      waiting.release();
    });
    if (!queued) waiting.release();
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const SystemClock clock;
  SeededRandom random{7};
  const EventLogOptions options{.segment_bytes = 128_KiB, .bytes_max = 2_MiB};
  const auto log = EventLog::open(argv[1], options, clock, random);
  if (!log) {
    std::fprintf(stderr, "%s\n", log.error().message.c_str());
    return 1;
  }
  std::vector<std::thread> appenders;
  for (int thread = 0; thread < threads; ++thread)
    appenders.emplace_back([&, thread] { append_for_ever(**log, argv[2], thread); });
  for (std::thread& appender : appenders) appender.join();
}
