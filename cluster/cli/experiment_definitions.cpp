#include "cluster/cli/experiment_definitions.hpp"

#include <set>

#include "cluster/spec/experiment_document.hpp"
#include "runtime/config/bind.hpp"
#include "runtime/config/located.hpp"

namespace troupe::cli {

using experiment::Definition;

Result<std::vector<Definition>> read_definitions(const std::string& text, const std::string& file) {
  TROUPE_TRY(const auto documents, config::parse_documents(text, file));
  std::vector<Definition> definitions;
  std::set<std::string> names;
  for (const config::Document& document : documents) {
    TROUPE_CHECK(config::check_kind(document, {"Experiment"}));
    TROUPE_TRY(Definition definition, config::bind<Definition>(document));
    if (Status fits = check(definition); !fits) return fail(config::located(document, std::move(fits.error())));
    if (!names.insert(definition.name).second)
      return fail(Errc::invalid_argument, "{}:{}: there are two experiments of the name {}", file, document.line,
                  definition.name);
    definitions.push_back(std::move(definition));
  }
  if (definitions.empty()) return fail(Errc::invalid_argument, "{}: there is no `kind: Experiment`", file);
  return definitions;
}

Result<Definition> read_definition(const std::string& text, const std::string& file) {
  TROUPE_TRY(auto definitions, read_definitions(text, file));
  if (definitions.size() == 1) return std::move(definitions[0]);
  return fail(Errc::invalid_argument, "{}: there are {} experiments, and one is wanted", file, definitions.size());
}

}  // namespace troupe::cli
