"""Exact tests by scipy: python make_exact_tests.py

scipy's Barnard test compares z statistics to the last bit, so that some tables with the same z as the one seen are left out;
there the reference is the same maximum over the region found in exact arithmetic, and the case says so."""

from fractions import Fraction

import mpmath as mp
import numpy as np
from common import write
from scipy import optimize, stats

TABLES = [((7, 15), (12, 15)), ((1, 10), (8, 12)), ((0, 5), (5, 5)), ((3, 9), (2, 8)), ((20, 100), (33, 101)), ((0, 20), (1, 30)), ((4, 4), (2, 9)), ((40, 45), (12, 30)), ((5, 50), (5, 10)), ((10, 25), (10, 25)), ((2, 60), (9, 61)), ((1, 2), (2, 3))]
LARGE = [((1000, 100000), (1100, 100000)), ((250000, 10**6), (251500, 10**6)), ((30, 10**6), (70, 2 * 10**6)), ((499, 1000), (600, 1001))]
ALTERNATIVES = ("two-sided", "less", "greater")

mp.mp.dps = 40


def barnard_by_fractions(first, second, alternative):
    (x1, n1), (x2, n2) = first, second

    def signed_square(a, b):
        crossed = b * n1 - a * n2
        return Fraction(crossed * abs(crossed), (a + b) * (n1 + n2 - a - b)) if crossed else Fraction(0)

    seen = signed_square(x1, x2)
    extreme = {"two-sided": lambda z: abs(z) >= abs(seen), "less": lambda z: z <= seen, "greater": lambda z: z >= seen}[alternative]
    region = np.array([[extreme(signed_square(a, b)) for b in range(n2 + 1)] for a in range(n1 + 1)])
    probability = lambda p: stats.binom.pmf(np.arange(n1 + 1), n1, p) @ region @ stats.binom.pmf(np.arange(n2 + 1), n2, p)
    grid = np.linspace(0, 1, 2001)
    at = np.array([probability(p) for p in grid])
    best = at.max()
    for i in range(1, 2000):
        if at[i] > 0.98 * best and at[i] >= at[i - 1] and at[i] >= at[i + 1]:
            best = max(best, -optimize.minimize_scalar(lambda p: -probability(p), bounds=(grid[i - 1], grid[i + 1]), method="bounded", options={"xatol": 1e-10}).fun)
    return min(1, best)


def main():
    fisher, barnard, binomial = [], [], []
    for i, (first, second) in enumerate(TABLES + LARGE):
        (x1, n1), (x2, n2) = first, second
        for alternative in ALTERNATIVES:
            common = dict(first=first, second=second, alternative=alternative)
            fisher.append(dict(common, p=stats.fisher_exact([[x2, n2 - x2], [x1, n1 - x1]], alternative=alternative).pvalue))
            if i < len(TABLES):  # its columns are the arms
                table = np.array([[x2, x1], [n2 - x2, n1 - x1]])
                result = stats.barnard_exact(table, alternative=alternative, n=256)
                exact = barnard_by_fractions(first, second, alternative)
                agrees = abs(exact - result.pvalue) < 1e-6 * exact
                barnard.append(dict(common, statistic=result.statistic, p=result.pvalue if agrees else exact, reference="scipy" if agrees else "exact arithmetic"))
    for (k, n), p in zip([(0, 10), (10, 10), (3, 10), (45, 100), (12, 1000), (510000, 10**6), (7, 7), (0, 1), (20, 61), (5, 12), (30, 10**9), (3, 15)], [0.1, 0.95, 0.3, 0.5, 0.01, 0.5, 0.5, 0.2, 0.25, 5 / 12, 2**-26, 1 / 15]):
        for alternative in ALTERNATIVES:
            result = stats.binomtest(k, n, p, alternative=alternative)
            alpha = 0.025 if alternative == "two-sided" else 0.05
            # As proportion_ci(method="exact"), which stops at an absolute 2e-12.
            low = 0 if k == 0 or alternative == "less" else stats.beta.ppf(alpha, k, n - k + 1)
            high = 1 if k == n or alternative == "greater" else stats.beta.isf(alpha, k + 1, n - k)
            if n > 10**8:  # where scipy's inverse is off by 1e-9
                below = lambda j, x: mp.fsum(mp.binomial(n, i) * x**i * mp.exp((n - i) * mp.log1p(-x)) for i in range(j))
                low = low and mp.findroot(lambda x: mp.log((1 - below(k, x)) / alpha), low)
                high = high if high == 1 else mp.findroot(lambda x: mp.log(below(k + 1, x) / alpha), high)
            interval = result.proportion_ci(0.95, method="exact")
            assert abs(low - interval.low) < 1e-9 and abs(high - interval.high) < 1e-9
            binomial.append(dict(arm=(k, n), probability=p, alternative=alternative, p=result.pvalue, estimate=k / n, low=low, high=high))
    write("exact_tests", {"fisher": fisher, "barnard": barnard, "binomial": binomial}, "scipy", "mpmath")


main()
