#pragma once
// Connection: the thread behind a Client, its DEALER socket and the open calls.

#include <atomic>
#include <deque>
#include <set>
#include <thread>
#include <unordered_map>

#include "runtime/bus/mpsc_queue.hpp"
#include "runtime/bus/zmq/poller.hpp"
#include "runtime/bus/zmq/socket.hpp"
#include "runtime/client/cpp/client.hpp"
#include "runtime/protocol/any_message.hpp"

namespace troupe::client::internal {

class Connection final : public Client {
 public:
  static Result<std::unique_ptr<Client>> make(ClientOptions options, Clock& clock);
  ~Connection() override;

  Call call(protocol::ServeRequest request, CallOptions options, PartCallback on_part) override;
  using Client::record;
  Call record(protocol::RecordOutcomes outcomes, std::optional<Duration> timeout, EndCallback on_end) override;

 private:
  /// Takes one answer, of whatever type; as PartCallback.
  using MessageCallback = std::function<void(Result<protocol::AnyMessage> message, bool last)>;

  /// What is to be sent.
  struct Frames {
    wire::Envelope envelope;
    wire::Body body;
  };
  /// What callers hand to the thread; outlives the connection as long as a Call does.
  struct Command {
    CorrelationId id;
    bool cancel = false;
    Time started{};
    Duration timeout{0};  ///< 0 = none.
    Frames frames;
    protocol::MessageType answer = protocol::MessageType::none;  ///< Of what type its parts are.
    bool is_repeatable = false;  ///< Sent again where the connection breaks: whoever gets it twice does it once.
    MessageCallback on_message;
  };
  struct Inbox {
    explicit Inbox(std::unique_ptr<bus::internal::Poller> p) : poller(std::move(p)) {}
    std::unique_ptr<bus::internal::Poller> poller;
    bus::MpscQueue<Command> commands;
    std::atomic<size_t> open{0};
    std::atomic<bool> closed{false};
  };
  struct OpenCall {
    MessageCallback on_message;
    protocol::MessageType answer = protocol::MessageType::none;
    std::optional<Frames> repeat;  ///< To send again where the connection breaks.
    Time started{};
    Time gives_up = Time::max();  ///< Time::max() = never.
    Duration timeout{0};
    uint32_t parts = 0;
    bool is_sent = false;
  };
  /// A request that waits for a connection, or for room in ZeroMQ's queue.
  struct Waiting {
    CorrelationId id;
    Frames frames;
  };

  Connection(ClientOptions options, Clock& clock, std::shared_ptr<Inbox> inbox,
             std::unique_ptr<bus::internal::Context> context, bus::internal::Socket socket,
             bus::internal::Monitor monitor);

  Call post(Command command, const protocol::AnyMessage& message);
  void run();
  void take(Command command);
  void send_waiting();
  void receive(size_t most);
  void dispatch(const bus::internal::Incoming& incoming);
  void watch_connection();
  void lose(CorrelationId id);
  void expire();
  Time next_expiry() const;
  void cancel(CorrelationId id);
  void tell_to_stop(CorrelationId id);
  void end(CorrelationId id, Error error);
  MessageCallback close(CorrelationId id);
  Error not_reached() const;

  const ClientOptions options_;
  Clock& clock_;
  const std::shared_ptr<Inbox> inbox_;
  const std::unique_ptr<bus::internal::Context> context_;
  bus::internal::Socket socket_;
  bus::internal::Monitor monitor_;
  bus::TransportCounters counters_;
  std::atomic<uint64_t> next_id_{1};

  // Of the thread.
  bool is_connected_ = false;
  std::optional<bus::internal::Monitor::Event> failed_;  ///< Why the last try to connect failed, where that is known.
  Time unconnected_since_{};
  std::unordered_map<CorrelationId, OpenCall> calls_;
  std::set<std::pair<Time, uint64_t>> expiries_;
  std::deque<Waiting> waiting_;
  std::thread thread_;
};

}  // namespace troupe::client::internal
