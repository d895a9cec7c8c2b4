#include "storage/crash_point.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>

using namespace troupe;
using namespace troupe::storage;

namespace {

/// How often a process armed with `text` passes control.after_commit, of five tries.
int passes_of(const char* text) {
  const pid_t child = ::fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    if (!arm_crash_point(text)) ::_exit(100);
    int passed = 0;
    for (; passed < 5; ++passed) {
      crash_point("control.before_commit");
      crash_point("control.after_commit");
    }
    ::_exit(passed);
  }
  int status = 0;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return -1;
  return WEXITSTATUS(status);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(crash_points)

BOOST_AUTO_TEST_CASE(the_armed_point_kills_its_process_at_the_pass_that_was_asked_for) {
  BOOST_TEST(passes_of(nullptr) == 5);
  BOOST_TEST(passes_of("control.after_commit") == -1);
  BOOST_TEST(passes_of("control.after_commit:5") == -1);
  BOOST_TEST(passes_of("control.after_commit:6") == 5);
  BOOST_TEST(passes_of("model.before_rename") == 5);
}

BOOST_AUTO_TEST_CASE(a_wrong_name_or_count_is_refused_in_words) {
  const Status unknown = arm_crash_point("control.after_comit");
  const Status count = arm_crash_point("control.after_commit:0");
  const Status text = arm_crash_point("control.after_commit:x");

  BOOST_REQUIRE(!unknown);
  BOOST_TEST(unknown.error().message.find("(did you mean control.after_commit?)") != std::string::npos);
  BOOST_REQUIRE(!count);
  BOOST_TEST(count.error().message == "TROUPE_CRASH_AT: '0' after the colon is no count from 1");
  BOOST_TEST(!text);
}

BOOST_AUTO_TEST_SUITE_END()
