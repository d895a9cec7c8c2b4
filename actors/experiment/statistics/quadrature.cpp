#include "actors/experiment/statistics/quadrature.hpp"

#include <cmath>
#include <numbers>

namespace troupe::experiment {

namespace {

// Newton's method on the Legendre polynomial of degree n, whose roots and slopes give nodes and weights.
template <size_t n>
std::array<QuadratureNode, n> legendre_rule() {
  std::array<QuadratureNode, n> rule;
  for (size_t i = 0; i < n; ++i) {
    double x = -std::cos(std::numbers::pi * (static_cast<double>(i) + 0.75) / (static_cast<double>(n) + 0.5));
    double slope = 0;
    for (int step = 0; step < 20; ++step) {
      double p = 1, before = 0;
      for (size_t k = 0; k < n; ++k) {
        const auto degree = static_cast<double>(k);
        const double next = ((2 * degree + 1) * x * p - degree * before) / (degree + 1);
        before = p;
        p = next;
      }
      slope = static_cast<double>(n) * (x * p - before) / (x * x - 1);
      x -= p / slope;
    }
    rule[i] = {x, 2 / ((1 - x * x) * slope * slope)};
  }
  return rule;
}

void add_panel(std::vector<QuadratureNode>& nodes, double low, double high) {
  const double centre = 0.5 * (low + high), half = 0.5 * (high - low);
  for (const auto& node : gauss_legendre()) nodes.push_back({centre + half * node.x, half * node.weight});
}

}  // namespace

const std::array<QuadratureNode, 16>& gauss_legendre() {
  static const auto rule = legendre_rule<16>();
  return rule;
}

std::vector<QuadratureNode> panel_nodes(std::span<const double> breaks) {
  std::vector<QuadratureNode> nodes;
  nodes.reserve(16 * breaks.size());
  for (size_t i = 1; i < breaks.size(); ++i) {
    if (breaks[i] > breaks[i - 1]) add_panel(nodes, breaks[i - 1], breaks[i]);
  }
  return nodes;
}

std::vector<QuadratureNode> panel_nodes(double low, double high, double panel_max) {
  std::vector<QuadratureNode> nodes;
  const double panels = std::ceil((high - low) / panel_max);
  for (double i = 0; i < panels; ++i) {
    add_panel(nodes, low + (high - low) * i / panels, low + (high - low) * (i + 1) / panels);
  }
  return nodes;
}

}  // namespace troupe::experiment
