#include "actors/gateway/grpc/grpc_call.hpp"

#include <grpc/support/time.h>

#include <algorithm>

#include "runtime/http/content_coding.hpp"

namespace troupe::gateway {
namespace {

/// Longer pieces of an answer are not copied.
constexpr size_t shared_bytes_min = 1024;

grpc::Slice to_slice(const Bytes& piece) {
  if (piece.size() < shared_bytes_min) return {piece.data(), piece.size()};
  // gRPC wants memory it may write to, and does not.
  auto* owner = new Bytes(piece);
  return {const_cast<std::byte*>(owner->data()), owner->size(), [](void* held) { delete static_cast<Bytes*>(held); },
          owner};
}

grpc::ByteBuffer to_buffer(const ProtoPieces& message) {
  std::vector<grpc::Slice> slices;
  slices.reserve(message.pieces.size());
  for (const Bytes& piece : message.pieces) slices.push_back(to_slice(piece));
  return {slices.data(), slices.size()};
}

/// gRPC aborts on others.
bool is_fit(const std::string& value) {
  return std::ranges::all_of(value, [](char character) { return character >= ' ' && character <= '~'; });
}

/// gRPC takes compressed messages apart without a bound, so that is done here. It does not say which are compressed,
/// but no message of ours begins like gzip (an impossible tag), or like zlib (a field 15).
http::Coding coding_of(std::string_view message) {
  if (message.starts_with("\x1f\x8b")) return http::Coding::gzip;
  if (message.starts_with('\x78')) return http::Coding::deflate;
  return http::Coding::identity;
}

/// None: there is no deadline, or one that is too far away to matter (and perhaps to be counted).
std::optional<Duration> time_left(gpr_timespec deadline) {
  constexpr std::chrono::hours left_max{24};
  const gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
  const std::chrono::seconds seconds(left.tv_sec);
  if (seconds >= left_max) return std::nullopt;
  return std::max<Duration>(Duration{0}, seconds + std::chrono::nanoseconds(left.tv_nsec));
}

std::string joined(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!buffer.Dump(&slices).ok()) return text;
  text.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return text;
}

/// A request's message, counted for as long as anybody holds a part of it.
struct Counted {
  Counted(std::shared_ptr<GrpcCalls> door, std::string text) : calls(std::move(door)), message(std::move(text)) {}
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { calls->requests.give_back(message.size()); }

  const std::shared_ptr<GrpcCalls> calls;
  const std::string message;
};

}  // namespace

GrpcCalls::GrpcCalls(GrpcFrontEndOptions given, FrontEnd front_end)
    : options(std::move(given)),
      clock(*front_end.clock),
      methods(std::move(front_end)),
      requests(options.requests_bytes_max.value),
      answers(options.answers_bytes_max.value) {}

std::vector<std::shared_ptr<GrpcCall>> GrpcCalls::open() const {
  std::vector<std::shared_ptr<GrpcCall>> open;
  const std::lock_guard lock(mutex_);
  open.reserve(calls_.size());
  for (const auto& [call, weak] : calls_) {
    if (auto held = weak.lock()) open.push_back(std::move(held));
  }
  return open;
}

Status GrpcCalls::enter(const std::shared_ptr<GrpcCall>& call) {
  constexpr std::chrono::milliseconds come_back{1000};
  size_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    calls_.emplace(call.get(), call);
    count = calls_.size();
  }
  if (is_closed_.load())
    return fail(Error{Errc::unavailable, "this gateway is about to stop; ask another one", {}, come_back});
  if (count <= options.calls_max) return {};
  cut("calls");
  return fail(Error{Errc::overloaded,
                    fmt::format("{} calls are open at this gateway, as many as may be", options.calls_max),
                    {},
                    come_back});
}

void GrpcCalls::leave(GrpcCall* call) {
  const std::lock_guard lock(mutex_);
  calls_.erase(call);
}

