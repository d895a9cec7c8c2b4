#include "cluster/head/admin_api.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "actors/gateway/http/error_answer.hpp"
#include "cluster/head/admin.hpp"
#include "cluster/head/admin_backup.hpp"
#include "cluster/spec/join_token.hpp"
#include "runtime/base/nearest.hpp"
#include "runtime/base/random.hpp"
#include "runtime/base/units.hpp"
#include "runtime/http/routes.hpp"
#include "runtime/observe/text.hpp"
#include "storage/crash_point.hpp"
#include "storage/model_ref.hpp"

namespace troupe::cluster {
namespace {

using nlohmann::json;
using observe::kv;
using ResponderRef = std::shared_ptr<http::HttpResponder>;

constexpr const char* json_type = "application/json";
constexpr size_t header_bytes_shown = 200;

/// What a 404 lists.
constexpr std::array paths{
    "/healthz",
    "/api/v1/status",
    "/api/v1/nodes",
    "/api/v1/nodes/{name}",
    "/api/v1/actors",
    "/api/v1/models",
    "/api/v1/models/{model}",
    "/api/v1/deployments",
    "/api/v1/deployments/{name}",
    "/api/v1/apply",
    "/api/v1/backups",
    "/api/v1/keys",
    "/api/v1/keys/{id}",
    "/api/v1/tokens",
    "/api/v1/tokens/{id}",
    "/api/v1/members",
    "/api/v1/members/{name}",
};

// ---- Errors
// -----------------------------------------------------------------------------------------------------------

/// Texts from outside may be no UTF-8, which plain dump() refuses.
std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

void answer(http::HttpResponder& responder, int status, std::string body, http::HeaderList headers = {}) {
  headers.emplace_back("cache-control", "no-store");
  headers.emplace_back("x-content-type-options", "nosniff");
  responder.respond(status, json_type, std::move(body), std::move(headers));
}

void refuse(http::HttpResponder& responder, const Error& error) {
  json about{{"code", to_string(error.code)}, {"message", error.message}};
  if (!error.field.empty()) about["field"] = error.field;
  const int status = gateway::http_status(error);
  http::HeaderList headers = gateway::error_headers(error);
  if (status == 401) headers.emplace_back("www-authenticate", "Bearer realm=\"troupe\"");
  answer(responder, status, dump({{"error", about}}), std::move(headers));
}

// ---- Who may ask
// ------------------------------------------------------------------------------------------------------

std::string lower(std::string_view text) {
  std::string out(text.substr(0, header_bytes_shown));
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

/// "127.0.0.1" and the like, "[::1]", or "localhost".
bool is_loopback_name(std::string_view host) {
  if (host == "localhost" || host == "[::1]") return true;
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

/// Elsewhere than on loopback everything needs the key, which a foreign page does not have; so only Origin counts
/// there.
Status check_host(const http::HttpRequest& request, const AdminApiOptions& options) {
  const std::string host = lower(request.headers.find("host").value_or(""));
  if (options.is_loopback) {
    const size_t colon = host.ends_with(']') ? std::string::npos : host.rfind(':');
    const std::string_view name = std::string_view(host).substr(0, colon);
    const std::string port = colon == std::string::npos ? (options.is_tls ? "443" : "80") : host.substr(colon + 1);
    if (!is_loopback_name(name) || (options.port != 0 && port != std::to_string(options.port))) {
      return fail(Errc::permission_denied, "Host '{}' is not this server's; use {}", host,
                  options.port == 0 ? "localhost or 127.0.0.1" : fmt::format("127.0.0.1:{}", options.port));
    }
  }
  if (const auto origin = request.headers.find("origin")) {
    const std::string from = lower(*origin);
    if (host.empty() || (from != "http://" + host && from != "https://" + host)) {
      return fail(Errc::permission_denied, "pages of {} may not use this API; its own page is {}://{}", from,
                  options.is_tls ? "https" : "http", host);
    }
  }
  return {};
}

Status check_key(const http::HttpRequest& request, const AdminApiOptions& options) {
  const auto given = request.headers.find("authorization");
  constexpr std::string_view scheme = "bearer ";
  const bool is_bearer = given && lower(given->substr(0, scheme.size())) == scheme;
  const std::string_view key = is_bearer ? given->substr(scheme.size()) : std::string_view{};
  if (!options.admin_key.empty() && equal_in_constant_time(key, options.admin_key)) return {};
  return fail(Errc::unauthenticated, "{}; send 'Authorization: Bearer KEY' with the key in {}",
              given ? "the admin key is wrong" : "this needs the admin key", options.key_file.string());
}

// ---- Parts of views
// ---------------------------------------------------------------------------------------------------

std::string text_at(const json& row, const char* key) {
  return row.value(key, std::string());
}

Result<json> one_of(const json& rows, const char* kind, const std::string& name) {
  std::vector<std::string> names;
  const json* found = nullptr;
  for (const json& row : rows) {
    names.push_back(text_at(row, "name"));
    // A node that is gone stays listed for a while; a living one of its name is the one that is meant.
    const bool is_gone = found != nullptr && (row.value("state", "") == "down" || row.value("state", "") == "left");
    if ((names.back() == name || text_at(row, "id") == name) && !is_gone) found = &row;
  }
  if (found == nullptr)
    return fail(Errc::not_found, "there is no {} named {}{}", kind, name, did_you_mean(name, names));
  return *found;
}

/// All versions of "clerk" as an array, or "clerk@2" alone.
Result<json> model_of(const json& rows, const std::string& asked) {
  std::vector<std::string> names;
  json versions = json::array();
  for (const json& row : rows) {
    const std::string name = text_at(row, "name");
    const std::string full = name + "@" + text_at(row, "version");
    if (full == asked) return row;
    if (name == asked) versions.push_back(row);
    names.push_back(asked.find('@') == std::string::npos ? name : full);
  }
  if (versions.empty()) return fail(Errc::not_found, "there is no model {}{}", asked, did_you_mean(asked, names));
  return versions;
}

using Select = std::function<Result<json>(const json& rows)>;

Result<std::string> select_from(const std::string& view, const Select& select) {
  const json rows = json::parse(view, nullptr, false);
  if (!rows.is_array()) return fail(Errc::internal, "the head's view is no list");
  TROUPE_TRY(const json selected, select(rows));
  return dump(selected);
}

// ---- Bodies
// -----------------------------------------------------------------------------------------------------------

Result<AddModel> parse_add_model(const std::string& body) {
  const json object = json::parse(body, nullptr, false);
  if (!object.is_object()) {
    return fail(Errc::invalid_argument,
                R"(the body is no JSON object; it is {{"name": "clerk", "version": "2", "source": "FOLDER"}})");
  }
  AddModel model;
  const std::array<std::pair<std::string, std::string*>, 3> fields{
      {{"name", &model.name}, {"version", &model.version}, {"source", &model.source}}};
  for (const auto& [key, value] : object.items()) {
    if (key != "metadata" && std::ranges::none_of(fields, [&](const auto& field) { return field.first == key; }))
      return fail_field(key, "unknown field {}{}", key, did_you_mean(key, {"name", "version", "source", "metadata"}));
  }
  for (const auto& [key, target] : fields) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_string() || found->get_ref<const std::string&>().empty())
      return fail_field(key, "{} is missing or no text", key);
    *target = *found;
  }
  if (const auto metadata = object.find("metadata"); metadata != object.end()) {
    const auto is_text = [](const json& value) { return value.is_string(); };
    if (!metadata->is_object() || !std::ranges::all_of(*metadata, is_text))
      return fail_field("metadata", "metadata is no object of texts");
    model.metadata = metadata->get<std::map<std::string, std::string>>();
  }
  TROUPE_CHECK(storage::check_model_name(model.name));
  TROUPE_CHECK(storage::check_model_version(model.version));
  if (!model.source.starts_with('/'))
    return fail_field("source", "source '{}' is no absolute path of a folder on the head's machine", model.source);
  return model;
}

Result<CreateToken> parse_create_token(const std::string& body) {
  const json object = json::parse(body, nullptr, false);
  if (!object.is_object())
    return fail(Errc::invalid_argument, R"(the body is no JSON object; it is {{"ttl": "24h", "uses_max": 0}})");
  CreateToken token;
  token.lifetime = std::chrono::hours{24};
  token.created_by = "admin key";
  for (const auto& [key, value] : object.items()) {
    if (key == "ttl" && value.is_string()) {
      TROUPE_TRY(token.lifetime, parse_duration(value.get<std::string>()));
    } else if (key == "uses_max" && value.is_number_unsigned() && value.get<uint64_t>() <= 1'000'000) {
      token.uses_max = value.get<uint32_t>();
    } else {
      return fail_field(key, "{} is wrong here; ttl is a text such as \"24h\", uses_max a number from 0 to 1000000",
                        key);
    }
  }
  return token;
}

Result<CreateKey> parse_create_key(const std::string& body) {
  const json object = json::parse(body, nullptr, false);
  if (!object.is_object()) {
    return fail(
        Errc::invalid_argument,
        R"(the body is no JSON object; it is {{"name": "alice", "models": ["clerk"], "rate": 10}}, all optional)");
  }
  KeyWish wish;
  for (const auto& [field, value] : object.items()) {
    const bool is_whole = value.is_number_unsigned() && value.get<uint64_t>() <= UINT32_MAX;
    if (field == "name" && value.is_string()) {
      wish.name = value;
    } else if (field == "models" && value.is_array() &&
               std::ranges::all_of(value, [](const json& model) { return model.is_string(); })) {
      wish.models = value.get<std::vector<std::string>>();
    } else if (field == "rate" && value.is_number()) {
      wish.rate = value;
    } else if (field == "concurrent" && is_whole) {
      wish.concurrent = value;
    } else if (field == "ttl_s" && is_whole) {
      wish.lifetime_s = value;
    } else {
      return fail_field(field,
                        "{} is no field of a key or has a value it cannot have; there are name (text), models (list of "
                        "text), rate (a number), concurrent and ttl_s (whole numbers)",
                        field);
    }
  }
  return CreateKey{std::move(wish)};
}

Result<DeleteModel> parse_delete_model(const std::string& text) {
  TROUPE_TRY(const storage::ModelRef ref, storage::parse_model_ref(text));
  if (ref.version.empty())
    return fail(Errc::invalid_argument, "{} names no version; one is deleted as {}@VERSION", text, text);
  return DeleteModel{ref.name, ref.version};
}

// ---- Calls
// ------------------------------------------------------------------------------------------------------------

using Finish = std::function<void(Result<std::string>)>;

/// AdminCall::done of one call. Runs `finish` once: with the head's result, or with an error when the call is dropped.
class PendingCall {
 public:
  explicit PendingCall(Finish finish) : finish_(std::move(finish)) {}
  PendingCall(const PendingCall&) = delete;
  PendingCall& operator=(const PendingCall&) = delete;
  ~PendingCall() {
    end(fail(Errc::unavailable, "the head stopped before it answered; what was asked may have been done"));
  }

