#pragma once
// InferAnswer: makes the messages of a request's answer of the parts that a model gives. Pure.

#include <optional>
#include <string>

#include "actors/gateway/grpc/infer_message.hpp"

namespace troupe::gateway {

class InferAnswer {
 public:
  enum class Kind : uint8_t {
    tensors,     ///< A message a part.
    whole_text,  ///< One message, however many parts there are.
    text,        ///< A message a part.
  };

  InferAnswer(Kind kind, std::string model, std::string id)
      : kind_(kind), model_(std::move(model)), id_(std::move(id)) {}

  /// The next message; none: it waits for further parts. failed_precondition where the part is of another kind.
  /// `in_stream`: the message says whether it is the last of its request.
  Result<std::optional<ProtoPieces>> add(const protocol::ResultPart& part, bool last, bool in_stream);

  const std::string& model() const noexcept { return model_; }
  const std::string& id() const noexcept { return id_; }

 private:
  const Kind kind_;
  const std::string model_;
  const std::string id_;
  std::string text_;
};

/// The kind of answer to a request that was read.
InferAnswer::Kind answer_kind(const protocol::Work& work);

}  // namespace troupe::gateway
