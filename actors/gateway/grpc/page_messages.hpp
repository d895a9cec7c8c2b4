#pragma once
// The messages about the server and its models: the pages that HTTP shows, as protobuf. Pure; no gRPC.

#include <string>
#include <string_view>

#include "actors/gateway/grpc/protobuf.hpp"
#include "actors/gateway/http/model_pages.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gateway {

/// ModelReadyRequest, ModelMetadataRequest, ModelConfigRequest, ModelStatisticsRequest: all ask for a model in these
/// words.
struct ModelQuestion {
  std::string name;     ///< Empty: all, where that may be asked.
  std::string version;  ///< Empty: any.
};
/// `message` names it in errors.
Result<ModelQuestion> read_model_question(std::string_view message, std::string_view bytes);

/// A `repository_name`, which must be empty.
Status check_repository_name(const ProtoField& field);

/// RepositoryIndexRequest: whether only models that can answer are asked for.
Result<bool> read_index_question(std::string_view bytes);

/// Which of its messages a page becomes.
enum class PageKind : uint8_t { server, model, config, statistics, index };

/// The message for a page of that kind; its failure where the page is one.
Result<std::string> write_page(PageKind kind, const Page& page);

}  // namespace troupe::gateway
