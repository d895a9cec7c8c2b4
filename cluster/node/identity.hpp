#pragma once
// Who a node is, across its lives: the id in its folder, and the machine it runs on.

#include <filesystem>

#include "runtime/base/ids.hpp"
#include "runtime/base/result.hpp"
#include "runtime/bus/zmq/curve.hpp"
#include "runtime/protocol/cluster.hpp"

namespace troupe::cluster {

/// The id in `data_dir`/node-id, made on first use. Blocks on disk.
Result<NodeId> load_or_create_node_id(const std::filesystem::path& data_dir);

/// The key pair whose secret lies in `data_dir`/node.key, made on first use. Blocks on disk. failed_precondition where
/// others than the owner may touch the file.
Result<bus::CurveKeys> load_or_create_node_keys(const std::filesystem::path& data_dir);

/// The pair that is to take its place, in `data_dir`/node.key.next; likewise.
Result<bus::CurveKeys> load_or_create_next_keys(const std::filesystem::path& data_dir);
/// Puts it in its place, for good.
Status adopt_next_keys(const std::filesystem::path& data_dir);

/// The key pair of the gateway's ZeroMQ door, whose secret lies in `data_dir`/zmq.key; as above.
Result<bus::CurveKeys> load_or_create_door_keys(const std::filesystem::path& data_dir);

/// The public key of the head that this node has joined, in `data_dir`/head.pub; empty where it has joined none.
Result<std::string> load_head_key(const std::filesystem::path& data_dir);
Status store_head_key(const std::filesystem::path& data_dir, const std::string& key);

/// Replaces a file of one line atomically and durably, with mode 0600.
Status write_private_file(const std::filesystem::path& file, const std::string& line);
/// Its line. not_found; failed_precondition where others than its owner may use it.
Result<std::string> read_private_file(const std::filesystem::path& file);

/// All CPUs that this process may use, and four fifths of the machine's memory.
protocol::Resources machine_resources();

}  // namespace troupe::cluster
