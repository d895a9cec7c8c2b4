#include "actors/gateway/grpc/infer_calls.hpp"

#include <map>
#include <mutex>

#include "actors/gateway/grpc/infer_answer.hpp"
#include "actors/gateway/grpc/text_tensors.hpp"
#include "actors/gateway/http/http_sink.hpp"
#include "actors/gateway/router.hpp"
#include "actors/gateway/stream_pace.hpp"

namespace troupe::gateway {
namespace {

/// What a message asks, ready to be handed on.
struct Asked {
  protocol::ServeRequest serve;
  std::string id;
  std::optional<std::chrono::microseconds> timeout;
};

Result<Asked> read_request(const FrontEnd& front_end, const Bytes& message, bool is_stream) {
  TROUPE_TRY(InferMessage read, read_infer_message(message));
  TROUPE_TRY(const ModelName name, parse_model_name(read.model));
  if (!name.version.empty() && !read.version.empty())
    return fail_field("model_version", "the request names two versions, {} and {}", name.version, read.version);
  Asked asked;
  asked.serve.model = name.model;
  asked.serve.version = name.version.empty() ? read.version : name.version;
  asked.timeout = read.timeout;
  const auto table = front_end.routing->table();
  const protocol::RoutedModel* const model = table ? table->find(asked.serve.model) : nullptr;
  if (asks_for_text(read.infer, model ? interface_of(*model, asked.serve.version) : nullptr)) {
    JsonParser parser;
    TROUPE_TRY(asked.serve.work, read_text_request(read, is_stream, parser));
  } else {
    asked.serve.work = std::move(read.infer);
  }
  asked.id = std::move(read.id);
  return asked;
}

std::optional<Time> earlier(std::optional<Time> a, std::optional<Time> b) {
  return a && b ? std::min(*a, *b) : a ? a : b;
}

/// Of one request: what the call says, and what its message says.
CallFields fields_of(const CallFields& call, const std::optional<std::chrono::microseconds>& timeout, Time now) {
  CallFields fields = call;
  if (timeout) fields.deadline = earlier(fields.deadline, now + *timeout);
  return fields;
}

/// Answers ModelInfer.
class UnarySink final : public balancer::ResponseSink {
 public:
  UnarySink(std::shared_ptr<RpcCall> call, AnswerContext context, InferAnswer answer)
      : call_(std::move(call)), context_(std::move(context)), answer_(std::move(answer)) {}

  void on_part(std::shared_ptr<const protocol::ResultPart> part, bool last) override {
    auto message = answer_.add(*part, last, false);
    if (message && !*message) return;
    call_->add_metadata(answer_headers(context_, *part));
    if (message) {
      call_->send_last(std::move(**message));
    } else {
      call_->fail(message.error());
    }
  }
  void on_error(const Error& error) override {
    call_->add_metadata({{"x-request-id", context_.request_id}});
    call_->add_metadata(context_.headers);
    call_->fail(error);
  }

 private:
  const std::shared_ptr<RpcCall> call_;
  const AnswerContext context_;
  InferAnswer answer_;
};

class InferCall final : public RpcHandler {
 public:
  InferCall(std::shared_ptr<const FrontEnd> front_end, std::shared_ptr<RpcCall> call, CallIdentity identity)
      : front_end_(std::move(front_end)), call_(std::move(call)) {
    context_.request_id = std::move(identity.request_id);
    context_.clock = front_end_->clock;
    context_.begun = front_end_->clock->now();
    if (!identity.traceresponse.empty())
      context_.headers.emplace_back("traceresponse", std::move(identity.traceresponse));
    call_->read();
  }

  void on_message(Bytes message) override {
    if (std::exchange(has_message_, true)) return;
    if (const Status status = submit_request(message); !status) {
      call_->add_metadata({{"x-request-id", context_.request_id}});
      call_->add_metadata(context_.headers);
      call_->fail(status.error());
    }
  }
  void on_end() override {
    if (!has_message_) call_->fail({Errc::invalid_argument, "the call has no message", {}, {}});
  }
  void on_cancel() override {
    std::optional<balancer::DispatchId> id;
    {
      const std::lock_guard lock(mutex_);
      is_cancelled_ = true;
      id = id_;
    }
    if (id) front_end_->door.withdraw({*id});
  }

