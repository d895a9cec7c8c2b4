#include "cluster/cli/python_source.hpp"

#include <cstdlib>

#include "cluster/spec/documents.hpp"

namespace troupe::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* requirements_name = "requirements.txt";

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

bool stays_behind(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with('.') || name == "__pycache__" || path.extension() == ".pyc";
}

Status store_file(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (fs::exists(to, error))
    return fail(Errc::already_exists, "{} would be stored twice: two of the files have its name",
                to.filename().string());
  fs::create_directories(to.parent_path(), error);
  fs::copy_file(from, to, error);
  if (error) return fail(Errc::io_error, "cannot copy {}: {}", from.string(), error.message());
  return {};
}

/// A file, or a folder with all that is in it.
Status copy_all(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (fs::is_regular_file(from, error)) return store_file(from, to);
  if (!fs::is_directory(from, error)) return fail(Errc::not_found, "there is no {}", from.string());
  fs::directory_iterator entries(from, error);
  if (error) return fail(Errc::io_error, "cannot read {}: {}", from.string(), error.message());
  for (const fs::directory_entry& entry : entries)
    if (!stays_behind(entry.path())) TROUPE_CHECK(copy_all(entry.path(), to / entry.path().filename()));
  return {};
}

Status copy_module(const PythonSource& source, const fs::path& target) {
  const std::string module = source.entry.substr(0, source.entry.find(':'));
  const std::string top = module.substr(0, module.find('.'));
  const fs::path file = source.folder / (top + ".py");
  const fs::path package = source.folder / top;
  std::error_code ignored;
  if (fs::is_directory(package, ignored)) return copy_all(package, target / top);
  if (module == top && fs::is_regular_file(file, ignored)) return store_file(file, target / file.filename());
  return fail(Errc::not_found, "{} is not here: there is neither {} nor a package {}", module, file.string(),
              package.string());
}

}  // namespace

Result<TemporaryFolder> TemporaryFolder::make() {
  std::error_code error;
  std::string name = (fs::temp_directory_path(error) / "troupe-deploy-XXXXXX").string();
  if (error || ::mkdtemp(name.data()) == nullptr)
    return fail(Errc::io_error, "cannot make a temporary folder {}", name);
  return TemporaryFolder(fs::path(name));
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

std::string model_name_of(const std::string& entry) {
  const std::string dotted = entry.substr(entry.find(':') + 1);
  const std::string last = dotted.substr(dotted.rfind('.') + 1);
  std::string name;
  for (size_t i = 0; i < last.size(); ++i) {
    const char c = last[i];
    if (is_upper(c) && !name.empty() && !is_upper(last[i - 1]) && last[i - 1] != '_') name += '-';
    name += is_upper(c) ? static_cast<char>(c | 0x20) : c;
  }
  name.erase(0, name.find_first_not_of('_'));
  return name;
}

Status gather(const PythonSource& source, const fs::path& target) {
  if (!cluster::is_python_entry(source.entry))
    return fail(Errc::invalid_argument, "'{}' names no Python model; write MODULE:CLASS, such as my_module:Scale",
                source.entry);
  TROUPE_CHECK(copy_module(source, target));
  for (const fs::path& file : source.files)
    TROUPE_CHECK(copy_all(file, target / (file.has_filename() ? file : file.parent_path()).filename()));
  std::error_code ignored;
  if (!source.requirements.empty()) return store_file(source.requirements, target / requirements_name);
  const fs::path beside = source.folder / requirements_name;
  if (fs::is_regular_file(beside, ignored) && !fs::exists(target / requirements_name, ignored))
    return store_file(beside, target / requirements_name);
  return {};
}

}  // namespace troupe::cli
