#pragma once
// Group-sequential designs: a few looks planned ahead, and more power than a sequence that may be watched at any time.

#include <span>
#include <vector>

#include "actors/experiment/statistics/result.hpp"
#include "runtime/base/result.hpp"

namespace troupe::experiment {

/// How much of a side's alpha a is spent by information fraction t in (0, 1].
enum class Spending {
  obrien_fleming,     ///< 2 - 2 Phi(z_{1 - a/2} / sqrt(t)) (Lan and DeMets 1983): little early.
  pocock,             ///< a log(1 + (e - 1) t) (Lan and DeMets 1983): about evenly.
  hwang_shih_decani,  ///< a (1 - exp(-gamma t)) / (1 - exp(-gamma)) (1990); a t at gamma 0.
};

struct GroupSequentialOptions {
  double alpha = 0.05;  ///< (0, 1) in all; two-sided tests spend half on either side.
  Alternative alternative = Alternative::two_sided;
  Spending spending = Spending::obrien_fleming;
  double gamma = -4;  ///< [-40, 40], of hwang_shih_decani: -4 is like obrien_fleming, 1 like pocock.
};

struct Boundary {
  double fraction = 0;   ///< Of the information at the last look: of units, or of 1 / standard_error^2.
  double z = 0;          ///< Reject where |z| (one-sided: z towards the alternative) reaches it; infinity: never.
  double nominal_p = 0;  ///< Its p-value if it were the only look, of one or both sides.
  double spent = 0;      ///< Alpha spent by then, of one or both sides.
};

/// Boundaries at looks with these fractions, by recursive numerical integration of the score's density over what was
/// not rejected before (Armitage, McPherson and Rowe 1969; Jennison and Turnbull 2000, chapter 19). A boundary depends
/// on the looks so far alone: looks may come as they come, so long as results do not decide when. Alpha that is left
/// when the last fraction is below 1 stays unspent. No futility boundaries. As gsDesign's test types 1 and 2.
///
/// Fractions must rise, within (0, 1], each by at least 0.1 % of itself; at most 200.
Result<std::vector<Boundary>> group_sequential_boundaries(std::span<const double> fractions,
                                                          GroupSequentialOptions options);

/// value +- z standard_error: the intervals of all looks cover together with 1 - alpha (Jennison and Turnbull 1989).
Result<Interval> repeated_interval(double value, double standard_error, const Boundary& boundary,
                                   Alternative alternative);

}  // namespace troupe::experiment
