#include "runtime/client/cpp/client.hpp"

#include "runtime/client/cpp/answers.hpp"
#include "runtime/client/cpp/connection.hpp"

namespace troupe::client {
namespace {

/// Gathers an answer and fulfils its promise once.
template <class Answer>
std::future<Result<Answer>> one_shot(Client& client, protocol::ServeRequest request, CallOptions options) {
  struct State {
    Answer answer;
    std::promise<Result<Answer>> promise;
    bool is_set = false;

    void set(Result<Answer> result) {
      if (!std::exchange(is_set, true)) promise.set_value(std::move(result));
    }
  };
  auto state = std::make_shared<State>();
  auto future = state->promise.get_future();
  client.call(std::move(request), std::move(options), [state](Result<protocol::ResultPart> part, bool last) {
    if (!part) return state->set(fail(std::move(part.error())));
    if (Status added = internal::add(state->answer, std::move(*part)); !added) {
      return state->set(fail(std::move(added.error())));
    }
    if (last) state->set(std::move(state->answer));
  });
  return future;
}

}  // namespace

Result<std::unique_ptr<Client>> Client::connect(ClientOptions options, Clock& clock) {
  return internal::Connection::make(std::move(options), clock);
}

protocol::ServeRequest make_request(std::string model, protocol::Work work, const CallOptions& options) {
  protocol::ServeRequest request;
  request.model = std::move(model);
  request.version = options.version;
  const size_t at = request.model.find('@');
  if (request.version.empty() && at != std::string::npos) {
    request.version = request.model.substr(at + 1);
    request.model.resize(at);
  }
  request.request_id = options.request_id;
  request.unit = options.unit;
  request.session = options.session;
  request.features = options.features;
  request.work = std::move(work);
  return request;
}

std::future<Status> Client::record(protocol::ReportedOutcome outcome, std::optional<Duration> timeout) {
  return record_many({std::move(outcome)}, timeout);
}

std::future<Status> Client::record_many(std::vector<protocol::ReportedOutcome> outcomes,
                                        std::optional<Duration> timeout) {
  auto promise = std::make_shared<std::promise<Status>>();
  auto future = promise->get_future();
  record(protocol::RecordOutcomes{std::move(outcomes)}, timeout,
         [promise](Status ended) { promise->set_value(std::move(ended)); });
  return future;
}

std::future<Result<Generation>> Client::generate(std::string model, Prompt prompt, protocol::Sampling sampling,
                                                 CallOptions options) {
  protocol::Generate work{.sampling = std::move(sampling)};
  std::visit([&work](auto& one) { work.prompt = std::move(one); }, prompt);
  auto request = make_request(std::move(model), std::move(work), options);
  return one_shot<Generation>(*this, std::move(request), std::move(options));
}

std::future<Result<Generation>> Client::generate(std::string model, std::string prompt, protocol::Sampling sampling,
                                                 CallOptions options) {
  return generate(std::move(model), Prompt{protocol::PlainText{std::move(prompt)}}, std::move(sampling),
                  std::move(options));
}

std::future<Result<Inference>> Client::infer(std::string model, std::vector<protocol::Tensor> inputs,
                                             CallOptions options, std::vector<std::string> outputs) {
  protocol::Infer work{.inputs = std::move(inputs), .outputs = std::move(outputs)};
  auto request = make_request(std::move(model), std::move(work), options);
  return one_shot<Inference>(*this, std::move(request), std::move(options));
}

std::future<Result<Embedding>> Client::embed(std::string model, std::vector<EmbedInput> inputs, CallOptions options,
                                             uint32_t dimensions) {
  protocol::Embed work{std::move(inputs), protocol::EmbedTask::vectors, dimensions};
  auto request = make_request(std::move(model), std::move(work), options);
  return one_shot<Embedding>(*this, std::move(request), std::move(options));
}

std::future<Result<Embedding>> Client::score(std::string model, std::vector<EmbedInput> inputs, CallOptions options) {
  protocol::Embed work{std::move(inputs), protocol::EmbedTask::scores, 0};
  auto request = make_request(std::move(model), std::move(work), options);
  return one_shot<Embedding>(*this, std::move(request), std::move(options));
}

std::future<Result<Tokens>> Client::tokenize(std::string model, Prompt prompt, CallOptions options,
                                             bool add_special_tokens) {
  auto request = make_request(std::move(model), protocol::Tokenize{std::move(prompt), add_special_tokens}, options);
  return one_shot<Tokens>(*this, std::move(request), std::move(options));
}

std::future<Result<Tokens>> Client::detokenize(std::string model, std::vector<int32_t> ids, CallOptions options,
                                               bool special_tokens) {
  return tokenize(std::move(model), protocol::TokenIds{std::move(ids)}, std::move(options), special_tokens);
}

}  // namespace troupe::client
