#include "cluster/cli/experiment_definitions.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cli;

namespace {

const std::string sums = R"(kind: Experiment
name: sums
model: clerk
variants:
  - {name: control, version: 1, weight: 0.5}
  - {name: treatment, version: 2, weight: 0.5}
metrics:
  - {name: correct, role: goal}
  - {name: spent, kind: sum}
)";

std::string with(const std::string& from, const std::string& to) {
  std::string text = sums;
  return text.replace(text.find(from), from.size(), to);
}

std::string refusal(const std::string& text) {
  const auto read = read_definitions(text, "e.yaml");
  return read ? "accepted" : read.error().message;
}

bool says(const std::string& text, const std::string& place, const std::string& words) {
  const std::string said = refusal(text);
  BOOST_TEST_INFO(said);
  return said.starts_with(place) && said.find(words) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(experiment_definitions)

BOOST_AUTO_TEST_CASE(a_file_may_have_several_and_one_is_read_where_one_is_wanted) {
  const std::string both = sums + "---\n" + with("name: sums", "name: other");

  BOOST_TEST(read_definitions(both, "e.yaml")->size() == 2u);
  BOOST_TEST(read_definition(sums, "e.yaml")->name == "sums");
  BOOST_TEST(read_definition(both, "e.yaml").error().message == "e.yaml: there are 2 experiments, and one is wanted");
}

BOOST_AUTO_TEST_CASE(misspelt_words_name_file_line_and_the_right_word) {
  BOOST_TEST(says(with("metrics:", "metric:"), "e.yaml:7", "did you mean metrics?"));
  BOOST_TEST(says(with("kind: sum", "kind: summ"), "e.yaml:9", "did you mean sum?"));
  BOOST_TEST(says(with("role: goal", "rol: goal"), "e.yaml:8", "did you mean role?"));
  BOOST_TEST(says(with("kind: Experiment", "kind: Experimant"), "e.yaml:1", "did you mean Experiment?"));
}

BOOST_AUTO_TEST_CASE(other_kinds_are_refused_by_name) {
  BOOST_TEST(says(sums + "---\nkind: Deployment\nname: clerk-1\nmodel: clerk@1\n", "e.yaml:11",
                  "'Deployment' is not a kind; kinds are: Experiment"));
}

BOOST_AUTO_TEST_CASE(parts_that_do_not_fit_together_are_refused_with_their_line) {
  BOOST_TEST(
      says(with("version: 2, weight: 0.5", "version: 2, weight: 0.4"), "e.yaml:4: variants", "weights must sum to 1"));
  BOOST_TEST(says(with("role: goal", "role: watched"), "e.yaml:7: metrics", "nothing could be decided"));
  BOOST_TEST(says(sums + "---\n" + sums, "e.yaml:11", "two experiments of the name sums"));
  BOOST_TEST(refusal("# nothing\n") == "e.yaml: there is no `kind: Experiment`");
}

BOOST_AUTO_TEST_SUITE_END()
