// The admin API's routes by which the bytes of models come and go.

#include <charconv>

#include "cluster/head/admin_door.hpp"
#include "cluster/head/admin_guard.hpp"
#include "cluster/head/admin_model_parse.hpp"
#include "cluster/head/admin_query.hpp"
#include "runtime/observe/text.hpp"
#include "storage/model_manifest.hpp"

namespace troupe::cluster {
namespace {

constexpr uint32_t read_bytes_max = 4 << 20;

template <class Number>
Result<Number> number_of(const Parameters& parameters, const char* name, Number if_none) {
  const std::string text = value_of(parameters, name);
  if (text.empty()) return if_none;
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size())
    return fail_field(name, "{} '{}' is no number that it can be", name, text);
  return number;
}

}  // namespace

Result<BeginUpload> parse_begin_upload(const std::string& body) {
  auto manifest = storage::manifest_from_json(body, "the body");
  if (manifest) return BeginUpload{std::move(*manifest)};
  manifest.error().code = Errc::invalid_argument;
  return fail(std::move(manifest.error()));
}

Result<UploadPiece> parse_upload_piece(const std::string& upload, std::string_view query) {
  TROUPE_CHECK(parse_version(upload));
  TROUPE_TRY(const Parameters parameters, parse_query(query, {"file", "offset"}));
  UploadPiece piece;
  piece.upload = upload;
  TROUPE_TRY(piece.file, number_of<size_t>(parameters, "file", 0));
  TROUPE_TRY(piece.offset, number_of<uint64_t>(parameters, "offset", 0));
  return piece;
}

Result<ReadModelBytes> parse_read_model(const std::string& model, std::string_view query) {
  TROUPE_TRY(const storage::ModelRef ref, parse_version(model));
  TROUPE_TRY(const Parameters parameters, parse_query(query, {"path", "offset", "size"}));
  ReadModelBytes wish{ref.name, ref.version, value_of(parameters, "path"), 0, 0};
  TROUPE_TRY(wish.offset, number_of<uint64_t>(parameters, "offset", 0));
  TROUPE_TRY(wish.size, number_of<uint32_t>(parameters, "size", read_bytes_max));
  if (wish.size == 0 || wish.size > read_bytes_max)
    return fail_field("size", "size {} is not between 1 and {}", wish.size, read_bytes_max);
  return wish;
}

void add_model_file_routes(http::Routes& routes, const AdminDoor& door) {
  routes.add("GET", "/api/v1/model-files/{model}",
             [&door](const auto& request, const auto& names, const ResponderRef& responder) {
               auto wish = parse_read_model(names[0], request.query());
               if (!wish) return refuse(*responder, wish.error());
               door.send_bytes(std::move(*wish), responder);
             });
  routes.add("POST", "/api/v1/uploads", [&door](const auto& request, const auto&, const ResponderRef& responder) {
    auto upload = parse_begin_upload(request.body);
    if (!upload) return door.refuse_write({"begin upload", "", request.remote_address}, upload.error(), responder);
    std::string subject = upload->manifest.name + "@" + upload->manifest.version;
    door.write(std::move(*upload), {"begin upload", std::move(subject), request.remote_address}, 201, responder);
  });
  // A piece alone changes nothing that anybody sees: it is not a line in the logs.
  routes.add("PUT", "/api/v1/uploads/{upload}",
             [&door](const auto& request, const auto& names, const ResponderRef& responder) {
               auto piece = parse_upload_piece(names[0], request.query());
               if (!piece) return refuse(*responder, piece.error());
               piece->bytes = std::make_shared<const std::string>(request.body);
               door.ask(std::move(*piece), responder);
             });
  const auto end = [&](const char* method, const char* path, const char* action, bool publishes) {
    routes.add(method, path,
               [&door, action, publishes](const auto& request, const auto& names, const ResponderRef& responder) {
                 const auto upload = parse_version(names[0]);
                 AdminWrite about{action, observe::sanitize(names[0], header_bytes_shown), request.remote_address};
                 if (!upload) return door.refuse_write(about, upload.error(), responder);
                 door.write(EndUpload{storage::to_string(*upload), publishes}, std::move(about), publishes ? 201 : 200,
                            responder);
               });
  };
  end("POST", "/api/v1/uploads/{upload}/publish", "add model", true);
  end("DELETE", "/api/v1/uploads/{upload}", "drop upload", false);
}

}  // namespace troupe::cluster
