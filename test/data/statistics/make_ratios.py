"""Ratio metrics: standard errors that are robust to clusters by statsmodels, which are the delta method's: python make_ratios.py"""

import itertools

import numpy as np
import statsmodels.api as sm
from common import write
from scipy import stats

rng = np.random.default_rng(7)
SIDES = [("two-sided", 0.95), ("greater", 0.9), ("less", 0.99)]


def arm(units, rate, level, spread):
    """Sums of units with some requests each, and statsmodels' mean of all requests with its error by unit."""
    x = 1 + rng.poisson(rate, units)
    y = np.array([rng.normal(level + rng.normal(0, spread), 1, k).sum() for k in x])
    unit = np.repeat(np.arange(units), x)
    # Within a unit only the sum counts: each request gets the unit's mean.
    fit = sm.OLS(np.repeat(y / x, x), np.ones(len(unit))).fit(cov_type="cluster", cov_kwds={"groups": unit})
    sums = dict(n=units, sum_x=x.sum(), sum_y=y.sum(), sum_xx=(x * x).sum(), sum_yy=(y * y).sum(), sum_xy=(x * y).sum())
    # statsmodels' correction is G / (G - 1) (N - 1) / (N - 1).
    return {k: float(v) for k, v in sums.items()}, fit.params[0], fit.bse[0]


def case(first, second, estimate, error, alternative, confidence):
    z = estimate / error
    p = {"two-sided": 2 * stats.norm.sf(abs(z)), "greater": stats.norm.sf(z), "less": stats.norm.cdf(z)}[alternative]
    half = stats.norm.isf((1 - confidence) / (2 if alternative == "two-sided" else 1)) * error
    return dict(first=first, second=second, alternative=alternative, confidence=confidence, statistic=z, p=p, estimate=estimate, low="-inf" if alternative == "less" else estimate - half, high="inf" if alternative == "greater" else estimate + half)


def main():
    content = {"ratio": [], "difference": [], "lift": []}
    for units, rate, level, spread, effect in [(40, 3, 10, 2, 1), (500, 20, 0.5, 0.1, 0.02), (12, 1, -4, 1, 0.5), (2000, 2, 100, 30, 4), (300, 50, 7, 0, 0.03), (60, 5, 1, 3, 0)]:
        first, r1, e1 = arm(units, rate, level, spread)
        second, r2, e2 = arm(units + 7, rate, level + effect, spread)
        content["ratio"] += [dict(arm=first, ratio=r1, error=e1), dict(arm=second, ratio=r2, error=e2)]
        for alternative, confidence in SIDES:
            content["difference"].append(case(first, second, r2 - r1, np.hypot(e1, e2), alternative, confidence))
            error = np.sqrt(e2**2 / r1**2 + r2**2 * e1**2 / r1**4)
            content["lift"].append(case(first, second, r2 / r1 - 1, error, alternative, confidence))
    write("ratios", content, "statsmodels", "scipy", "numpy")


main()
