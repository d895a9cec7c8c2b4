#include "actors/experiment/statistics/factorial.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "actors/experiment/statistics/distributions.hpp"
#include "actors/experiment/statistics/inference.hpp"
#include "runtime/base/mixed_radix.hpp"

namespace troupe::experiment {

namespace {

using Column = std::vector<double>;

/// A term as a set of factors, one bit each.
using FactorSet = unsigned;

bool has(FactorSet set, size_t factor) {
  return (set >> factor & 1) != 0;
}

bool contains(FactorSet set, FactorSet part) {
  return (set & part) == part;
}

Status check_design(const FactorialDesign& design) {
  if (design.levels.empty() || design.levels.size() > design_factors_max) {
    return fail(Errc::invalid_argument, "a design of {} factors: there must be 1 to {}", design.levels.size(),
                design_factors_max);
  }
  size_t cells = 1;
  for (const size_t levels : design.levels) {
    if (levels < 2 || levels > design_cells_max) {
      return fail(Errc::invalid_argument, "a factor has {} levels: it must have 2 to {}", levels, design_cells_max);
    }
    cells *= levels;
  }
  if (cells > design_cells_max || cells != design.cells.size()) {
    return fail(Errc::invalid_argument, "{} cells for {} combinations of levels: both must be the same, at most {}",
                design.cells.size(), cells, design_cells_max);
  }
  for (size_t i = 0; i < cells; ++i) TROUPE_CHECK(check(design.cells[i], fmt::format("cell {}", i)));
  return {};
}

/// The design, and what all its terms share.
struct Fit {
  const FactorialDesign& design;
  std::vector<std::vector<size_t>> levels;  ///< By cell, then by factor.
  double variance = 0;                      ///< Within cells.
  double df = 0;
};

Result<Fit> make_fit(const FactorialDesign& design) {
  TROUPE_CHECK(check_design(design));
  Fit fit{.design = design};
  double squares = 0;
  double units = 0;
  for (size_t cell = 0; cell < design.cells.size(); ++cell) {
    fit.levels.push_back(mixed_radix_digits(cell, design.levels));
    squares += design.cells[cell].m2;
    units += design.cells[cell].n;
  }
  fit.df = units - static_cast<double>(design.cells.size());
  if (fit.df < 1) {
    return fail(Errc::invalid_argument, "{} units for {} cells: a variance within cells needs more", units,
                design.cells.size());
  }
  fit.variance = squares / fit.df;
  if (fit.variance > 0 && std::isfinite(fit.variance)) return fit;
  return fail(Errc::invalid_argument, "the variance within cells is {}: effects need one over 0", fit.variance);
}

/// All combinations of levels >= 1 of the term's factors.
std::vector<std::vector<size_t>> combinations(const FactorialDesign& design, FactorSet term) {
  std::vector<std::vector<size_t>> all{{}};
  for (size_t factor = 0; factor < design.levels.size(); ++factor) {
    if (!has(term, factor)) continue;
    std::vector<std::vector<size_t>> longer;
    for (const auto& each : all) {
      for (size_t level = 1; level < design.levels[factor]; ++level) {
        longer.push_back(each);
        longer.back().push_back(level);
      }
    }
    all = std::move(longer);
  }
  return all;
}

/// The columns of the model matrix that a term adds, in deviation coding, rows weighted by the root of the units.
std::vector<Column> columns_of(const Fit& fit, FactorSet term) {
  std::vector<Column> columns;
  for (const auto& chosen : combinations(fit.design, term)) {
    Column column;
    for (size_t cell = 0; cell < fit.levels.size(); ++cell) {
      double product = std::sqrt(fit.design.cells[cell].n);
      size_t next = 0;
      for (size_t factor = 0; factor < fit.design.levels.size(); ++factor) {
        if (!has(term, factor)) continue;
        const size_t level = fit.levels[cell][factor];
        product *= level == 0 ? -1 : (level == chosen[next] ? 1 : 0);
        ++next;
      }
      column.push_back(product);
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

double dot(const Column& a, const Column& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// Makes `column` orthogonal to all of `basis` and of length 1, and adds it. Twice is enough (Parlett 1980).
void add_orthogonal(std::vector<Column>& basis, Column column) {
  for (int pass = 0; pass < 2; ++pass) {
    for (const Column& each : basis) {
      const double part = dot(each, column);
      for (size_t i = 0; i < column.size(); ++i) column[i] -= part * each[i];
    }
  }
  const double length = std::sqrt(dot(column, column));
  for (double& value : column) value /= length;
  basis.push_back(std::move(column));
}

/// What the term adds to the sum of squares that all terms without it in them explain.
double type_two_squares(const Fit& fit, FactorSet term) {
  std::vector<Column> basis;
  const FactorSet terms = 1u << fit.design.levels.size();
  for (FactorSet other = 0; other < terms; ++other) {
    if (contains(other, term)) continue;
    for (Column& column : columns_of(fit, other)) add_orthogonal(basis, std::move(column));
  }
  const size_t without = basis.size();
  for (Column& column : columns_of(fit, term)) add_orthogonal(basis, std::move(column));

  Column means;
  const double reference = fit.design.cells[0].mean;
  for (const Moments& cell : fit.design.cells) means.push_back(std::sqrt(cell.n) * (cell.mean - reference));
  double squares = 0;
  for (size_t i = without; i < basis.size(); ++i) {
    const double part = dot(basis[i], means);
    squares += part * part;
  }
  return squares;
}

Result<TestResult> contrast(const Fit& fit, FactorSet term, const std::vector<size_t>& to, const TestOptions& options) {
  double estimate = 0;
  double squares = 0;
  for (size_t cell = 0; cell < fit.levels.size(); ++cell) {
    double weight = 1;
    size_t next = 0;
    for (size_t factor = 0; factor < fit.design.levels.size(); ++factor) {
      const size_t level = fit.levels[cell][factor];
      if (!has(term, factor)) {
        weight /= static_cast<double>(fit.design.levels[factor]);
        continue;
      }
      weight *= level == 0 ? -1 : (level == to[next] ? 1 : 0);
      ++next;
    }
    estimate += weight * fit.design.cells[cell].mean;
    squares += weight * weight / fit.design.cells[cell].n;
  }
  return wald_test("factorial contrast", estimate, std::sqrt(fit.variance * squares), fit.df, options);
}

Result<FactorialTerm> make_term(const Fit& fit, FactorSet set, const TestOptions& options) {
  FactorialTerm term;
  for (size_t factor = 0; factor < fit.design.levels.size(); ++factor) {
    if (has(set, factor)) term.factors.push_back(factor);
  }
  const auto levels = combinations(fit.design, set);
  const double df = static_cast<double>(levels.size());
  term.test = {.method = "factorial F, type II", .df = df, .df_denominator = fit.df};
  term.test.statistic = type_two_squares(fit, set) / df / fit.variance;
  TROUPE_TRY(term.test.p_value, survival(FisherF{df, fit.df}, term.test.statistic));
  for (const auto& each : levels) {
    TROUPE_TRY(TestResult result, contrast(fit, set, each, options));
    term.contrasts.push_back({each, result});
  }
  return term;
}

}  // namespace

Result<std::vector<FactorialTerm>> factorial_effects(const FactorialDesign& design, const TestOptions& options) {
  TROUPE_CHECK(check(options));
  TROUPE_TRY(const Fit fit, make_fit(design));
  std::vector<FactorSet> sets;
  for (FactorSet set = 1; set < 1u << design.levels.size(); ++set) sets.push_back(set);
  std::stable_sort(sets.begin(), sets.end(),
                   [](FactorSet a, FactorSet b) { return std::popcount(a) < std::popcount(b); });
  std::vector<FactorialTerm> terms;
  for (const FactorSet set : sets) {
    TROUPE_TRY(FactorialTerm term, make_term(fit, set, options));
    terms.push_back(std::move(term));
  }
  return terms;
}

}  // namespace troupe::experiment
