#pragma once
// ModelIntake: a version on its way into a model store, whose bytes come in order and in pieces: over the bus, or from
// a client's upload. It is verified against its manifest file by file and appears whole or not at all. What has come
// outlives the process and is taken up again, after it has been read and hashed anew.
//
// It lies in ROOT/.incoming/NAME@VERSION/ until it is published. One process and one thread at a time; every function
// blocks on disk. Errors of disks are as file_tree.hpp says: resource_exhausted where one is full.

#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "storage/fetch_plan.hpp"
#include "storage/file_tree.hpp"
#include "storage/model_manifest.hpp"
#include "storage/model_ref.hpp"
#include "storage/sha256.hpp"

namespace troupe::storage {

class ModelIntake {
 public:
  /// Takes up what an earlier intake of the same content left behind; other content under this name is thrown away.
  /// Errors: invalid_argument (name, version or more than the limits of file_tree.hpp), already_exists (it is being
  /// filled by somebody else).
  static Result<ModelIntake> open(const std::filesystem::path& root, ModelManifest manifest);
  ModelIntake(ModelIntake&&) noexcept;
  ModelIntake& operator=(ModelIntake&&) noexcept;
  ~ModelIntake();

  const ModelManifest& manifest() const noexcept { return manifest_; }
  /// The first byte that is missing. At the end: {files.size(), 0}.
  FetchPosition position() const noexcept { return position_; }
  bool is_whole() const noexcept { return position_.file == manifest_.files.size(); }

  /// The next bytes of the file at position(), none past its end. corrupt_data: the file is not what the manifest says;
  /// it is thrown away, and position() is its beginning again.
  Status write(std::string_view bytes);
  /// Makes it a version of the store. Requires is_whole(). already_exists: the store has other content by this name;
  /// where it has the same, this succeeds. Nothing may be done with the intake afterwards.
  Status publish();
  /// Throws away what has come.
  void discard();

 private:
  ModelIntake(std::filesystem::path root, ModelManifest manifest);

  std::filesystem::path path_of(size_t file) const;
  Status begin();
  bool is_of_this_content() const;
  Status take_up();
  Status open_next();
  Status end_file();

  std::filesystem::path root_;
  std::filesystem::path folder_;
  ModelManifest manifest_;
  FileDescriptor lock_;
  FetchPosition position_;
  FileDescriptor file_;             ///< At position_, once something of it is there.
  std::unique_ptr<Sha256> sha256_;  ///< Of what is there.
};

/// What intakes under `root` have left behind, as far as they have come.
struct LeftIntake {
  ModelRef model;
  ByteCount size;
};
std::vector<LeftIntake> left_intakes(const std::filesystem::path& root);
/// Nothing is left of it. Not while it is open.
void remove_intake(const std::filesystem::path& root, const ModelRef& model);

}  // namespace troupe::storage
