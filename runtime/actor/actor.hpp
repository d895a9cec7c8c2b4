#pragma once
// Actor: state that only its own messages touch. Derive, register handlers in the constructor, spawn on a Host.
//
//   class Greeter : public Actor {
//    public:
//     explicit Greeter(Context& context) : Actor(context) {
//       on<Greeting>([this](const Greeting& greeting) { names_.push_back(greeting.name); });
//       serve<WhoIsThere>([this](const auto& question, Reply reply) { reply.finish(Names{names_}); });
//     }
//   };
//
// Handlers run one at a time, on any scheduler thread; they must not block. An exception that leaves a handler is a
// crash: the host records it, tells the monitors, and restarts the actor by its RestartPolicy (fresh state, same path).

#include <functional>
#include <memory>
#include <unordered_map>

#include "runtime/actor/context.hpp"
#include "runtime/actor/reply.hpp"
#include "runtime/protocol/any_message.hpp"

namespace troupe::actor {

class Actor {
 public:
  virtual ~Actor() = default;
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;

  /// First thing that runs on the actor, before any message.
  virtual void started() {}
  /// Last thing, when the actor is stopped in order (not after a crash). Must not wait.
  virtual void stopping() {}
  /// The caller of an unfinished Reply wants no more. The Reply may be dropped or failed; nobody listens.
  virtual void cancelled(ReplyId) {}
  /// The caller of a Reply with credit takes so many bytes more. The Reply may have ended.
  virtual void credited(ReplyId, uint64_t /*bytes*/) {}

  /// For the host: runs the handler of `message`. False where there is none.
  bool handle_event(const protocol::AnyMessage& message);
  bool handle_request(const protocol::AnyMessage& message, Reply reply);

 protected:
  explicit Actor(Context& context) : context_(context) {}

  Context& context() noexcept { return context_; }

  /// Takes messages of type M that want no answer: `handler(const M&)`.
  template <class M, class Handler>
  void on(Handler handler) {
    events_[protocol::AnyMessage::tag<M>()] = [handler = std::move(handler)](const protocol::AnyMessage& message) {
      handler(*message.get<M>());
    };
  }
  /// Takes calls of type M: `handler(std::shared_ptr<const M>, Reply)`.
  template <class M, class Handler>
  void serve(Handler handler) {
    requests_[protocol::AnyMessage::tag<M>()] = [handler = std::move(handler)](const protocol::AnyMessage& message,
                                                                               Reply reply) {
      handler(message.share<M>(), std::move(reply));
    };
  }

 private:
  Context& context_;
  std::unordered_map<const void*, std::function<void(const protocol::AnyMessage&)>> events_;
  std::unordered_map<const void*, std::function<void(const protocol::AnyMessage&, Reply)>> requests_;
};

}  // namespace troupe::actor
