#include "actors/worker/child_session.hpp"

#include <pthread.h>
#include <unistd.h>

#include "runtime/base/units.hpp"
#include "runtime/protocol/validate.hpp"

namespace troupe::worker {

using bus::internal::Incoming;
using bus::internal::Sent;
using bus::internal::Socket;
using observe::kv;
using namespace std::chrono_literals;

namespace {

constexpr uint64_t socket_token = 1;
constexpr uint64_t ended_token = 2;
constexpr uint64_t output_token = 3;
constexpr int queue_max = 4096;  ///< Messages each way in ZeroMQ; what is beyond waits here.
constexpr size_t frames_per_round = 256;
/// What a process said before it ended may still be in the socket.
constexpr Duration last_words_patience = 100ms;
constexpr uint32_t slots_max = 65536;

}  // namespace

ChildSession::ChildSession(ChildSessionOptions options, const bus::internal::Context& context,
                           std::unique_ptr<bus::internal::Poller> poller, Clock& clock, BackendEvents& events)
    : options_(std::move(options)),
      context_(context),
      clock_(clock),
      poller_(std::move(poller)),
      events_(&events),
      thread_([this] { run(); }) {}

ChildSession::~ChildSession() {
  retire();
  thread_.join();
}

void ChildSession::execute(std::vector<WorkItem> batch) {
  push(std::move(batch));
}

void ChildSession::cancel(WorkId id) {
  push(Cancel{id});
}

void ChildSession::credit(WorkId id, uint64_t bytes) {
  push(Credit{id, bytes});
}

void ChildSession::push(Command command) {
  commands_.push(std::move(command));
  poller_->wake();
}

void ChildSession::retire() {
  {
    const std::lock_guard lock(events_mutex_);
    events_ = nullptr;
  }
  retired_ = true;
  poller_->wake();
}

StepProgress ChildSession::progress() const {
  return {steps_.load(std::memory_order_relaxed), Duration{step_running_.load(std::memory_order_relaxed)}};
}

template <class Tell>
void ChildSession::emit(Tell tell) {
  const std::lock_guard lock(events_mutex_);
  if (events_ != nullptr) tell(*events_);
}

void ChildSession::run() {
  pthread_setname_np(pthread_self(), ("child " + options_.spec.model).substr(0, 15).c_str());
  if (const Status opened = open(); opened) {
    work();
  } else {
    lose(opened.error());
  }
  process_.reset();
  socket_.reset();
  std::error_code ignored;
  std::filesystem::remove(options_.socket, ignored);
  if (dropped_ > 0)
    options_.log.warn("frames of a back end were dropped", kv("replica", options_.spec.id), kv("count", dropped_));
  ended_ = true;
}

Status ChildSession::open() {
  const std::string endpoint = "ipc://" + options_.socket.string();
  TROUPE_TRY(socket_, Socket::pair(context_, endpoint, true, queue_max, child_limits()));
  TROUPE_TRY(ReplicaLog log, ReplicaLog::open(options_.logs, owner_of(options_.spec)));
  output_.emplace(std::move(log));
  std::vector<std::string> arguments = options_.program;
  arguments.insert(arguments.end(), {"--connect", endpoint});
  TROUPE_TRY(ChildProcess process, ChildProcess::start(std::move(arguments), options_.niceness));
  process_.emplace(std::move(process));
  health_.emplace(options_.health, clock_.now());
  TROUPE_CHECK(poller_->watch(socket_->fd(), socket_token));
  TROUPE_CHECK(poller_->watch(process_->ended_fd(), ended_token));
  TROUPE_CHECK(poller_->watch(process_->output_fd(), output_token));
  emit([&](BackendEvents& events) { events.on_process(static_cast<uint32_t>(process_->pid())); });
  options_.log.info("back end's process started", kv("replica", options_.spec.id), kv("pid", process_->pid()));
  return {};
}

void ChildSession::work() {
  while (!lost_) {
    take_commands();
    flush();
    receive();
    const Time now = clock_.now();
    if (ended_at_ && (retired_ || now >= *ended_at_ + last_words_patience)) return process_ended(*process_->poll());
    if (retired_ && !unload_until_) {
      unload_until_ = now + options_.unload_patience;
      send(unload_frame());
    }
    if (unload_until_ && now >= *unload_until_) return;
    if (!retired_ && !ended_at_) judge();
    if (lost_) return;
    const auto ready = poller_->wait(patience(), [this] {
      const Socket::Events events = socket_->events();
      return !commands_.empty() || (retired_ && !unload_until_) || events.readable ||
             (events.writable && !unsent_.empty());
    });
    for (const uint64_t token : ready) {
      if (token == output_token) read_output();
      if (token == ended_token && process_->poll()) {
        ended_at_ = clock_.now();
        poller_->forget(process_->ended_fd());
        read_output();
      }
    }
  }
}

Duration ChildSession::patience() const {
  Time next = health_->next_tick();
  if (ended_at_) next = *ended_at_ + last_words_patience;
  if (unload_until_) next = *unload_until_;
  return std::clamp<Duration>(next - clock_.now(), 0ms, options_.health.tick_every);
}

void ChildSession::take_commands() {
  while (auto command = commands_.pop()) {
    if (retired_) continue;
    if (const auto* batch = std::get_if<std::vector<WorkItem>>(&*command)) {
      for (const WorkItem& item : *batch) expected_[item.id] = 0;
      for (wire::Message& frame : execute_frames(*batch, clock_.now())) send(std::move(frame));
    } else if (const auto* cancel = std::get_if<Cancel>(&*command)) {
      if (expected_.erase(cancel->id) > 0) send(cancel_frame(cancel->id));
    } else if (const auto* credit = std::get_if<Credit>(&*command)) {
      if (expected_.contains(credit->id)) send(credit_frame(credit->id, credit->bytes));
    }
  }
}

void ChildSession::send(wire::Message message) {
  unsent_.push_back(std::move(message));
  flush();
}

void ChildSession::flush() {
  std::string header;
  for (; !unsent_.empty(); unsent_.pop_front()) {
    header.clear();
    wire::encode(unsent_.front().envelope, header);
    if (socket_->send({}, header, unsent_.front().body, counters_) == Sent::full) return;
  }
}

void ChildSession::receive() {
  Incoming message;
  for (size_t i = 0; i < frames_per_round && !lost_ && socket_->receive(message); ++i) {
    health_->on_frame(clock_.now());
    auto frame = message.complete ? decode_from_child(message.header, message.body)
                                  : Result<FromChild>(fail(Errc::corrupt_data, "incomplete"));
    if (frame) {
      hear(std::move(*frame));
    } else {
      ++dropped_;
    }
  }
}

void ChildSession::hear(FromChild frame) {
  std::visit([this](auto&& one) { hear(std::forward<decltype(one)>(one)); }, std::move(frame));
}

void ChildSession::hear(const protocol::WorkerHello& hello) {
  if (hello.protocol != protocol::worker_protocol_number)
    return lose({Errc::failed_precondition,
                 fmt::format("the back end's process ({}) speaks number {} of the worker protocol, this node {}",
                             hello.software, hello.protocol, protocol::worker_protocol_number),
                 {},
                 {}});
  health_->on_hello();
  send(load_frame(options_.spec));
}

void ChildSession::hear(const protocol::BackendLoaded&) {
  emit([](BackendEvents& events) { events.on_loaded(); });
}

void ChildSession::hear(const protocol::BackendWarm& warm) {
  // A second one would give the batcher slots that are taken.
  if (slots_ > 0) {
    ++dropped_;
    return;
  }
  if (const Status valid = protocol::validate(warm.interface); !valid)
    return lose({Errc::failed_precondition,
                 "what the model declares to take and give is wrong: " + valid.error().message,
                 valid.error().field,
                 {}});
  const auto longest = std::chrono::microseconds{std::min<uint64_t>(warm.longest_step_us, uint64_t{1} << 40)};
  health_->on_warm(longest);
  longest_step_ = Duration(longest).count();
  slots_ = std::clamp(warm.slots, 1u, slots_max);
  {
    const std::lock_guard lock(interface_mutex_);
    interface_ = warm.interface;
  }
  options_.log.info("back end is warm", kv("replica", options_.spec.id), kv("name", warm.name), kv("slots", warm.slots),
                    kv("longest_step_us", warm.longest_step_us));
  emit([](BackendEvents& events) { events.on_warm(); });
}

protocol::ModelInterface ChildSession::interface() const {
  const std::lock_guard lock(interface_mutex_);
  return interface_;
}

void ChildSession::hear(const protocol::Progress& progress) {
  const auto running = std::chrono::microseconds{std::min<uint64_t>(progress.step_running_us, uint64_t{1} << 40)};
  health_->on_progress({progress.steps, running});
  steps_ = progress.steps;
  step_running_ = Duration(running).count();
  emit([&](BackendEvents& events) { events.on_progress(running); });
}

void ChildSession::hear(PartFrame frame) {
  const auto expected = expected_.find(frame.id);
  if (expected == expected_.end()) return;  // Cancelled.
  std::string wrong;
  if (!frame.part) wrong = "can't be read: " + frame.part.error().message;
  if (frame.position.index != expected->second)
    wrong = fmt::format("has part {} where {} should follow", frame.position.index, expected->second);
  if (const auto* text = frame.part ? std::get_if<protocol::TextPart>(&frame.part->content) : nullptr;
      text != nullptr && text->choice >= protocol::answers_max)
    wrong = fmt::format("is of choice {}; a request has {} at most", text->choice, protocol::answers_max);
  ++expected->second;
  if (frame.position.last || !wrong.empty()) expected_.erase(expected);
  if (!wrong.empty()) {
    send(cancel_frame(frame.id));
    return emit([&](BackendEvents& events) {
      events.on_error(frame.id, {Errc::internal, "the back end's answer " + wrong, {}, {}});
    });
  }
  emit([&](BackendEvents& events) { events.on_part(frame.id, std::move(*frame.part), frame.position.last); });
}

void ChildSession::hear(const ErrorFrame& frame) {
  if (!frame.id) return lose(frame.error);
  if (expected_.erase(frame.id) == 0) return;  // Cancelled.
  emit([&](BackendEvents& events) { events.on_error(frame.id, frame.error); });
}

void ChildSession::judge() {
  const Time now = clock_.now();
  if (now < health_->next_tick()) return;
  if (auto why = health_->tick(now)) lose({Errc::unavailable, std::move(*why), {}, {}});
}

void ChildSession::read_output() {
  std::array<char, 4096> piece;
  for (size_t i = 0; i < frames_per_round; ++i) {
    const ssize_t count = ::read(process_->output_fd(), piece.data(), piece.size());
    if (count > 0) {
      output_->append({piece.data(), static_cast<size_t>(count)}, clock_.wall());
      continue;
    }
    // Closed: it would be readable for ever.
    if (count == 0) poller_->forget(process_->output_fd());
    return;
  }
}

void ChildSession::process_ended(const ProcessEnd& end) {
  const std::string& words = output_->last_line();
  lose({Errc::unavailable,
        "the back end's process " + end.words + (words.empty() ? "" : fmt::format("; its last words: {}", words)),
        {},
        {}});
}

void ChildSession::lose(Error reason) {
  lost_ = true;
  if (!retired_) options_.log.warn("back end is lost", kv("replica", options_.spec.id), kv("reason", reason.message));
  // First of all, so that nothing more is sent to it.
  emit([&](BackendEvents& events) { events.on_failed(reason); });
  if (process_) process_->kill();
}

}  // namespace troupe::worker
