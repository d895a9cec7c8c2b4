#pragma once
// Message: an envelope with its encoded body and raw frames; what a Transport carries.

#include <string>
#include <vector>

#include "runtime/base/bytes.hpp"
#include "runtime/wire/envelope.hpp"

namespace troupe::wire {

/// An encoded body: MessagePack, and the byte strings it refers to by number.
struct Body {
  Bytes data;
  std::vector<Bytes> attachments;

  size_t size() const noexcept {
    size_t total = data.size();
    for (const Bytes& attachment : attachments) total += attachment.size();
    return total;
  }
};

struct Message {
  Envelope envelope;
  Body body;
};

}  // namespace troupe::wire