  void end(Result<std::string> result) {
    if (auto finish = std::exchange(finish_, {})) finish(std::move(result));
  }

 private:
  Finish finish_;
};

/// Leaves parsing and writing to the connection's thread: this may run on the head's.
void answer_with(const ResponderRef& responder, int status, Result<std::string> result, Select select = {}) {
  responder->post([responder, status, result = std::move(result), select = std::move(select)] {
    const auto body = result && select ? select_from(*result, select) : result;
    body ? answer(*responder, status, *body) : refuse(*responder, body.error());
  });
}

/// What is written, for the log.
struct Write {
  std::string action;
  std::string subject;
  std::string from;
};

void audit(const observe::Logger& log, const Write& write, const Error* error) {
  if (error == nullptr) {
    log.info("admin write", kv("action", write.action), kv("subject", write.subject), kv("who", "admin key"),
             kv("from", write.from), kv("result", "ok"));
    return;
  }
  const bool is_unknown = error->code == Errc::unauthenticated || error->code == Errc::permission_denied;
  log.warn("admin write", kv("action", write.action), kv("subject", write.subject),
           kv("who", is_unknown ? "unknown" : "admin key"), kv("from", write.from),
           kv("result", to_string(error->code)), kv("error", error->message));
}

class AdminApi {
 public:
  AdminApi(actor::Ref head, AdminApiOptions options);

