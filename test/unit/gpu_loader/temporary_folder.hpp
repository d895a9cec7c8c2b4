#pragma once
// A folder that a test may fill, removed with all its files at the end.

#include <stdlib.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace troupe::test {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "troupe-loader-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  std::filesystem::path write(std::string_view name, std::string_view content) const {
    std::ofstream file(path_ / name, std::ios::binary);
    file << content;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

/// True if it does; otherwise says what was there.
inline bool contains(std::string_view text, std::string_view part) {
  if (text.find(part) != std::string_view::npos) return true;
  BOOST_TEST_MESSAGE("\"" << text << "\" does not contain \"" << part << "\"");
  return false;
}

}  // namespace troupe::test