 private:
  Status submit_request(const Bytes& message) {
    CallFields said;
    TROUPE_CHECK(read_call_fields(*front_end_, call_->metadata(), said));
    const http::HeaderList quota = quota_fields(*front_end_, said.key);
    context_.headers.insert(context_.headers.end(), quota.begin(), quota.end());
    said.deadline = earlier(said.deadline, call_->deadline());
    TROUPE_TRY(Asked asked, read_request(*front_end_, message, false));
    const auto kind = answer_kind(asked.serve.work);
    auto sink = std::make_shared<UnarySink>(call_, context_, InferAnswer(kind, asked.serve.model, std::move(asked.id)));
    TROUPE_TRY(const balancer::DispatchId id, submit(*front_end_, fields_of(said, asked.timeout, context_.begun),
                                                     context_.request_id, std::move(asked.serve), std::move(sink)));
    bool is_cancelled = false;
    {
      const std::lock_guard lock(mutex_);
      id_ = id;
      is_cancelled = is_cancelled_;
    }
    if (is_cancelled) front_end_->door.withdraw({id});
    return {};
  }

  const std::shared_ptr<const FrontEnd> front_end_;
  const std::shared_ptr<RpcCall> call_;
  AnswerContext context_;  ///< Of an answer without a responder of its own: the call is that.
  bool has_message_ = false;
  std::mutex mutex_;  ///< Of what follows.
  bool is_cancelled_ = false;
  std::optional<balancer::DispatchId> id_;
};

class InferStream final : public RpcHandler, public std::enable_shared_from_this<InferStream> {
 public:
  InferStream(std::shared_ptr<const FrontEnd> front_end, std::shared_ptr<RpcCall> call, CallIdentity identity)
      : front_end_(std::move(front_end)), call_(std::move(call)), request_id_(std::move(identity.request_id)) {
    http::HeaderList fields{{"x-request-id", request_id_}};
    if (!identity.traceresponse.empty()) fields.emplace_back("traceresponse", std::move(identity.traceresponse));
    call_->add_metadata(fields);
  }

  /// Who may not ask is told at once.
  void begin() {
    const auto status = [this]() -> Status {
      TROUPE_CHECK(read_call_fields(*front_end_, call_->metadata(), said_));
      if (!said_.idempotency_key.empty())
        return fail(Error{
            Errc::unimplemented,
            fmt::format("{} is not supported in a stream, which has many requests: ask ModelInfer", idempotency_field),
            std::string(idempotency_field),
            {}});
      said_.deadline = earlier(said_.deadline, call_->deadline());
      return {};
    }();
    if (!status) return call_->fail(status.error());
    call_->read();
  }

  void on_message(Bytes message) override;
  void on_end() override {
    const std::lock_guard lock(mutex_);
    is_reading_ = false;
    client_is_done_ = true;
    finish_if_done();
  }
  void on_cancel() override;
  void on_stop() override {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    finish_if_done();
  }

  /// `slot`'s request has a message for the client. `on_written` once that has it.
  void send(ProtoPieces message, std::function<void()> on_written) {
    call_->send(std::move(message), [weak = weak_from_this(), on_written = std::move(on_written)] {
      if (on_written) on_written();
      if (const auto stream = weak.lock()) stream->written();
    });
  }
  void fail_request(const InferAnswer& answer, const Error& error) {
    send(write_stream_error({answer.model(), {}, answer.id(), true, {}}, error.message), {});
  }
  void end_request(uint64_t slot) {
    const std::lock_guard lock(mutex_);
    open_.erase(slot);
    read_if_fit();
    finish_if_done();
  }

 private:
  Status submit_request(const Bytes& message, uint64_t slot);
  void written() {
    const std::lock_guard lock(mutex_);
    read_if_fit();
  }
  void read_if_fit();
  void finish_if_done();

  const std::shared_ptr<const FrontEnd> front_end_;
  const std::shared_ptr<RpcCall> call_;
  const std::string request_id_;
  CallFields said_;
  std::mutex mutex_;  ///< Of what follows; held while the call is told, which calls nobody back on this thread.
  std::map<uint64_t, std::optional<balancer::DispatchId>> open_;  ///< By slot; the id once it is known.
  uint64_t requests_ = 0;
  bool is_reading_ = true;
  bool client_is_done_ = false;
  bool is_cancelled_ = false;
  bool is_stopping_ = false;
};

/// Answers one request of a stream.
class StreamSink final : public balancer::ResponseSink {
 public:
  StreamSink(std::shared_ptr<InferStream> stream, uint64_t slot, InferAnswer::Kind kind, InferAnswer answer)
      : stream_(std::move(stream)),
        slot_(slot),
        is_paced_(kind == InferAnswer::Kind::text),
        answer_(std::move(answer)) {}

