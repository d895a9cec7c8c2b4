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

// What passes through CAF's own memory does so in these three, so that test/support/tsan.supp can name them.

[[gnu::noinline]] void hand_to_caf(const caf::actor& actor, std::shared_ptr<internal::Delivery> delivery) {
  delivery->handover.make();
  caf::anon_send(actor, internal::CafDelivery{std::move(delivery)});
}

[[gnu::noinline]] internal::Delivery& take_from_caf(const internal::CafDelivery& message) {
  message.delivery->handover.take();
  return *message.delivery;
}

template <caf::spawn_options Options, class... Arguments>
[[gnu::noinline]] caf::actor spawn_on_caf(caf::actor_system& system, Arguments&&... arguments) {
  return system.spawn<Options>(std::forward<Arguments>(arguments)...);
}

caf::behavior mailbox_behavior(caf::event_based_actor* self, const MailboxRunner& runner) {
  return {[self, runner, turn = std::make_shared<Handover>()](const internal::CafDelivery& message) {
    internal::Delivery& delivery = take_from_caf(message);
    turn->take();  // From the thread that ran the one before.
    const bool goes_on = runner(delivery);
    turn->make();
    if (!goes_on) self->quit();
  }};
}

class CafMailbox final : public Mailbox {
 public:
  explicit CafMailbox(caf::actor actor) : actor_(std::move(actor)) {}

  void push(std::shared_ptr<internal::Delivery> delivery) override { hand_to_caf(actor_, std::move(delivery)); }

 private:
  caf::actor actor_;
};

class CafExecutor final : public Executor {
 public:
  explicit CafExecutor(unsigned threads) : config_(threads), system_(config_) {}

  std::unique_ptr<Mailbox> open(Placement placement, MailboxRunner runner) override {
    return std::make_unique<CafMailbox>(
        placement == Placement::own_thread
            ? spawn_on_caf<caf::detached>(system_, mailbox_behavior, std::move(runner))
            : spawn_on_caf<caf::no_spawn_options>(system_, mailbox_behavior, std::move(runner)));
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
