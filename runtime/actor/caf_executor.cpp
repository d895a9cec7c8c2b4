// The only file that knows CAF.

#include <caf/all.hpp>

#include "runtime/actor/delivery.hpp"
#include "runtime/actor/executor.hpp"

namespace troupe::actor::internal {

/// CAF copies messages where it must; a shared pointer makes that free.
struct CafDelivery {
  std::shared_ptr<Delivery> delivery;
};

}  // namespace troupe::actor::internal

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actor::internal::CafDelivery)

namespace troupe::actor {
namespace {

caf::behavior mailbox_behavior(caf::event_based_actor* self, const MailboxRunner& runner) {
  return {[self, runner](const internal::CafDelivery& message) {
    if (!runner(*message.delivery)) self->quit();
  }};
}

class CafMailbox final : public Mailbox {
 public:
  explicit CafMailbox(caf::actor actor) : actor_(std::move(actor)) {}

  void push(std::shared_ptr<internal::Delivery> delivery) override {
    caf::anon_send(actor_, internal::CafDelivery{std::move(delivery)});
  }

 private:
  caf::actor actor_;
};

class CafExecutor final : public Executor {
 public:
  explicit CafExecutor(unsigned threads) : config_(threads), system_(config_) {}

  std::unique_ptr<Mailbox> open(Placement placement, MailboxRunner runner) override {
    return std::make_unique<CafMailbox>(placement == Placement::own_thread
                                            ? system_.spawn<caf::detached>(mailbox_behavior, std::move(runner))
                                            : system_.spawn(mailbox_behavior, std::move(runner)));
  }

  void join() override { system_.await_all_actors_done(); }

 private:
  struct Config : caf::actor_system_config {
    explicit Config(unsigned threads) {
      set("scheduler.policy", caf::atom("sharing"));
      set("scheduler.max-threads", static_cast<size_t>(threads));
    }
  };

  Config config_;
  caf::actor_system system_;
};

}  // namespace

std::unique_ptr<Executor> make_caf_executor(unsigned threads) {
  return std::make_unique<CafExecutor>(threads);
}

}  // namespace troupe::actor
