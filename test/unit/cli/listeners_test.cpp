#include "cluster/cli/listeners.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::cli {

BOOST_AUTO_TEST_SUITE(listeners)

constexpr const char* table =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 0100007F:1F40 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 111 1 0\n"
    "   1: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 222 1 0\n"
    "   2: 0100007F:2049 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1 0\n";

BOOST_AUTO_TEST_CASE(the_listening_socket_is_found_not_a_connection_of_the_same_port) {
  BOOST_TEST(listening_inode(table, 8000) == "222");
  BOOST_TEST(listening_inode(table, 8265) == "333");
}

BOOST_AUTO_TEST_CASE(a_port_without_listener_or_an_empty_table_has_none) {
  BOOST_TEST(listening_inode(table, 80).empty());
  BOOST_TEST(listening_inode("", 8000).empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::cli