grpc::ServerGenericBidiReactor* GrpcCall::open(std::shared_ptr<GrpcCalls> calls,
                                               grpc::GenericCallbackServerContext* context) {
  auto call = std::make_shared<GrpcCall>(calls, context);
  call->self_ = call;
  if (const Status status = calls->enter(call); !status) {
    call->fail(status.error());
  } else {
    auto handler = calls->methods.open(context->method(), call);
    const std::lock_guard lock(call->mutex_);
    call->handler_ = std::move(handler);
  }
  call->handover_.make();
  return call.get();
}

GrpcCall::GrpcCall(std::shared_ptr<GrpcCalls> calls, grpc::GenericCallbackServerContext* context)
    : calls_(std::move(calls)), context_(context), begun_(calls_->clock.now()) {
  for (const auto& [name, value] : context_->client_metadata())
    metadata_.add({name.data(), name.size()}, {value.data(), value.size()});
  if (const auto left = time_left(context_->raw_deadline())) deadline_ = begun_ + *left;
}

size_t GrpcCall::unsent() const {
  const std::lock_guard lock(mutex_);
  return unsent_;
}

std::shared_ptr<RpcHandler> GrpcCall::handler() const {
  const std::lock_guard lock(mutex_);
  return handler_;
}

void GrpcCall::read() {
  const std::lock_guard lock(mutex_);
  if (!is_finished_) StartRead(&incoming_);
}

Result<Bytes> GrpcCall::take_message() {
  std::string text = joined(incoming_);
  incoming_.Clear();
  const http::Coding coding = coding_of(text);
  if (coding != http::Coding::identity) {
    TROUPE_TRY(text, http::decode(coding, text, calls_->options.message_bytes_max.value));
  }
  if (!calls_->requests.take(text.size())) {
    calls_->cut("requests_full");
    return troupe::fail(Error{Errc::overloaded,
                              "the requests that are being answered here take as many bytes as they may",
                              {},
                              std::chrono::milliseconds{1000}});
  }
  const auto counted = std::make_shared<const Counted>(calls_, std::move(text));
  return Bytes::share(counted, std::as_bytes(std::span(counted->message)));
}

void GrpcCall::OnReadDone(bool ok) {
  handover_.take();
  {
    const std::lock_guard lock(mutex_);
    has_message_ = true;
    if (is_over()) return;
  }
  const std::shared_ptr<RpcHandler> handler = this->handler();
  if (!ok) return handler->on_end();
  try {
    auto message = take_message();
    if (message) return handler->on_message(std::move(*message));
    if (message.error().code == Errc::invalid_argument) calls_->cut("message_malformed");
    fail(message.error());
  } catch (const std::exception& exception) {
    fail({Errc::internal, fmt::format("the request could not be handled: {}", exception.what()), {}, {}});
  }
}

void GrpcCall::add_metadata(const http::HeaderList& fields) {
  const std::lock_guard lock(mutex_);
  if (!has_begun_) fields_.insert(fields_.end(), fields.begin(), fields.end());
}

void GrpcCall::send(ProtoPieces message, std::function<void()> on_written) {
  const std::lock_guard lock(mutex_);
  if (is_over()) return;
  push(std::move(message), std::move(on_written));
  pump();
}

void GrpcCall::send_last(ProtoPieces message) {
  const std::lock_guard lock(mutex_);
  if (is_over()) return;
  push(std::move(message), {});
  if (!end_) end({});
}

void GrpcCall::finish(GrpcStatus status) {
  const std::lock_guard lock(mutex_);
  if (!is_over()) end(std::move(status));
}

/// A client that has taken everything may always be sent one message.
void GrpcCall::push(ProtoPieces message, std::function<void()> on_written) {
  const size_t bytes = message.size();
  const bool is_first = queue_.empty();
  if (!is_first && unsent_ + bytes > calls_->options.call_buffer_bytes_max.value)
    return cut("reader_behind", "this client does not read its answers; the call is cut off");
  if (is_first) {
    calls_->answers.take_anyway(bytes);
  } else if (!calls_->answers.take(bytes)) {
    return cut("answers_full", "answers wait for clients in as many bytes as they may; the call is cut off");
  }
  unsent_ += bytes;
  queue_.push_back({to_buffer(message), bytes, std::move(on_written)});
}

