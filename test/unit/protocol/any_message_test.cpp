#include "runtime/protocol/any_message.hpp"

#include <boost/test/unit_test.hpp>

#include "runtime/protocol/cluster.hpp"

namespace troupe::protocol {
namespace {

/// Stays in its process.
struct Local {
  int number = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(any_message)

BOOST_AUTO_TEST_CASE(a_message_is_found_under_its_own_type_only) {
  const AnyMessage any = AnyMessage::of(Leave{.node = {7}, .incarnation = {}});

  BOOST_REQUIRE(any.get<Leave>() != nullptr);
  BOOST_TEST(any.get<Leave>()->node.value == 7U);
  BOOST_TEST(any.get<Hello>() == nullptr);
  BOOST_TEST((any.type() == MessageType::leave));
}

BOOST_AUTO_TEST_CASE(a_local_message_has_no_numeric_type) {
  const AnyMessage any = AnyMessage::of(Local{3});

  BOOST_TEST((any.type() == MessageType::none));
  BOOST_TEST(any.get<Local>()->number == 3);
}

BOOST_AUTO_TEST_CASE(copies_share_one_message_whether_it_was_given_const_or_not) {
  auto local = std::make_shared<Local>();
  const AnyMessage any = AnyMessage::of(std::shared_ptr<Local>(local));
  const AnyMessage copy = any;
  const AnyMessage of_const = AnyMessage::of(std::shared_ptr<const Local>(local));

  BOOST_TEST(any.get<Local>() == local.get());
  BOOST_TEST(copy.share<Local>() == local);
  BOOST_TEST(of_const.share<Local>() == local);
}

BOOST_AUTO_TEST_CASE(an_empty_one_is_false_and_has_nothing) {
  const AnyMessage none;

  BOOST_TEST(!none);
  BOOST_TEST(none.get<Local>() == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::protocol
