#pragma once
// What the admin API's bodies say of models. Pure.

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "cluster/head/admin.hpp"
#include "storage/model_ref.hpp"

namespace troupe::cluster {

Result<AddModel> parse_add_model(const std::string& body);
/// An object whose values are texts. `field` names it in errors.
Result<std::map<std::string, std::string>> parse_texts(const nlohmann::json& object, const std::string& field);
/// "clerk@2"
Result<storage::ModelRef> parse_version(const std::string& text);

/// A manifest (docs/model-store.md), as far as a client knows it.
Result<BeginUpload> parse_begin_upload(const std::string& body);
/// Of "file=0&offset=1024".
Result<UploadPiece> parse_upload_piece(const std::string& upload, std::string_view query);
/// Of "path=config.json&offset=0&size=1024"; nothing of it asks for the manifest.
Result<ReadModelBytes> parse_read_model(const std::string& model, std::string_view query);

}  // namespace troupe::cluster
