// docs/configuration.md shows each kind of document as the schemas say it.

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <sstream>

#include "cluster/spec/documents.hpp"
#include "cluster/spec/experiment_document.hpp"
#include "runtime/config/bind.hpp"

using namespace troupe;

namespace {

std::string page() {
  std::ifstream file(TROUPE_SOURCE_DIR "/docs/configuration.md");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

template <class Document>
void check_page(const std::string& kind) {
  const std::string wanted = "```yaml\nkind: " + kind + "\n" + config::reference_text<Document>() + "```\n";
  BOOST_TEST(page().find(wanted) != std::string::npos, "docs/configuration.md should have:\n" << wanted);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(configuration_page)

BOOST_AUTO_TEST_CASE(each_kind_is_shown_as_it_is_read) {
  check_page<cluster::ModelDocument>("Model");
  check_page<cluster::DeploymentDocument>("Deployment");
  check_page<experiment::Definition>("Experiment");
}

BOOST_AUTO_TEST_SUITE_END()
