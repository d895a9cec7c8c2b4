#include "cluster/agent/actor_rows.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cluster;
using protocol::ReplicaState;

namespace {

protocol::ActorHealth row(const std::string& path) {
  protocol::ActorHealth made;
  made.path = path;
  made.state = "running";
  return made;
}

protocol::ReplicaStatus status(uint64_t id, ReplicaState state, const std::string& reason) {
  protocol::ReplicaStatus made;
  made.id = ReplicaId{id};
  made.state = state;
  made.reason = reason;
  return made;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(actor_rows)

BOOST_AUTO_TEST_CASE(a_replica_whose_back_end_gave_up_has_failed_with_its_reason_and_no_other_has) {
  std::vector<protocol::ActorHealth> rows{row("model/clerk"), row("replica/0000000000000001"),
                                          row("replica/0000000000000001/worker"), row("replica/0000000000000002")};

  show_failed_replicas(rows,
                       {status(1, ReplicaState::failed, "no such file"), status(2, ReplicaState::backing_off, "x")});

  BOOST_TEST(rows[0].state == "running");
  BOOST_TEST(rows[1].state == "failed");
  BOOST_TEST(rows[1].last_error == "no such file");
  BOOST_TEST(rows[2].state == "running");
  BOOST_TEST(rows[3].state == "running");
  BOOST_TEST(rows[3].last_error == "");
}

BOOST_AUTO_TEST_SUITE_END()
