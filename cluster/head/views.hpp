#pragma once
// The head's state as JSON, for the dashboard, the CLI and scripts. docs/admin-api.md shows one of each.

#include <nlohmann/json.hpp>

#include "cluster/head/head_state.hpp"
#include "cluster/head/key_book.hpp"
#include "cluster/head/model_book.hpp"
#include "cluster/head/trust.hpp"
#include "storage/model_manifest.hpp"
#include "storage/model_store.hpp"

namespace troupe::cluster {

nlohmann::json nodes_view(const HeadState& state, Time now);
nlohmann::json actors_view(const HeadState& state);
/// API keys, revoked ones too; never a key's text.
nlohmann::json keys_view(const KeyBook& keys, int64_t now_unix_us);
nlohmann::json deployments_view(const HeadState& state);
/// `store` says where they are; may be null.
nlohmann::json models_view(const std::vector<storage::ModelManifest>& models, const ModelBook& book,
                           const HeadState& state, const storage::ModelStore* store);
/// `models` as models_view() has them.
nlohmann::json status_view(const HeadState& state, nlohmann::json models, Time now);
nlohmann::json tokens_view(const Trust& trust, WallTime now);
/// The allow-list: nodes that have joined, and those that were revoked.
nlohmann::json members_view(const Trust& trust, const HeadState& state);

/// As text. Bytes that are not UTF-8, which a file name or an error may have, are replaced.
std::string to_text(const nlohmann::json& view);

}  // namespace troupe::cluster
