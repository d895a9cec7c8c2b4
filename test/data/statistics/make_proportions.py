"""Two proportions by statsmodels, and by the same formulas in mpmath where counts are huge: python make_proportions.py"""

import itertools

import mpmath as mp
import numpy as np
from common import write
from statsmodels.stats.proportion import (confint_proportions_2indep, proportion_confint, proportion_effectsize,
                                          proportions_ztest, test_proportions_2indep)

mp.mp.dps = 50
ARMS = [((20, 100), (30, 100)), ((5, 40), (1, 50)), ((480, 1000), (530, 1010)), ((1, 10), (9, 12)), ((2000, 40000), (2210, 40100)), ((3, 7), (3, 7)), ((99, 100), (100, 101)), ((12345, 99999), (12400, 98000)), ((7, 1000000), (21, 999000)), ((50, 60), (70, 200))]
HUGE = [((300000000000, 10**12), (300002000000, 10**12)), ((10**12 - 5, 10**12), (10**12 - 1, 10**12)), ((12, 10**12), (40, 10**12)), ((5 * 10**11, 10**12), (300, 1000))]
NAMES = {"two-sided": "two-sided", "larger": "greater", "smaller": "less"}


def sided(low, high, alternative, confidence, interval):
    """A one-sided interval is half of a two-sided one with twice the alpha."""
    alpha = 1 - confidence
    low, high = interval(alpha if alternative == "two-sided" else 2 * alpha)
    return (-np.inf if alternative == "smaller" else low, np.inf if alternative == "larger" else high)


def case(first, second, alternative, confidence, statistic, p, estimate, interval):
    low, high = sided(None, None, alternative, confidence, interval)
    return dict(first=first, second=second, alternative=NAMES[alternative], confidence=confidence, statistic=statistic, p=p, estimate=estimate, low=low, high=high)


def phi(z):
    return mp.erfc(z / mp.sqrt(2)) / 2


def huge(first, second):
    """Two-sided, 95 %: z pooled with Wald's interval, and the lift."""
    (x1, n1), (x2, n2) = [(mp.mpf(x), mp.mpf(n)) for x, n in (first, second)]
    p1, p2, p = x1 / n1, x2 / n2, (x1 + x2) / (n1 + n2)
    q = mp.sqrt(2) * mp.erfinv(mp.mpf("0.95"))
    z = (p2 - p1) / mp.sqrt(p * (1 - p) * (1 / n1 + 1 / n2))
    half = q * mp.sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)
    common = dict(first=first, second=second, alternative="two-sided", confidence=0.95)
    wald = dict(common, statistic=z, p=2 * phi(abs(z)), estimate=p2 - p1, low=p2 - p1 - half, high=p2 - p1 + half)
    error = mp.sqrt(1 / x1 - 1 / n1 + 1 / x2 - 1 / n2)
    log = mp.log(p2 / p1)
    lift = dict(common, statistic=log / error, p=2 * phi(abs(log / error)), estimate=p2 / p1 - 1, low=mp.exp(log - q * error) - 1, high=mp.exp(log + q * error) - 1)
    return wald, lift


def main():
    pooled_wald, unpooled_newcombe, lift = [], [], []
    sides = itertools.cycle([("two-sided", 0.95), ("larger", 0.9), ("two-sided", 0.99), ("smaller", 0.95)])
    for (first, second), (alternative, confidence) in itertools.product(ARMS, [next(sides) for _ in range(4)]):
        (x1, n1), (x2, n2) = first, second
        z, p = proportions_ztest([x2, x1], [n2, n1], alternative=alternative)
        newcombe = lambda alpha: confint_proportions_2indep(x2, n2, x1, n1, method="newcomb", compare="diff", alpha=alpha)
        wald = lambda alpha: confint_proportions_2indep(x2, n2, x1, n1, method="wald", compare="diff", alpha=alpha)
        katz = lambda alpha: confint_proportions_2indep(x2, n2, x1, n1, method="log", compare="ratio", alpha=alpha)
        pooled_wald.append(case(first, second, alternative, confidence, z, p, x2 / n2 - x1 / n1, wald))
        test = test_proportions_2indep(x2, n2, x1, n1, method="wald", compare="diff", alternative=alternative)
        unpooled_newcombe.append(case(first, second, alternative, confidence, test.statistic, test.pvalue, x2 / n2 - x1 / n1, newcombe))
        test = test_proportions_2indep(x2, n2, x1, n1, method="log", compare="ratio", alternative=alternative)
        lift.append(case(first, second, alternative, confidence, test.statistic, test.pvalue, (x2 / n2) / (x1 / n1) - 1, lambda alpha: np.array(katz(alpha)) - 1))
        if alternative == "smaller":
            lift[-1]["low"] = -1
    for first, second in HUGE:
        wald, katz = huge(first, second)
        pooled_wald.append(wald)
        lift.append(katz)
    wilson = []
    for x, n in [(0, 10), (10, 10), (1, 100), (50, 100), (999, 1000), (3, 1000000), (0, 10**12), (10**12, 10**12), (123456, 10**9), (1, 1), (0, 1)]:
        for confidence in (0.9, 0.999):
            low, high = proportion_confint(x, n, alpha=1 - confidence, method="wilson")
            if x == 0:
                low = 0  # statsmodels leaves rounding there
            if x == n:
                high = 1
            if 0 < x < n / 1000:  # where statsmodels' subtraction loses digits
                z2 = 2 * mp.erfinv(mp.mpf(confidence)) ** 2
                p = mp.mpf(x) / n
                low = (p + z2 / 2 / n - mp.sqrt(z2 * (p * (1 - p) + z2 / 4 / n) / n)) / (1 + z2 / n)
            wilson.append(dict(arm=(x, n), confidence=confidence, low=low, high=high))
    h = [dict(first=a, second=b, h=proportion_effectsize(b, a)) for a, b in itertools.product((0, 0.1, 0.5, 0.93, 1), repeat=2)]
    write("proportions", {"pooled_wald": pooled_wald, "unpooled_newcombe": unpooled_newcombe, "lift": lift, "wilson": wilson, "cohens_h": h}, "statsmodels", "scipy", "mpmath")


main()