  void handle(const http::HttpRequest& request, ResponderRef responder) const;

 private:
  Status check(const http::HttpRequest& request, bool is_read) const;
  void add_reads();
  void add_writes();
  void add_trust();
  void get(const char* path, View view);
  void get_one(const char* path, View view, std::function<Result<json>(const json&, const std::string&)> pick);
  void read(View view, Select select, const ResponderRef& responder) const;
  void write(decltype(AdminCall::what) what, Write about, int status, const ResponderRef& responder) const;
  void refuse_write(const Write& about, const Error& error, const ResponderRef& responder) const;
  void call(decltype(AdminCall::what) what, Finish finish) const;

  const actor::Ref head_;
  const AdminApiOptions options_;
  http::Routes routes_{admin_error_body};
};

AdminApi::AdminApi(actor::Ref head, AdminApiOptions options) : head_(std::move(head)), options_(std::move(options)) {
  add_reads();
  add_writes();
  add_trust();
}

void AdminApi::handle(const http::HttpRequest& request, ResponderRef responder) const {
  const std::string_view path = request.path();
  const bool is_health = path == "/healthz";
  const bool is_page = options_.page && !is_health && path != "/api" && !path.starts_with("/api/");
  if (is_page) return options_.page(request, std::move(responder));
  const bool is_read = request.method == "GET" || request.method == "HEAD";
  const Status allowed = is_health ? Status{} : check(request, is_read);
  if (allowed) return routes_.serve(request, std::move(responder));
  if (!is_read) {
    audit(options_.log, {request.method, observe::sanitize(path, header_bytes_shown), request.remote_address},
          &allowed.error());
  }
  refuse(*responder, allowed.error());
}

Status AdminApi::check(const http::HttpRequest& request, bool is_read) const {
  TROUPE_CHECK(check_host(request, options_));
  if (!is_read || !options_.is_loopback) TROUPE_CHECK(check_key(request, options_));
  if (request.body.size() > admin_body_bytes_max.value) {
    return fail(Errc::too_large, "the body has {} bytes; at most {} are taken", request.body.size(),
                admin_body_bytes_max.value);
  }
  return {};
}

void AdminApi::get(const char* path, View view) {
  routes_.add("GET", path,
              [this, view](const auto&, const auto&, const ResponderRef& responder) { read(view, {}, responder); });
}

void AdminApi::get_one(const char* path, View view, std::function<Result<json>(const json&, const std::string&)> pick) {
  routes_.add("GET", path,
              [this, view, pick = std::move(pick)](const auto&, const auto& names, const ResponderRef& responder) {
                read(
                    view, [pick, name = names[0]](const json& rows) { return pick(rows, name); }, responder);
              });
}

void AdminApi::add_reads() {
  routes_.add("GET", "/healthz", [](const auto&, const auto&, const ResponderRef& responder) {
    answer(*responder, 200, R"({"status":"ok"})");
  });
  get("/api/v1/status", View::status);
  get("/api/v1/nodes", View::nodes);
  get("/api/v1/actors", View::actors);
  get("/api/v1/models", View::models);
  get("/api/v1/deployments", View::deployments);
  get_one("/api/v1/nodes/{name}", View::nodes,
          [](const json& rows, const std::string& name) { return one_of(rows, "node", name); });
  get_one("/api/v1/deployments/{name}", View::deployments,
          [](const json& rows, const std::string& name) { return one_of(rows, "deployment", name); });
  get_one("/api/v1/models/{model}", View::models, model_of);
  get("/api/v1/keys", View::keys);
}

void AdminApi::add_writes() {
  routes_.add("POST", "/api/v1/apply", [this](const auto& request, const auto&, const ResponderRef& responder) {
    std::string file = observe::sanitize(request.headers.find("x-file-name").value_or("request"), header_bytes_shown);
    if (file.empty()) file = "request";
    const std::string base(request.headers.find("x-base-dir").value_or(""));
    write(ApplyText{request.body, file, base}, {"apply", file, request.remote_address}, 200, responder);
  });
  routes_.add("POST", "/api/v1/models", [this](const auto& request, const auto&, const ResponderRef& responder) {
    auto model = parse_add_model(request.body);
    if (!model) return refuse_write({"add model", "", request.remote_address}, model.error(), responder);
    std::string subject = model->name + "@" + model->version;
    write(std::move(*model), {"add model", std::move(subject), request.remote_address}, 201, responder);
  });
  routes_.add("POST", "/api/v1/backups", [this](const auto& request, const auto&, const ResponderRef& responder) {
    auto backup = parse_create_backup(request.body);
    if (!backup) return refuse(*responder, backup.error());
    std::string subject = observe::sanitize(backup->directory, header_bytes_shown);
    write(std::move(*backup), {"create backup", std::move(subject), request.remote_address}, 201, responder);
  });
  routes_.add("DELETE", "/api/v1/models/{model}",
              [this](const auto& request, const auto& names, const ResponderRef& responder) {
                auto model = parse_delete_model(names[0]);
                if (!model)
                  return refuse_write(
                      {"delete model", observe::sanitize(names[0], header_bytes_shown), request.remote_address},
                      model.error(), responder);
                write(std::move(*model), {"delete model", names[0], request.remote_address}, 200, responder);
              });
  routes_.add("POST", "/api/v1/keys", [this](const auto& request, const auto&, const ResponderRef& responder) {
    auto key = parse_create_key(request.body);
    if (!key) return refuse_write({"create key", "", request.remote_address}, key.error(), responder);
    std::string subject = observe::sanitize(key->wish.name, header_bytes_shown);
    write(std::move(*key), {"create key", std::move(subject), request.remote_address}, 201, responder);
  });
  routes_.add("DELETE", "/api/v1/keys/{id}",
              [this](const auto& request, const auto& names, const ResponderRef& responder) {
                write(RevokeKey{names[0]}, {"revoke key", names[0], request.remote_address}, 200, responder);
              });
  routes_.add(
      "DELETE", "/api/v1/deployments/{name}",
      [this](const auto& request, const auto& names, const ResponderRef& responder) {
        write(DeleteDeployment{names[0]}, {"delete deployment", names[0], request.remote_address}, 200, responder);
      });
}

void AdminApi::add_trust() {
  get("/api/v1/tokens", View::tokens);
  get("/api/v1/members", View::members);
  routes_.add("POST", "/api/v1/tokens", [this](const auto& request, const auto&, const ResponderRef& responder) {
    auto token = parse_create_token(request.body);
    if (!token) return refuse(*responder, token.error());
    write(std::move(*token), {"create token", "", request.remote_address}, 201, responder);
  });
  routes_.add("DELETE", "/api/v1/tokens/{id}",
              [this](const auto& request, const auto& names, const ResponderRef& responder) {
                write(RevokeToken{names[0]}, {"revoke token", names[0], request.remote_address}, 200, responder);
              });
  routes_.add("DELETE", "/api/v1/members/{name}",
              [this](const auto& request, const auto& names, const ResponderRef& responder) {
                write(RevokeNode{names[0]}, {"revoke node", names[0], request.remote_address}, 200, responder);
              });
}

void AdminApi::read(View view, Select select, const ResponderRef& responder) const {
  call(GetView{view}, [responder, select = std::move(select)](Result<std::string> result) {
    answer_with(responder, 200, std::move(result), select);
  });
}

void AdminApi::write(decltype(AdminCall::what) what, Write about, int status, const ResponderRef& responder) const {
  call(std::move(what), [responder, status, about = std::move(about), log = options_.log](Result<std::string> result) {
    if (result) storage::crash_point("head.before_answer");
    audit(log, about, result ? nullptr : &result.error());
    answer_with(responder, status, std::move(result));
  });
}

/// One that is malformed is an admin act too.
void AdminApi::refuse_write(const Write& about, const Error& error, const ResponderRef& responder) const {
  audit(options_.log, about, &error);
  refuse(*responder, error);
}

void AdminApi::call(decltype(AdminCall::what) what, Finish finish) const {
  const auto pending = std::make_shared<PendingCall>(std::move(finish));
  const Status sent = head_.send(
      AdminCall{std::move(what), [pending](Result<std::string> result) { pending->end(std::move(result)); }});
  if (!sent) pending->end(fail(Errc::unavailable, "the head cannot take this now: {}", sent.error().message));
}

// ---- The key file
// -----------------------------------------------------------------------------------------------------

constexpr size_t key_digits = 64;

/// Closes its file.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const noexcept { return fd_; }

