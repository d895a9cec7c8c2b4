#pragma once
// What `troupe deploy my_module:Class` stores as a model version: the module and its requirements, gathered from a
// folder of the user's.

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/result.hpp"

namespace troupe::cli {

/// Deletes the folder it made.
class TemporaryFolder {
 public:
  static Result<TemporaryFolder> make();
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder();

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
};

/// "my_module:TextScorer" -> "text-scorer": what a model is called where nobody says it.
std::string model_name_of(const std::string& entry);

struct PythonSource {
  std::string entry;                         ///< "my_module:Class"; checked.
  std::filesystem::path folder;              ///< Where the module lies.
  std::filesystem::path requirements;        ///< Empty: requirements.txt in `folder`, if there is one.
  std::vector<std::filesystem::path> files;  ///< Others that the model wants in its folder: files and folders.
};

/// Copies a module's file or its package's folder, the requirements as requirements.txt, and the files into `target`.
/// Hidden files and what Python compiled stay behind. Errors: not_found and already_exists name what is missing or
/// would be there twice, invalid_argument an entry that is none.
Status gather(const PythonSource& source, const std::filesystem::path& target);

}  // namespace troupe::cli
