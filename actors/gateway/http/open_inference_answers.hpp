#pragma once
// ResponseSinks that write the Open Inference Protocol's answers to an HTTP client.

#include <memory>
#include <string>

#include "actors/gateway/http/answers.hpp"
#include "actors/gateway/http/open_inference.hpp"

namespace troupe::gateway {

/// `model` and `id` go back to the client.
std::shared_ptr<balancer::ResponseSink> make_open_inference_sink(AnswerContext context, std::string model,
                                                                 std::string id, BinaryOutputs binary);
/// One object, or server-sent events from the first part on.
std::shared_ptr<balancer::ResponseSink> make_text_inference_sink(AnswerContext context, std::string model,
                                                                 std::string id, bool stream);

}  // namespace troupe::gateway
