#pragma once
// FetchActor: gets the files of models that a worker is to run, at "fetcher" on every worker, and keeps them in a
// cache. On a thread of its own, because disks block.
//
// Where the files are, in this order: in the head's own folder, where node and head share a data root; in this node's
// cache; else at a node that has them, the head or a worker, from which they come over the bulk lane,
// FetchLimits::window pieces at a time. A version is fetched once, for however many replicas. What came before a crash
// is taken up again.

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "cluster/agent/fetch_retry.hpp"
#include "cluster/agent/model_fetch.hpp"
#include "runtime/actor/actor.hpp"
#include "runtime/observe/log.hpp"
#include "runtime/protocol/models.hpp"
#include "storage/fetch_plan.hpp"
#include "storage/model_cache.hpp"
#include "storage/model_intake.hpp"
#include "storage/model_store.hpp"

namespace troupe::cluster {

struct FetchActorOptions {
  std::filesystem::path root;                  ///< Of the cache.
  std::shared_ptr<storage::ModelStore> store;  ///< Over `root`.
  std::filesystem::path shared_root;           ///< Head's folders below it are used in place; empty: none are.
  bool is_store = false;                       ///< `root` is the head's own store: nothing is fetched or removed.
  bool is_mirror = false;                      ///< That of a bucket: the head is asked to get what is not there yet.
  ByteCount capacity{50ULL << 30};
  NodeId self;
  storage::FetchLimits limits;
  FetchRetryOptions retry;
  size_t fetches_max = 4;  ///< Versions at a time; others wait.
  Duration chunk_patience = std::chrono::seconds{20};
  /// Makes a node reachable by the bus. It stays so: the bus closes the connection when it idles, in order; cut off by
  /// us, it would be taken for a death over there.
  std::function<void(const protocol::RoutedNode&)> add_peer;
  observe::Logger log;
};

/// Takes ModelsWanted.
class FetchActor final : public actor::Actor {
 public:
  FetchActor(actor::Context& context, FetchActorOptions options);

  void started() override;

 private:
  struct Job {
    storage::ModelRef model;
    std::string digest;
    protocol::ReplicaSpec spec;  ///< Of one of those that wait.
    std::set<ReplicaId> waiting;
    FetchRetry retry;
    uint64_t attempt = 0;  ///< What is answered to an earlier one is passed over.
    bool is_active = false;
    bool only_busy = true;  ///< All sources of this round had too much to do: nothing is wrong.
    actor::Ref source;
    std::string json;  ///< The manifest, as far as it is here.
    std::optional<storage::ModelIntake> intake;
    std::optional<storage::FetchPlan> plan;
    uint64_t best = 0;  ///< Bytes that were here at most.
    std::vector<actor::CallId> calls;
    actor::TimerId timer;
    FetchNews news;  ///< Newest, without replica.
  };
  using Key = storage::ModelRef;

  void want(const ModelsWanted& wanted);
  void want(const protocol::ReplicaSpec& spec);
  /// The folder of the version on this node; empty where it has to come.
  std::string folder_of(const protocol::ReplicaSpec& spec);
  void begin_waiting();
  void begin_round(Job& job);
  void take_sources(Job& job, const protocol::ModelSources& found);
  void ask_source(Job& job);
  void read_manifest(Job& job);
  void take_manifest(Job& job, const protocol::ModelChunk& chunk);
  Status open_intake(Job& job);
  Status make_room(const storage::ModelManifest& manifest) const;
  void pump(Job& job);
  void take_chunk(Job& job, const storage::Chunk& chunk, const Bytes& data);
  void source_failed(Job& job, const Error& error);
  void round_failed(Job& job, const Error& error);
  void publish(Job& job);
  void end(const Key& key);
  void stop_attempt(Job& job);
  void read(Job& job, uint32_t file, uint64_t offset, uint32_t size,
            std::function<void(Job&, const protocol::ModelChunk&)> take);
  void tell(Job& job, FetchNews::What what, std::string text, std::string folder = {});
  void show_progress();

  FetchActorOptions options_;
  std::map<Key, Job> jobs_;
  std::set<Key> running_;
  actor::Ref head_;
  std::function<void(FetchNews)> tell_;
};

}  // namespace troupe::cluster
