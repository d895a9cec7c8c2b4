#pragma once
// HttpSink: a ResponseSink that writes to an HTTP client, and what all such have in common. Only for .cpp files.

#include <functional>
#include <memory>
#include <string>

#include "actors/gateway/http/answers.hpp"
#include "actors/gateway/stream_pace.hpp"

namespace troupe::gateway {

/// What goes with every answer of a model.
http::HeaderList answer_headers(const AnswerContext& context, const protocol::ResultPart& part);
/// `body` as JSON, under the error's status and with its headers.
void answer_error(const AnswerContext& context, const Error& error, std::string body);
/// The model answered with something else than `wanted`.
Error wrong_kind(std::string_view wanted);

/// What all answers as server-sent events have in common.
struct StreamedAnswer {
  static constexpr bool is_stream = true;
  AnswerContext context;
  bool has_begun = false;              ///< The status is out.
  std::function<void(uint64_t)> more;  ///< Asks for more of the stream; empty where it is not paced.
  StreamPace pace;

  /// Sends what `part` brings as `events`, and asks for more once enough of it has been read.
  void send(const protocol::ResultPart& part, std::string events, bool last);
  /// Of a stream that has begun.
  void end_with(std::string event) const;
};

/// `Answer` has `context`, part() and error(), and `is_stream`; where that is so also `more`, which asks for more of
/// the stream. Its translation happens on the connection's thread, not on the balancer's.
template <class Answer>
class HttpSink final : public balancer::ResponseSink {
 public:
  explicit HttpSink(Answer answer) : answer_(std::make_shared<Answer>(std::move(answer))) {}

  void on_part(std::shared_ptr<const protocol::ResultPart> part, bool last) override {
    answer_->context.responder->post([answer = answer_, part = std::move(part), last] { answer->part(*part, last); });
  }
  void on_error(const Error& error) override {
    answer_->context.responder->post([answer = answer_, error] { answer->error(error); });
  }
  std::optional<uint64_t> window() const override {
    return Answer::is_stream ? std::optional(protocol::stream_window) : std::nullopt;
  }
  void on_begin(std::function<void(uint64_t)> more) override {
    if constexpr (Answer::is_stream)
      answer_->context.responder->post([answer = answer_, more = std::move(more)] { answer->more = more; });
  }

 private:
  const std::shared_ptr<Answer> answer_;
};

}  // namespace troupe::gateway