  void on_part(std::shared_ptr<const protocol::ResultPart> part, bool last) override {
    if (has_ended_) return;
    auto message = answer_.add(*part, last, true);
    if (!message) return on_error(message.error());
    if (*message) stream_->send(write_stream_response(std::move(**message)), last ? nullptr : when_written(*part));
    if (last) end();
  }
  void on_error(const Error& error) override {
    if (has_ended_) return;
    stream_->fail_request(answer_, error);
    end();
  }
  std::optional<uint64_t> window() const override {
    return is_paced_ ? std::optional(protocol::stream_window) : std::nullopt;
  }
  void on_begin(std::function<void(uint64_t)> more) override { more_ = std::move(more); }

 private:
  void end() {
    has_ended_ = true;
    stream_->end_request(slot_);
  }
  /// Asks for more when enough of it has left; empty: not with this part.
  std::function<void()> when_written(const protocol::ResultPart& part) {
    const uint64_t bytes = more_ ? pace_.on_part(part) : 0;
    if (bytes == 0) return {};
    return [more = more_, bytes] { more(bytes); };
  }

  const std::shared_ptr<InferStream> stream_;
  const uint64_t slot_;
  const bool is_paced_;
  InferAnswer answer_;
  std::function<void(uint64_t)> more_;
  StreamPace pace_;
  bool has_ended_ = false;
};

void InferStream::on_message(Bytes message) {
  uint64_t slot = 0;
  {
    const std::lock_guard lock(mutex_);
    if (is_cancelled_) return;
    is_reading_ = false;
    slot = requests_++;
    open_.emplace(slot, std::nullopt);
  }
  if (const Status status = submit_request(message, slot); !status) {
    const InferNames names = peek_names(message);
    fail_request(InferAnswer(InferAnswer::Kind::tensors, names.model, names.id), status.error());
    return end_request(slot);
  }
  const std::lock_guard lock(mutex_);
  read_if_fit();
}

Status InferStream::submit_request(const Bytes& message, uint64_t slot) {
  TROUPE_TRY(Asked asked, read_request(*front_end_, message, true));
  const auto kind = answer_kind(asked.serve.work);
  auto sink = std::make_shared<StreamSink>(shared_from_this(), slot, kind,
                                           InferAnswer(kind, asked.serve.model, std::move(asked.id)));
  const std::string request_id = slot == 0 ? request_id_ : fmt::format("{}-{}", request_id_, slot);
  TROUPE_TRY(const balancer::DispatchId id,
             submit(*front_end_, fields_of(said_, asked.timeout, front_end_->clock->now()), request_id,
                    std::move(asked.serve), std::move(sink)));
  bool is_cancelled = false;
  {
    const std::lock_guard lock(mutex_);
    if (const auto open = open_.find(slot); open != open_.end()) open->second = id;
    is_cancelled = is_cancelled_;
  }
  if (is_cancelled) front_end_->door.withdraw({id});
  return {};
}

void InferStream::on_cancel() {
  std::map<uint64_t, std::optional<balancer::DispatchId>> open;
  {
    const std::lock_guard lock(mutex_);
    is_cancelled_ = true;
    open.swap(open_);
  }
  for (const auto& [slot, id] : open) {
    if (id) front_end_->door.withdraw({*id});
  }
}

void InferStream::read_if_fit() {
  if (is_reading_ || client_is_done_ || is_cancelled_ || is_stopping_) return;
  if (open_.size() >= stream_requests_max || call_->unsent() > stream_unsent_read_max) return;
  is_reading_ = true;
  call_->read();
}

void InferStream::finish_if_done() {
  if (!open_.empty() || is_cancelled_) return;
  if (client_is_done_) {
    call_->finish({});
  } else if (is_stopping_) {
    call_->fail({Errc::unavailable, "this gateway is about to stop; ask another one", {}, std::chrono::seconds{1}});
  }
}

}  // namespace

std::shared_ptr<RpcHandler> make_infer_call(std::shared_ptr<const FrontEnd> front_end, std::shared_ptr<RpcCall> call,
                                            CallIdentity identity) {
  return std::make_shared<InferCall>(std::move(front_end), std::move(call), std::move(identity));
}

std::shared_ptr<RpcHandler> make_infer_stream(std::shared_ptr<const FrontEnd> front_end, std::shared_ptr<RpcCall> call,
                                              CallIdentity identity) {
  auto stream = std::make_shared<InferStream>(std::move(front_end), std::move(call), std::move(identity));
  stream->begin();
  return stream;
}

}  // namespace troupe::gateway
