#pragma once
// What a node with the role head has beside its agent: stores, the head actor and the admin door.

#include <memory>

#include "cluster/head/head_actor.hpp"
#include "cluster/node/options.hpp"
#include "runtime/actor/host.hpp"
#include "runtime/bus/zmq/zmq_transport.hpp"
#include "runtime/http/server.hpp"
#include "runtime/observe/log.hpp"
#include "runtime/observe/metrics.hpp"
#include "runtime/protocol/paths.hpp"

namespace troupe::cluster {

struct HeadParts {
  actor::Ref head;
  std::unique_ptr<http::HttpServer> admin;
};

/// Opens the stores in `options.data_dir`, begins a new epoch, sees to it that there is a join token in
/// `options.data_dir`/join-token, starts the actors and opens the admin door. Blocks on disk. `public_key` is this
/// node's; `certificate` of the admin door, empty: in the clear; `on_crash` runs if the head actor crashes.
Result<HeadParts> start_head(const NodeOptions& options, const std::string& public_key,
                             std::shared_ptr<http::TlsCertificate> certificate, actor::Host& host,
                             bus::ZmqTransport& transport, Clock& clock, observe::Metrics& metrics,
                             const observe::Logger& log, std::function<void(const Error&)> on_crash);

/// Reads what is in `store` and begins a new epoch there: what a head actor starts with, but for models, log and who is
/// trusted by which key. Waits for the store. `transport` must outlive the actor.
Result<HeadActorOptions> begin_term(std::shared_ptr<storage::StateStore> store, bus::Transport& transport,
                                    const Clock& clock, Random& random);

/// For actors whose crash the node does not survive; others must restart the process. Their plane must be there.
inline actor::SpawnOptions vital(std::function<void(const Error&)> on_crash) {
  return {.restart = {.restarts_max = 0},
          .on_give_up = std::move(on_crash),
          .lane = bus::Lane::control,
          .parent = std::string(protocol::control_plane_path),
          .escalates = false};
}

}  // namespace troupe::cluster
