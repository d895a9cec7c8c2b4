#include "runtime/observe/trace_context.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::observe;

namespace {

constexpr std::string_view example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

}  // namespace

BOOST_AUTO_TEST_SUITE(trace_context)

BOOST_AUTO_TEST_CASE(a_traceparent_is_read_and_written) {
  const auto context = parse_traceparent(example);

  BOOST_TEST_REQUIRE(context.has_value());
  BOOST_TEST(context->trace_id == "4bf92f3577b34da6a3ce929d0e0e4736");
  BOOST_TEST(context->span_id == "00f067aa0ba902b7");
  BOOST_TEST(context->flags == "01");
  BOOST_TEST(format_traceparent(*context) == example);
}

BOOST_AUTO_TEST_CASE(a_child_is_of_the_same_trace_with_an_id_of_its_own) {
  SeededRandom random(1);
  const auto parent = parse_traceparent(example).value();

  const TraceContext first = make_child(parent, random);
  const TraceContext second = make_child(parent, random);

  BOOST_TEST(first.trace_id == parent.trace_id);
  BOOST_TEST(first.flags == parent.flags);
  BOOST_TEST(first.span_id != parent.span_id);
  BOOST_TEST(first.span_id != second.span_id);
  BOOST_TEST(parse_traceparent(format_traceparent(first)).has_value());
}

BOOST_AUTO_TEST_CASE(versions_to_come_are_read_as_far_as_they_are_known) {
  BOOST_TEST(parse_traceparent("01" + std::string(example.substr(2))).has_value());
  BOOST_TEST(parse_traceparent("cc" + std::string(example.substr(2)) + "-more").has_value());
  BOOST_TEST(!parse_traceparent("cc" + std::string(example.substr(2)) + "more").has_value());
  BOOST_TEST(!parse_traceparent(std::string(example) + "-more").has_value());
  BOOST_TEST(!parse_traceparent("ff" + std::string(example.substr(2))).has_value());
}

BOOST_AUTO_TEST_CASE(what_is_none_is_told) {
  for (const char* text : {"", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
                           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                           "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
                           "0x-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g"}) {
    BOOST_TEST(!parse_traceparent(text).has_value(), text);
  }
}

BOOST_AUTO_TEST_SUITE_END()
