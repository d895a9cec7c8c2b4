#include "cluster/agent/model_source_actor.hpp"

#include <algorithm>

namespace troupe::cluster {
namespace {

constexpr size_t open_max = 8;
constexpr Duration come_back = std::chrono::seconds{1};

protocol::ModelChunk slice_of(const std::string& text, const protocol::ReadModel& wish) {
  const size_t from = std::min<uint64_t>(wish.offset, text.size());
  return {Bytes::copy(std::string_view(text).substr(from, wish.size)), text.size()};
}

}  // namespace

ModelSourceActor::ModelSourceActor(actor::Context& context, ModelSourceOptions options)
    : Actor(context), options_(std::move(options)) {
  serve<protocol::ReadModel>([this](const auto& wish, actor::Reply reply) {
    if (!admit(reply.source()))
      return reply.fail({Errc::overloaded,
                         fmt::format("{} nodes read model files here already", options_.readers_max),
                         {},
                         std::chrono::duration_cast<std::chrono::milliseconds>(come_back)});
    // Nobody waits for it any more.
    if (reply.cancelled()) return;
    auto chunk = read(*wish);
    chunk ? reply.finish(std::move(*chunk)) : reply.fail(chunk.error());
  });
}

bool ModelSourceActor::admit(NodeId reader) {
  const Time now = context().now();
  std::erase_if(readers_, [&](const auto& entry) { return now - entry.second > options_.reader_patience; });
  if (!readers_.contains(reader) && readers_.size() >= options_.readers_max) return false;
  readers_[reader] = now;
  return true;
}

Result<protocol::ModelChunk> ModelSourceActor::read(const protocol::ReadModel& wish) {
  if (wish.size == 0 || wish.size > protocol::model_chunk_bytes_max)
    return fail(Errc::invalid_argument, "a piece of {} bytes; it has 1 to {}", wish.size,
                protocol::model_chunk_bytes_max);
  TROUPE_TRY(Open* const version, open(wish));
  if (wish.file == 0) return slice_of(version->json, wish);
  const size_t index = wish.file - 1;
  if (index >= version->manifest.files.size())
    return fail(Errc::not_found, "{}@{} has {} files, not {}", wish.model, wish.version, version->manifest.files.size(),
                wish.file);
  const storage::ModelFile& file = version->manifest.files[index];
  const auto path = version->folder / file.path;
  if (version->file != index) {
    TROUPE_TRY(version->descriptor, storage::open_regular(path));
    version->file = index;
  }
  const uint64_t left = file.size.value - std::min(wish.offset, file.size.value);
  TROUPE_TRY(std::string bytes, storage::read_at(version->descriptor, wish.offset,
                                                 static_cast<size_t>(std::min<uint64_t>(left, wish.size)), path));
  return protocol::ModelChunk{Bytes::own(std::move(bytes)), file.size.value};
}

Result<ModelSourceActor::Open*> ModelSourceActor::open(const protocol::ReadModel& wish) {
  const auto known = std::ranges::find_if(open_, [&](const Open& version) {
    return version.manifest.name == wish.model && version.manifest.version == wish.version;
  });
  std::error_code ignored;
  if (known != open_.end() && known->digest == wish.digest && std::filesystem::exists(known->folder, ignored)) {
    open_.splice(open_.begin(), open_, known);
    return &open_.front();
  }
  if (known != open_.end()) open_.erase(known);
  Open version;
  TROUPE_TRY(version.manifest, options_.store->find(wish.model, wish.version));
  version.digest = version.manifest.digest();
  if (version.digest != wish.digest)
    return fail(Errc::failed_precondition, "{}@{} has other content here than was asked for", wish.model, wish.version);
  TROUPE_TRY(version.json, storage::to_json(version.manifest));
  TROUPE_TRY(version.folder, options_.store->path_of(wish.model, wish.version));
  open_.push_front(std::move(version));
  if (open_.size() > open_max) open_.pop_back();
  return &open_.front();
}

}  // namespace troupe::cluster
