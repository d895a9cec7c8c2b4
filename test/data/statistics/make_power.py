"""Power by statsmodels: python make_power.py"""

import itertools

from common import write
from scipy import optimize
from statsmodels.stats.power import NormalIndPower, TTestIndPower, normal_power_het, normal_sample_size_one_tail
from statsmodels.stats.proportion import power_proportions_2indep, proportion_effectsize

OPTIONS = [("two-sided", "two-sided", 0.05, 1), ("larger", "greater", 0.01, 0.5), ("smaller", "less", 0.05, 3), ("two-sided", "two-sided", 0.001, 1.7)]


def z_power(p1, p2, n, alpha, ratio, alternative):
    """Its first sample is our second one: sizes and ratio are turned round."""
    return power_proportions_2indep(p2 - p1, p1, n * ratio, ratio=1 / ratio, alpha=alpha, alternative=alternative, return_results=False)


def arcsine_power(p1, p2, n, alpha, ratio, alternative):
    return NormalIndPower().power(proportion_effectsize(p2, p1), n, alpha, ratio=ratio, alternative=alternative)


def root(function, low, high=None):
    """Without `high` it is looked for in small steps: scipy's noncentral t has no answer far out."""
    if high is None:
        high = low
        while function(high) < 0:
            low, high = high, high * 1.1
    return optimize.brentq(function, low, high, xtol=1e-300, rtol=1e-14, maxiter=500)


def main():
    content = {"proportions": [], "proportion_sizes": [], "detectable_proportions": [], "means": [], "mean_sizes": [], "detectable_effects": []}
    for (theirs, ours, alpha, ratio), (p1, p2, n) in itertools.product(OPTIONS, [(0.1, 0.12, 2000), (0.5, 0.45, 300), (0.02, 0.021, 100000), (0.9, 0.97, 80)]):
        for name, power in (("z", z_power), ("arcsine", arcsine_power)):
            common = dict(alternative=ours, alpha=alpha, ratio=ratio, method=name)
            content["proportions"].append(dict(common, first=p1, second=p2, n=n, power=power(p1, p2, n, alpha, ratio, theirs)))
            seen = p1 if (p2 > p1) != (theirs == "smaller") else None
            if seen is not None:
                size = root(lambda m: power(p1, p2, m, alpha, ratio, theirs) - 0.8, 3, 1e9)
                content["proportion_sizes"].append(dict(common, first=p1, second=p2, power=0.8, size=size))
            down = theirs == "smaller"
            end = 1e-6 if down else 1 - 1e-6
            if power(p1, end, n, alpha, ratio, theirs) > 0.8:
                near = p1 - 1e-9 if down else p1 + 1e-9
                content["detectable_proportions"].append(dict(common, first=p1, n=n, power=0.8, second=root(lambda p: power(p1, p, n, alpha, ratio, theirs) - 0.8, min(near, end), max(near, end))))
    t = TTestIndPower()
    for (theirs, ours, alpha, ratio), (d, n) in itertools.product(OPTIONS, [(0.5, 64), (-0.2, 400), (0.02, 50000), (1.2, 12), (0.8, 5)]):
        common = dict(alternative=ours, alpha=alpha, ratio=ratio)
        content["means"].append(dict(common, effect=d, n=n, power=t.power(d, n, alpha, ratio=ratio, alternative=theirs)))
        if theirs == "two-sided" or (d > 0) == (theirs == "larger"):
            size = root(lambda m: t.power(d, m, alpha, ratio=ratio, alternative=theirs) - 0.9, 3)
            content["mean_sizes"].append(dict(common, effect=d, power=0.9, size=size))
        sign = -1 if theirs == "smaller" else 1
        effect = root(lambda e: t.power(sign * e, n, alpha, ratio=ratio, alternative=theirs) - 0.9, 1e-4)
        content["detectable_effects"].append(dict(common, n=n, power=0.9, effect=sign * effect))
    write("power", content, "statsmodels", "scipy")


main()
