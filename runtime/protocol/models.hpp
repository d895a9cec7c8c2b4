#pragma once
// How nodes get the files of a model version. Who has them is the head's to say (control lane); the bytes go by the
// bulk lane, piece by piece, each asked for by the one that wants it, so that what is under way is bounded on both
// sides.

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/base/bytes.hpp"
#include "runtime/protocol/cluster.hpp"
#include "runtime/protocol/message_type.hpp"

namespace troupe::protocol {

/// Of ReadModel; more is refused.
inline constexpr uint32_t model_chunk_bytes_max = 4 << 20;

/// Node -> head, answered by ModelSources: who has the files of this version.
struct FindModel {
  static constexpr auto message_type = MessageType::find_model;

  std::string model;
  std::string version;

  bool operator==(const FindModel&) const = default;
  static constexpr auto fields() { return std::tuple{&FindModel::model, &FindModel::version}; }
};

struct ModelSources {
  static constexpr auto message_type = MessageType::model_sources;

  std::string digest;               ///< ModelManifest::digest() of what they should have.
  std::vector<RoutedNode> sources;  ///< In the order in which they should be asked; the head's own node among them.

  bool operator==(const ModelSources&) const = default;
  static constexpr auto fields() { return std::tuple{&ModelSources::digest, &ModelSources::sources}; }
};

/// Node -> node, answered by ModelChunk.
struct ReadModel {
  static constexpr auto message_type = MessageType::read_model;

  std::string model;
  std::string version;
  std::string digest;  ///< A node that has other content by this name refuses.
  uint32_t file = 0;   ///< 0 = the manifest; n = its n-th file, counted from 1.
  uint64_t offset = 0;
  uint32_t size = 0;  ///< 1 to model_chunk_bytes_max; at the end of the file less may come.

  bool operator==(const ReadModel&) const = default;
  static constexpr auto fields() {
    using R = ReadModel;
    return std::tuple{&R::model, &R::version, &R::digest, &R::file, &R::offset, &R::size};
  }
};

struct ModelChunk {
  static constexpr auto message_type = MessageType::model_chunk;

  Bytes data;
  uint64_t file_bytes = 0;  ///< Of the whole file.

  bool operator==(const ModelChunk&) const = default;
  static constexpr auto fields() { return std::tuple{&ModelChunk::data, &ModelChunk::file_bytes}; }
};

}  // namespace troupe::protocol
