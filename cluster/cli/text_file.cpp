#include "cluster/cli/text_file.hpp"

#include <fstream>
#include <iostream>
#include <iterator>

namespace troupe::cli {

Result<std::string> read_text(const std::string& file) {
  if (file == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::ifstream in(file);
  if (!in) return fail(Errc::invalid_argument, "cannot read {}", file);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

std::string name_of_text(const std::string& file) {
  return file == "-" ? "stdin" : file;
}

}  // namespace troupe::cli
