#include <boost/test/unit_test.hpp>

#include "test/unit/config/sample_options.hpp"

using namespace sample;

namespace {

struct Tree {
  std::string name = "root";
  std::vector<Tree> children;
  bool operator==(const Tree&) const = default;
};
void describe(config::Schema<Tree>& s) {
  s.field("name", &Tree::name, "Name of the branch");
  s.field("children", &Tree::children, "Branches below");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reference)

BOOST_AUTO_TEST_CASE(each_key_has_its_help_its_rules_and_its_default) {
  BOOST_TEST(config::reference_text<Batching>() ==
             "# Requests per batch at most. A whole number from 1 to 4096.\n"
             "max_size: 1\n"
             "# How long the first request may wait for company. A duration from 0s to 10s.\n"
             "max_delay: 0s\n");
}

BOOST_AUTO_TEST_CASE(the_reference_binds_to_the_defaults) {
  const std::string text = config::reference_text<Spec>();

  const auto bound = bind_text<Spec>(text);

  BOOST_REQUIRE_MESSAGE(bound.has_value(), message_of(bound) << "\n" << text);
  BOOST_TEST((*bound == Spec{}), text);
}

BOOST_AUTO_TEST_CASE(lists_of_structures_show_an_item_that_can_be_uncommented) {
  const std::string text = config::reference_text<Spec>();

  BOOST_TEST(text.find("# stages:\n"
                       "#   -\n"
                       "#     # Part of the traffic. A number from 0 to 1.\n"
                       "#     share: 0\n") != std::string::npos,
             text);
}

BOOST_AUTO_TEST_CASE(required_keys_are_marked) {
  BOOST_TEST(config::reference_text<Deployment>().starts_with(
      "# Name of the deployment. Text, 1 to 64 bytes in all. Required.\nname: \"\"\n"));
}

BOOST_AUTO_TEST_CASE(structures_that_hold_themselves_end) {
  const Tree tree{"a", {{"b", {{"c", {}}}}}};

  BOOST_TEST(!config::reference_text<Tree>().empty());
  BOOST_TEST((bind_text<Tree>(config::to_yaml(tree)).value() == tree));
}

BOOST_AUTO_TEST_SUITE_END()
