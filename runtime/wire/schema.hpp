#pragma once
// How a struct becomes MessagePack: it lists its fields once, and encode/decode follow.
//
//   struct Usage {
//     uint32_t prompt_tokens = 0;
//     uint32_t completion_tokens = 0;
//     static constexpr auto fields() { return std::tuple{&Usage::prompt_tokens, &Usage::completion_tokens}; }
//   };
//
// A struct is an array of its fields in that order. Decoding ignores fields after the known ones and leaves fields that
// the sender did not know at their defaults, so fields may be appended but never moved.
//
//   C++                                      MessagePack
//   bool, integers, enums                    bool, int (out of the C++ type's range is an error)
//   float, double                            float 32, float 64 (any float or int is taken)
//   Id64                                     int
//   std::string                              str (must be UTF-8)
//   Bytes                                    bin; from attachment_bytes_min on ext type 1 holding
//                                            the frame's number (u32, big-endian); any length is
//                                            taken of either
//   Duration                                 int, nanoseconds
//   std::vector<T>, std::map<std::string,T>  array, map
//   std::optional<T>                         nil or T
//   std::variant<A, B, ...>                  [index from 0, value]
//   struct with fields()                     array

#include "runtime/base/result.hpp"
#include "runtime/wire/limits.hpp"
#include "runtime/wire/message.hpp"
#include "runtime/wire/reader.hpp"
#include "runtime/wire/writer.hpp"

namespace troupe::wire {

template <class T>
concept Structured = requires {
  T::fields();
};

/// Encodes `value`; long byte strings become attachments that share their memory (those past Limits::attachments_max
/// are copied into the body).
template <Structured T>
Body encode_body(const T& value);

/// Never allocates more than a small multiple of the frames' size: counts are checked against the bytes that remain.
/// Byte strings share the frames' memory. too_large: over `limits`; corrupt_data: the message names the field, e.g.
/// "field 4.1 of message type 10: expected str, found int". Enumerators that this build does not know are passed on.
template <Structured T>
Result<T> decode_body(const Body& body, const Limits& limits);

}  // namespace troupe::wire

#include "runtime/wire/schema_impl.hpp"
