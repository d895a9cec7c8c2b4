#pragma once
// MirrorActor: gets the files of versions out of the model bucket into the head's folder, from which nodes get them as
// from any head. On a thread of its own, because network and disks block; a piece at a time, so that it can be asked
// how far it is, and stopped. What came before a crash is taken up again.

#include <memory>
#include <set>

#include "runtime/actor/actor.hpp"
#include "runtime/base/units.hpp"
#include "runtime/observe/log.hpp"
#include "storage/model_bucket.hpp"
#include "storage/model_intake.hpp"
#include "storage/model_ref.hpp"
#include "storage/model_store.hpp"

namespace troupe::cluster {

/// Served at once with ModelHere, or with overloaded and how far it is: ask again. Other errors end the attempt; the
/// next call begins another.
struct BringModel {
  storage::ModelManifest manifest;
  std::set<storage::ModelRef> in_use;  ///< Versions whose files stay.
};
struct ModelHere {};

struct MirrorOptions {
  std::filesystem::path root;
  std::shared_ptr<storage::ModelStore> store;    ///< Over `root`.
  std::shared_ptr<storage::ModelBucket> bucket;  ///< Used by this actor alone.
  ByteCount capacity{50ULL << 30};               ///< What the folder may take; what is not in use makes room.
  ByteCount piece_bytes = 8_MiB;                 ///< Asked for at a time: what this takes of memory.
  observe::Logger log;
};

class MirrorActor final : public actor::Actor {
 public:
  MirrorActor(actor::Context& context, MirrorOptions options);

 private:
  struct Job {
    storage::ModelIntake intake;
    uint64_t bytes_here = 0;
  };

  /// Whether it is here; where not, it is on its way.
  Result<bool> bring(const BringModel& wish);
  Status begin(const BringModel& wish);
  Status make_room(const BringModel& wish) const;
  void pump(const storage::ModelRef& model);
  Status take_piece(Job& job);

  const MirrorOptions options_;
  std::map<storage::ModelRef, Job> jobs_;
  std::map<storage::ModelRef, Error> failures_;  ///< Not yet told.
};

}  // namespace troupe::cluster