 private:
  const int fd_;
};

tl::unexpected<Error> file_error(const char* what, const std::filesystem::path& file) {
  return fail(Errc::io_error, "{} the admin key file {}: {}", what, file.string(),
              std::system_category().message(errno));
}

Result<std::string> write_key(const FileDescriptor& fd, const std::filesystem::path& file) {
  std::string key;
  for (size_t i = 0; i < key_digits / 16; ++i) key += fmt::format("{:016x}", secure_random_u64());
  const std::string line = key + '\n';
  if (::write(fd.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()) || ::fsync(fd.get()) != 0) {
    const auto error = file_error("cannot write", file);
    ::unlink(file.c_str());
    return error;
  }
  return key;
}

Result<std::string> read_key(const std::filesystem::path& file) {
  const FileDescriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info {};
  if (fd.get() < 0 || ::fstat(fd.get(), &info) != 0) return file_error("cannot read", file);
  if (!S_ISREG(info.st_mode)) return fail(Errc::failed_precondition, "the admin key file {} is no file", file.string());
  if ((info.st_mode & 077) != 0) {
    return fail(Errc::failed_precondition,
                "others than its owner may use the admin key file {} (mode {:03o}); chmod 600 it", file.string(),
                info.st_mode & 0777);
  }
  std::array<char, key_digits + 1> text{};
  const ssize_t count = ::read(fd.get(), text.data(), text.size());
  if (count < 0) return file_error("cannot read", file);
  const std::string_view key = std::string_view(text.data(), static_cast<size_t>(count)).substr(0, key_digits);
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (info.st_size > static_cast<off_t>(text.size()) || key.size() != key_digits ||
      !std::ranges::all_of(key, is_digit)) {
    return fail(Errc::corrupt_data,
                "the admin key file {} does not hold {} hex digits; delete it to have a new key made", file.string(),
                key_digits);
  }
  return std::string(key);
}

}  // namespace

http::Handler make_admin_api(actor::Ref head, AdminApiOptions options) {
  return [api = std::make_shared<const AdminApi>(std::move(head), std::move(options))](
             const http::HttpRequest& request, ResponderRef responder) { api->handle(request, std::move(responder)); };
}

std::string admin_error_body(int status, std::string_view, std::string_view message) {
  const auto code = [status] {
    switch (status) {
      case 404:
        return Errc::not_found;
      case 408:
        return Errc::deadline_exceeded;
      case 413:
      case 431:
        return Errc::too_large;
      case 503:
        return Errc::unavailable;
      default:
        return status >= 500 ? Errc::internal : Errc::invalid_argument;
    }
  }();
  json about{{"code", to_string(code)}, {"message", message}};
  if (status == 404) about["paths"] = paths;
  return dump({{"error", about}});
}

Result<std::string> load_or_create_admin_key(const std::filesystem::path& file) {
  const FileDescriptor fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (fd.get() >= 0) return write_key(fd, file);
  if (errno != EEXIST) return file_error("cannot make", file);
  return read_key(file);
}

}  // namespace troupe::cluster
