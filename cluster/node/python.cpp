#include "cluster/node/python.hpp"

#include <cstdlib>

namespace troupe::cluster {

namespace fs = std::filesystem;

fs::path find_python_package() {
  if (const char* said = std::getenv("TROUPE_PYTHON_PACKAGE"); said != nullptr && *said != '\0') return said;
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored);
  for (const fs::path& folder : {program.parent_path().parent_path() / "share/troupe/python",
                                 fs::path(TROUPE_SOURCE_DIR) / "runtime/client/python/src"})
    if (fs::exists(folder / "troupe/worker/__main__.py", ignored)) return folder;
  return {};
}

worker::PythonOptions python_options(const NodeOptions& options) {
  worker::PythonOptions python;
  python.package = find_python_package();
  python.environments = options.data_dir / "venvs";
  python.log_folder = options.data_dir / replica_log_folder_name;
  if (const char* said = std::getenv("TROUPE_PYTHON"); said != nullptr && *said != '\0') python.python = said;
  return python;
}

}  // namespace troupe::cluster
