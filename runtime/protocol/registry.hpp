#pragma once
// Encoding and decoding of any bus message by its numeric type.

#include "runtime/base/error.hpp"
#include "runtime/protocol/any_message.hpp"
#include "runtime/wire/message.hpp"

namespace troupe::protocol {

/// The body of `message`. Requires message.type() != none.
wire::Body encode(const AnyMessage& message);

/// invalid_argument for a type this build does not know; corrupt_data, naming the field, for a body that is not of it.
Result<AnyMessage> decode(MessageType type, const wire::Body& body, const wire::Limits& limits);

/// The body of kind `error`.
wire::Body encode_error(const Error& error);
Result<Error> decode_error(const wire::Body& body, const wire::Limits& limits);

}  // namespace troupe::protocol