void GrpcCall::end(GrpcStatus status) {
  end_ = std::move(status);
  pump();
}

void GrpcCall::pump() {
  if (is_writing_ || is_finished_) return;
  if (queue_.empty()) {
    if (!end_) return;
    apply_metadata();
    is_finished_ = true;
    return Finish(apply_end());
  }
  apply_metadata();
  is_writing_ = true;
  write_begun_ = calls_->clock.now();
  if (!end_ || queue_.size() > 1) return StartWrite(&queue_.front().buffer);
  is_finished_ = true;
  StartWriteAndFinish(&queue_.front().buffer, grpc::WriteOptions(), apply_end());
}

void GrpcCall::apply_metadata() {
  if (std::exchange(has_begun_, true)) return;
  for (const auto& [name, value] : fields_) {
    if (is_fit(value)) context_->AddInitialMetadata(name, value);
  }
}

grpc::Status GrpcCall::apply_end() {
  for (const auto& [name, value] : end_->trailers) {
    if (is_fit(value)) context_->AddTrailingMetadata(name, value);
  }
  return {static_cast<grpc::StatusCode>(end_->code), end_->message};
}

/// The client does not read, so it can't be told otherwise than by a reset.
void GrpcCall::cut(std::string_view reason, std::string_view why) {
  calls_->cut(reason);
  drop_waiting();
  if (!end_) end({GrpcCode::resource_exhausted, std::string(why), {}});
  context_->TryCancel();
}

void GrpcCall::drop_waiting() {
  while (queue_.size() > (is_writing_ ? 1 : 0)) {
    calls_->answers.give_back(queue_.back().bytes);
    unsent_ -= queue_.back().bytes;
    queue_.pop_back();
  }
}

void GrpcCall::drop_front() {
  calls_->answers.give_back(queue_.front().bytes);
  unsent_ -= queue_.front().bytes;
  queue_.pop_front();
}

void GrpcCall::OnWriteDone(bool ok) {
  handover_.take();
  std::function<void()> on_written;
  {
    const std::lock_guard lock(mutex_);
    is_writing_ = false;
    on_written = std::move(queue_.front().on_written);
    drop_front();
    if (!ok) drop_waiting();
    pump();
  }
  if (ok && on_written) on_written();
}

void GrpcCall::OnCancel() {
  handover_.take();
  {
    const std::lock_guard lock(mutex_);
    drop_waiting();
    if (!is_over()) end({GrpcCode::cancelled, "the call was cancelled, or its deadline has passed", {}});
  }
  if (const auto handler = this->handler()) handler->on_cancel();
}

void GrpcCall::OnDone() {
  handover_.take();
  calls_->leave(this);
  const std::shared_ptr<GrpcCall> self = std::move(self_);
  std::shared_ptr<RpcHandler> handler;  // Goes without the lock: it may be the last that holds others.
  const std::lock_guard lock(mutex_);
  handler = std::move(handler_);
  is_writing_ = false;
  drop_waiting();
  incoming_.Clear();
}

void GrpcCall::tick() {
  const Time now = calls_->clock.now();
  const GrpcFrontEndOptions& options = calls_->options;
  {
    const std::lock_guard lock(mutex_);
    if (is_writing_) {
      const auto at_least = std::chrono::seconds(queue_.front().bytes / options.read_rate_min.value);
      if (now - write_begun_ > options.write_timeout + at_least) {
        write_begun_ = Time::max();  // Once.
        return cut("reader_slow", "this client takes its answer too slowly; the call is cut off");
      }
    }
    if (!has_message_ && !is_over() && now - begun_ > options.message_timeout) {
      calls_->cut("message_slow");
      end({GrpcCode::deadline_exceeded,
           fmt::format("no message came within {}", format_duration(options.message_timeout)),
           {}});
    }
  }
  if (const auto handler = this->handler()) handler->on_tick();
}

void GrpcCall::stop() {
  if (const auto handler = this->handler()) handler->on_stop();
}

}  // namespace troupe::gateway
