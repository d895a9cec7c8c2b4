#pragma once
// The values behind test/data/wire/vectors.json, which fixes the bytes on the wire for every implementation.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "runtime/protocol/any_message.hpp"
#include "runtime/wire/message.hpp"

namespace troupe::wire {

void to_json(nlohmann::ordered_json& json, const Envelope& envelope);

}  // namespace troupe::wire

namespace troupe::protocol {

using Json = nlohmann::ordered_json;

/// An envelope and its fields by name.
struct EnvelopeVector {
  std::string name;
  wire::Envelope envelope;
  Json value;
};

/// A message (or an Error, as type `error`), its fields by name, and its encoded body.
struct BodyVector {
  std::string name;
  MessageType type;
  Json value;
  wire::Body body;
};

std::vector<EnvelopeVector> envelope_vectors();
std::vector<BodyVector> body_vectors();

/// The whole file. Besides the good vectors: "tolerated" ones that are decoded to a value but never written, and "bad"
/// ones that must be refused.
Json all_vectors();

}  // namespace troupe::protocol
