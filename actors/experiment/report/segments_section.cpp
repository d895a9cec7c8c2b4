#include "actors/experiment/report/segments_section.hpp"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "actors/experiment/assignment/segments.hpp"
#include "actors/experiment/report/html.hpp"

namespace troupe::experiment {
namespace {

class Section {
 public:
  Section(const Definition& definition, const SegmentAnalysis& analysis)
      : definition_(definition), analysis_(analysis) {}

  std::string html() {
    add("<h2>Segments</h2><p class=\"soft\">For looking: none of this decides. Intervals hold at any time, each at "
        "alpha "
        "{:.2g}, so that all goals of all parts together are wrong with a chance of at most {:g}.</p>",
        analysis_.interval_alpha, definition_.rule.alpha);
    sentences();
    for (size_t i = 0; i < analysis_.segmentations.size(); ++i) {
      add("<h3>{}</h3>", escaped(definition_.segments[i].feature));
      comparisons(definition_.segments[i], analysis_.segmentations[i]);
      tests(analysis_.segmentations[i]);
    }
    return std::move(out_);
  }

 private:
  template <class... Parts>
  void add(fmt::format_string<Parts...> text, Parts&&... parts) {
    fmt::format_to(std::back_inserter(out_), text, std::forward<Parts>(parts)...);
  }

  void sentences() {
    const auto found = findings_of(definition_, analysis_);
    add("<div class=\"card\"><ul class=\"plain\">");
    if (found.empty()) add("<li>No part has a difference that is sure.</li>");
    for (const std::string& one : found) add("<li>{}</li>", escaped(one));
    for (const std::string& one : cautions_of(definition_, analysis_)) add("<li class=\"soft\">{}</li>", escaped(one));
    add("</ul></div>");
  }

  void comparisons(const protocol::Segmentation& asked, const SegmentationAnalysis& segmentation) {
    add(R"(<div class="scroll"><table><thead><tr><th>Part</th><th>Metric</th><th>Variant</th><th class="n">Units</th>)"
        R"(<th class="n">Control</th><th class="n">Variant's</th><th class="n">Change</th><th>Sure</th></tr></thead><tbody>)");
    for (size_t part = 0; part < segmentation.parts.size(); ++part) {
      const std::string name(part < asked.values.size() ? std::string_view(asked.values[part]) : other_values);
      for (const Comparison& one : segmentation.parts[part].comparisons)
        comparison(name, segmentation.parts[part].units, one);
    }
    add("</tbody></table></div>");
  }

  void comparison(const std::string& part, const std::vector<uint64_t>& units, const Comparison& one) {
    const MetricDefinition& metric = definition_.metrics[one.metric];
    const bool is_share = metric.kind == MetricKind::conversion || metric.kind == MetricKind::survival;
    const auto value = [&](const ArmReading& arm) {
      return arm.units > 0 ? text_of(arm.value, is_share ? Scale::share : Scale::number) : std::string("–");
    };
    add(R"(<tr><td>{}</td><td class="wide">{}</td><td>{}</td><td class="n">{} / {}</td><td class="n">{}</td>)",
        escaped(part), escaped(metric.name), escaped(definition_.variants[one.arm].name), units[0], units[one.arm],
        value(one.control), value(one.treated));
    add("<td class=\"n\">{}</td><td>{}</td></tr>", escaped(text_of(one)),
        metric.role != MetricRole::goal ? ""
        : one.is_significant            ? "yes"
                                        : "no");
  }

  void tests(const SegmentationAnalysis& segmentation) {
    add(R"(<div class="scroll"><table><thead><tr><th>Do parts differ in effect?</th><th>Variant</th>)"
        R"(<th class="n">Parts</th><th class="n">Cochran's Q</th><th class="n">p, of one look</th></tr></thead><tbody>)");
    for (const PartsTest& one : segmentation.tests) {
      add("<tr><td class=\"wide\">{}</td><td>{}</td><td class=\"n\">{}</td>",
          escaped(definition_.metrics[one.metric].name), escaped(definition_.variants[one.arm].name), one.parts);
      one.test ? add("<td class=\"n\">{:.3g}</td><td class=\"n\">{:.2g}</td></tr>", one.test->statistic, one.adjusted_p)
               : add("<td colspan=\"2\">{}</td></tr>", escaped(one.reason));
    }
    add("</tbody></table></div>");
  }

  const Definition& definition_;
  const SegmentAnalysis& analysis_;
  std::string out_;
};

}  // namespace

std::string segments_section(const Definition& definition, const SegmentAnalysis& analysis) {
  return analysis.segmentations.empty() ? std::string() : Section(definition, analysis).html();
}

}  // namespace troupe::experiment
