// HeadActor's backups: the control state as of now, then the catalog's thread copies it and the models.

#include "cluster/head/admin_backup.hpp"
#include "cluster/head/catalog_actor.hpp"
#include "cluster/head/head_actor.hpp"
#include "cluster/node/version.hpp"
#include "runtime/wire/envelope.hpp"

namespace troupe::cluster {

using observe::kv;

void HeadActor::create_backup(const CreateBackup& backup, const AuditAct& by, Done done) {
  options_.store->range(
      "", context().bind<Result<storage::RangeResult>>([this, by, directory = backup.directory, done = std::move(done)](
                                                           const Result<storage::RangeResult>& state) {
        if (!state) return done(fail(state.error()));
        storage::BackupManifest about;
        about.cluster = options_.head.cluster;
        about.epoch = options_.head.epoch.value;
        about.software = software_version;
        about.protocol = wire::protocol_number;
        about.created = context().wall();
        context().call(options_.catalog, MakeBackup{options_.data_dir, directory, *state, std::move(about)}, {},
                       [this, by, directory, done](const actor::ReplyEvent& event) {
                         if (event.error) return done(fail(*event.error));
                         const storage::BackupManifest& made = event.body.get<MadeBackup>()->manifest;
                         options_.log.info("backup made", kv("directory", directory), kv("revision", made.revision),
                                           kv("bytes", made.total_bytes().value));
                         record_done(by, fmt::format("revision {}, {} bytes", made.revision, made.total_bytes().value),
                                     backup_answer(directory, made), done);
                       });
      }));
}

}  // namespace troupe::cluster
