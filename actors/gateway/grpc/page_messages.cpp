#include "actors/gateway/grpc/page_messages.hpp"

#include "actors/gateway/grpc/json_message.hpp"
#include "actors/gateway/grpc/protobuf.hpp"

namespace troupe::gateway {
namespace {

using Kind = JsonField::Kind;

constexpr size_t name_bytes_max = 512;

constexpr JsonField server_fields[] = {{"name", 1}, {"version", 2}, {"extensions", 3}};

constexpr JsonField tensor_fields[] = {{"name", 1}, {"datatype", 2}, {"shape", 3, Kind::number}};
constexpr JsonField model_fields[] = {{"name", 1},
                                      {"versions", 2},
                                      {"platform", 3},
                                      {"inputs", 4, Kind::message, tensor_fields},
                                      {"outputs", 5, Kind::message, tensor_fields}};

constexpr JsonField specific_fields[] = {{"versions", 1, Kind::number}};
constexpr JsonField policy_fields[] = {{"specific", 3, Kind::message, specific_fields}};
constexpr JsonField input_fields[] = {
    {"name", 1}, {"data_type", 2, Kind::datatype}, {"dims", 4, Kind::number}, {"optional", 8, Kind::truth}};
constexpr JsonField output_fields[] = {{"name", 1}, {"data_type", 2, Kind::datatype}, {"dims", 3, Kind::number}};
constexpr JsonField transaction_fields[] = {{"decoupled", 1, Kind::truth}};
constexpr JsonField config_fields[] = {{"name", 1},
                                       {"platform", 2},
                                       {"version_policy", 3, Kind::message, policy_fields},
                                       {"max_batch_size", 4, Kind::number},
                                       {"input", 5, Kind::message, input_fields},
                                       {"output", 6, Kind::message, output_fields},
                                       {"backend", 17},
                                       {"model_transaction_policy", 19, Kind::message, transaction_fields}};

constexpr JsonField duration_fields[] = {{"count", 1, Kind::number}, {"ns", 2, Kind::number}};
constexpr JsonField stats_fields[] = {{"success", 1, Kind::message, duration_fields},
                                      {"fail", 2, Kind::message, duration_fields}};
constexpr JsonField model_stats_fields[] = {{"name", 1},
                                            {"version", 2},
                                            {"inference_count", 4, Kind::number},
                                            {"inference_stats", 6, Kind::message, stats_fields}};
constexpr JsonField statistics_fields[] = {{"model_stats", 1, Kind::message, model_stats_fields}};

constexpr JsonField index_entry_fields[] = {{"name", 1}, {"version", 2}, {"state", 3}, {"reason", 4}};
constexpr JsonField index_fields[] = {{"models", 1, Kind::message, index_entry_fields}};

std::span<const JsonField> fields_of(PageKind kind) {
  switch (kind) {
    case PageKind::server:
      return server_fields;
    case PageKind::model:
      return model_fields;
    case PageKind::config:
      return config_fields;
    case PageKind::statistics:
      return statistics_fields;
    case PageKind::index:
      return index_fields;
  }
  return {};
}

Errc code_of(int status) {
  switch (status) {
    case 400:
      return Errc::invalid_argument;
    case 404:
      return Errc::not_found;
    case 503:
      return Errc::unavailable;
    default:
      return Errc::internal;
  }
}

}  // namespace

Result<ModelQuestion> read_model_question(std::string_view message, std::string_view bytes) {
  ModelQuestion question;
  TROUPE_CHECK(for_each_proto_field(bytes, [&](const ProtoField& field) -> Status {
    if (field.number == 1) {
      TROUPE_TRY(question.name, proto_text(field, "name", name_bytes_max));
    } else if (field.number == 2) {
      TROUPE_TRY(question.version, proto_text(field, "version", name_bytes_max));
    } else {
      return unknown_proto_field(message, field.number);
    }
    return {};
  }));
  return question;
}

Status check_repository_name(const ProtoField& field) {
  TROUPE_TRY(const std::string name, proto_text(field, "repository_name", name_bytes_max));
  if (name.empty()) return {};
  return fail(Error{Errc::unimplemented,
                    "repository_name is not supported: there is one repository, without a name",
                    "repository_name",
                    {}});
}

Result<bool> read_index_question(std::string_view bytes) {
  bool ready_only = false;
  TROUPE_CHECK(for_each_proto_field(bytes, [&](const ProtoField& field) -> Status {
    if (field.number == 2) {
      TROUPE_TRY(ready_only, proto_bool(field, "ready"));
      return {};
    }
    if (field.number != 1) return unknown_proto_field("RepositoryIndexRequest", field.number);
    return check_repository_name(field);
  }));
  return ready_only;
}

Result<std::string> write_page(PageKind kind, const Page& page) {
  JsonParser parser;
  // The index is a list, which JSON's fields need a name for.
  const std::string body =
      kind == PageKind::index && page.status == 200 ? fmt::format(R"({{"models":{}}})", page.body) : page.body;
  TROUPE_TRY(const json::Object object, json::parse_object(parser, body));
  if (page.status == 200) return write_json_message(object, fields_of(kind));
  std::string_view message = "the model can't be told of now";
  if (std::string_view said; !object.at_key("error").get(said)) message = said;
  return fail(Error{code_of(page.status), std::string(message), "model", {}});
}

}  // namespace troupe::gateway
