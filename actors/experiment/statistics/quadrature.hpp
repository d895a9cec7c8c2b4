#pragma once
// Numerical integration by Gauss-Legendre panels: deterministic, and exact to rounding where the integrand is smooth
// within a panel.

#include <array>
#include <span>
#include <vector>

namespace troupe::experiment {

struct QuadratureNode {
  double x = 0;
  double weight = 0;
};

/// The 16-point rule on [-1, 1].
const std::array<QuadratureNode, 16>& gauss_legendre();

/// Nodes of [breaks[0], breaks[1]], [breaks[1], breaks[2]], ...: 16 a panel, for ascending breaks.
std::vector<QuadratureNode> panel_nodes(std::span<const double> breaks);

/// Nodes of [low, high] in panels no wider than `panel_max`.
std::vector<QuadratureNode> panel_nodes(double low, double high, double panel_max);

}  // namespace troupe::experiment
