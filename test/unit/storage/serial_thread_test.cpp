#include "storage/serial_thread.hpp"

#include <boost/test/unit_test.hpp>
#include <future>

using namespace troupe;
using troupe::storage::SerialThread;

namespace {

constexpr auto patience = std::chrono::seconds{10};

/// Owns a thread, as a store does.
struct Owner {
  int done = 0;
  SerialThread thread{16, {1024}};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(serial_thread)

BOOST_AUTO_TEST_CASE(what_is_queued_is_done_before_it_ends) {
  int done = 0;
  {
    SerialThread thread(16, {1024});
    for (int i = 0; i < 10; ++i) BOOST_REQUIRE(thread.post(1, [&done] { ++done; }).has_value());
  }
  BOOST_TEST(done == 10);
}

BOOST_AUTO_TEST_CASE(a_task_may_let_go_of_the_owner_of_its_thread) {
  std::promise<void> go;
  std::promise<int> ended;
  {
    auto owner = std::make_shared<Owner>();
    Owner* const self = owner.get();
    const auto count = std::shared_ptr<void>(nullptr, [self, &ended](void*) { ended.set_value(self->done); });
    BOOST_REQUIRE(self->thread.post(1, [owner, wait = go.get_future().share()] { wait.wait(); }).has_value());
    BOOST_REQUIRE(self->thread.post(1, [self] { ++self->done; }).has_value());
    BOOST_REQUIRE(self->thread.post(1, [self, count] { ++self->done; }).has_value());
  }
  go.set_value();  // The first task has the owner's last reference.

  auto done = ended.get_future();
  BOOST_REQUIRE((done.wait_for(patience) == std::future_status::ready));
  BOOST_TEST(done.get() == 2);
}

BOOST_AUTO_TEST_SUITE_END()
