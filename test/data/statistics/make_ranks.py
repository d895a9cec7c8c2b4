"""Mann and Whitney's test by scipy; DeLong's interval from its definition over all pairs: python make_ranks.py"""

import numpy as np
from common import write
from scipy import stats

rng = np.random.default_rng(5)
SIDES = [("two-sided", 0.95), ("greater", 0.9), ("less", 0.99)]


def main():
    cases = []
    shapes = [(5, 7, 3), (8, 30, 4), (40, 35, 0), (3, 3, 4), (100, 90, 1), (20, 20, 0), (60, 12, 2), (9, 10, 5), (25, 40, 6), (2, 9, 4)]
    for i, (n1, n2, digits) in enumerate(shapes):
        first, second = np.round(rng.normal(0, 1, n1), digits), np.round(rng.normal(0.4, 1.5, n2), digits)
        tied = len(np.unique(np.r_[first, second])) < n1 + n2
        larger = (second[:, None] > first) + (second[:, None] == first) / 2
        chance = larger.mean()
        error = np.sqrt(larger.mean(1).var(ddof=1) / n2 + larger.mean(0).var(ddof=1) / n1)
        for method in ("asymptotic", "exact", "plain"):
            if method == "exact" and tied:
                continue
            for alternative, confidence in SIDES:
                test = stats.mannwhitneyu(second, first, alternative=alternative, method="exact" if method == "exact" else "asymptotic", use_continuity=method != "plain")
                half = stats.norm.isf((1 - confidence) / (2 if alternative == "two-sided" else 1)) * error
                cases.append(dict(first=list(first), second=list(second), method=method, alternative=alternative, confidence=confidence, statistic=test.statistic, p=test.pvalue, estimate=chance, low=0 if alternative == "less" else max(0, chance - half), high=1 if alternative == "greater" else min(1, chance + half)))
    write("ranks", {"cases": cases}, "scipy", "numpy")


main()
