#include "cluster/spec/experiment_document.hpp"

#include <boost/test/unit_test.hpp>

#include "runtime/config/bind.hpp"
#include "runtime/config/located.hpp"

using namespace troupe;
using namespace troupe::experiment;

namespace {

Result<Definition> parse(const std::string& yaml) {
  return config::bind<Definition>(config::parse_documents(yaml, "e.yaml").value().at(0));
}

constexpr const char* sums = R"(kind: Experiment
name: sums
model: clerk
unit: request
variants:
  - {name: control, version: 1, weight: 0.5}
  - {name: treatment, version: 2, weight: 0.5}
metrics:
  - {name: correct, role: goal}
  - {name: p95, kind: quantile, of: latency_ms, quantile: 0.95, role: guardrail, direction: decrease, margin: 0.2}
window: 10s
targets:
  - {feature: header.x-plan, in: [pro, team]}
rule: {minimum_units: 500, alpha: 0.01}
)";

}  // namespace

BOOST_AUTO_TEST_SUITE(experiment_documents)

BOOST_AUTO_TEST_CASE(a_whole_one_is_read_and_written_again) {
  const auto definition = parse(sums);

  BOOST_TEST_REQUIRE(definition.has_value());
  BOOST_TEST(check(*definition).has_value());
  BOOST_TEST((definition->unit == protocol::UnitKind::request));
  BOOST_TEST(definition->variants[1].version == "2");
  BOOST_TEST((definition->metrics[1].kind == MetricKind::quantile && definition->metrics[1].margin == 0.2));
  BOOST_TEST((definition->window == std::chrono::seconds{10}));
  BOOST_TEST((definition->rule.alpha == 0.01 && definition->rule.minimum_units == 500));
  BOOST_TEST((parse("kind: Experiment\n" + config::to_yaml(*definition)).value() == *definition));
}

BOOST_AUTO_TEST_CASE(factors_of_variants_are_names_and_levels_numbers_too) {
  std::string yaml = sums;
  const auto put = [&](std::string after, const std::string& factors) {
    yaml.insert(yaml.find(after) + after.size(), ", factors: " + factors);
  };
  put("version: 1, weight: 0.5", "{temperature: 0.2}");
  put("version: 2, weight: 0.5", "{temperature: 0.8}");
  const auto definition = parse(yaml);

  BOOST_TEST_REQUIRE(definition.has_value());
  BOOST_TEST(check(*definition).has_value());
  BOOST_TEST(definition->variants[0].factors.at("temperature") == "0.2");
  BOOST_TEST((parse("kind: Experiment\n" + config::to_yaml(*definition)).value() == *definition));
}

BOOST_AUTO_TEST_CASE(a_misspelt_field_names_its_line_and_the_right_word) {
  const auto wrong = [](std::string from, const std::string& to) {
    std::string yaml = sums;
    yaml.replace(yaml.find(from), from.size(), to);
    return parse(yaml).error().message;
  };

  BOOST_TEST(wrong("role: goal", "rol: goal").find("e.yaml:9") != std::string::npos);
  BOOST_TEST(wrong("role: goal", "rol: goal").find("did you mean role?") != std::string::npos);
  BOOST_TEST(wrong("kind: quantile", "kind: quantil").find("did you mean quantile?") != std::string::npos);
  BOOST_TEST(wrong("minimum_units", "minimum_unit").find("did you mean minimum_units?") != std::string::npos);
  BOOST_TEST(wrong("weight: 0.5", "weight: 1.5").find("e.yaml:6") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_together_names_its_line) {
  const auto wrong = [](std::string from, const std::string& to) {
    std::string yaml = sums;
    yaml.replace(yaml.find(from), from.size(), to);
    const auto document = config::parse_documents(yaml, "e.yaml").value().at(0);
    return config::located(document, check(config::bind<Definition>(document).value()).error()).message;
  };

  BOOST_TEST(wrong("of: latency_ms", "of: latncy_ms").starts_with("e.yaml:10: metric p95: `of` is latncy_ms"));
  BOOST_TEST(wrong("weight: 0.5", "weight: 0.6").starts_with("e.yaml:5: variants: weights must sum to 1"));
  BOOST_TEST(wrong("alpha: 0.01", "method: fixed").starts_with("e.yaml:14: rule: method fixed needs"));
}

BOOST_AUTO_TEST_SUITE_END()
