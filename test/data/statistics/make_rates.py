"""Poisson and negative binomial rates by statsmodels and scipy: python make_rates.py"""

import itertools

import numpy as np
import statsmodels.api as sm
from common import write
from scipy import optimize, stats
from statsmodels.stats.rates import confint_poisson_2indep, test_poisson_2indep

rng = np.random.default_rng(11)
ARMS = [((60, 51477.5), (30, 54308.7)), ((41, 28010), (15, 19017)), ((3, 10.0), (9, 12.0)), ((1000, 1e4), (1100, 1.01e4)), ((5, 1.0), (5, 1.0)), ((123456, 1e9), (124000, 1e9)), ((1, 100.0), (12, 90.0)), ((2, 0.5), (1, 4.0))]
ZERO = [((0, 10.0), (4, 12.0)), ((7, 10.0), (0, 12.0))]
SIDES = [("two-sided", "two-sided", 0.95), ("larger", "greater", 0.9), ("smaller", "less", 0.99)]


def exact(first, second, alternative, confidence):
    (y1, e1), (y2, e2) = first, second
    alpha = (1 - confidence) / (2 if alternative == "two-sided" else 1)
    # Clopper and Pearson's ends as odds; each part from the tail that keeps its digits.
    low = 0 if y2 == 0 or alternative == "less" else stats.beta.ppf(alpha, y2, y1 + 1) / stats.beta.isf(alpha, y1 + 1, y2)
    high = np.inf if y1 == 0 or alternative == "greater" else stats.beta.isf(alpha, y2 + 1, y1) / stats.beta.ppf(alpha, y1, y2 + 1)
    return low * e1 / e2, high * e1 / e2


def score(first, second, alternative, confidence):
    """The ratios at which statsmodels' score test has the p value alpha, to the last bit."""
    (y1, e1), (y2, e2) = first, second
    z = stats.norm.isf((1 - confidence) / (2 if alternative == "two-sided" else 1))
    at = lambda log_ratio: test_poisson_2indep(y2, e2, y1, e1, value=np.exp(log_ratio), method="score").statistic
    center = np.log((y2 / e2) / (y1 / e1))
    low = np.exp(optimize.brentq(lambda r: at(r) - z, center - 20, center, xtol=1e-14, rtol=1e-14))
    high = np.exp(optimize.brentq(lambda r: at(r) + z, center, center + 20, xtol=1e-14, rtol=1e-14))
    return (0 if alternative == "less" else low), (np.inf if alternative == "greater" else high)


def log(first, second, alternative, confidence):
    alpha = (1 - confidence) * (1 if alternative == "two-sided" else 2)
    low, high = confint_poisson_2indep(second[0], second[1], first[0], first[1], method="wald-log", compare="ratio", alpha=alpha)
    return (0 if alternative == "less" else low), (np.inf if alternative == "greater" else high)


def counted(units, rate, dispersion, exposures):
    exposure = np.ones(units) if exposures is None else rng.choice(exposures, units)
    mean = rate * exposure * (rng.gamma(1 / dispersion, dispersion, units) if dispersion else 1)
    return rng.poisson(mean), exposure


def negative_binomial(first, second, alternative, confidence):
    y = np.concatenate([first[0], second[0]])
    x = np.column_stack([np.ones(len(y)), np.r_[np.zeros(len(first[0])), np.ones(len(second[0]))]])
    model = sm.NegativeBinomial(y, x, loglike_method="nb2", exposure=np.concatenate([first[1], second[1]]))
    start = model.fit(method="bfgs", maxiter=2000, gtol=1e-7, disp=False).params
    fit = model.fit(start_params=start, method="newton", maxiter=200, tol=1e-13, disp=False)
    b, error, dispersion = fit.params[1], fit.bse[1], fit.params[2]
    z = b / error
    p = {"two-sided": 2 * stats.norm.sf(abs(z)), "greater": stats.norm.sf(z), "less": stats.norm.cdf(z)}[alternative]
    half = stats.norm.isf((1 - confidence) / (2 if alternative == "two-sided" else 1)) * error
    arms = [dict(counts=list(map(int, a[0])), exposures=list(map(float, a[1]))) for a in (first, second)]
    return dict(first=arms[0], second=arms[1], alternative=alternative, confidence=confidence, dispersion=dispersion, statistic=z, p=p, estimate=np.exp(b), low=0 if alternative == "less" else np.exp(b - half), high="inf" if alternative == "greater" else np.exp(b + half))


def main():
    content = {"exact": [], "score": [], "log": [], "negative_binomial": []}
    for (first, second), (theirs, alternative, confidence) in itertools.product(ARMS + ZERO, SIDES):
        common = dict(first=first, second=second, alternative=alternative, confidence=confidence)
        (y1, e1), (y2, e2) = first, second
        test = test_poisson_2indep(y2, e2, y1, e1, method="exact-cond", alternative=theirs)
        low, high = exact(first, second, alternative, confidence)
        estimate = (y2 / e2) / (y1 / e1) if y1 else np.inf
        content["exact"].append(dict(common, p=test.pvalue, estimate=estimate, low=low, high=high))
        test = test_poisson_2indep(y2, e2, y1, e1, method="score", alternative=theirs)
        if y1 == 0 or y2 == 0:
            content["score"].append(dict(common, statistic=test.statistic, p=test.pvalue))
            continue
        low, high = score(first, second, alternative, confidence)
        content["score"].append(dict(common, statistic=test.statistic, p=test.pvalue, estimate=estimate, low=low, high=high))
        test = test_poisson_2indep(y2, e2, y1, e1, method="wald-log", alternative=theirs)
        low, high = log(first, second, alternative, confidence)
        content["log"].append(dict(common, statistic=test.statistic, p=test.pvalue, estimate=estimate, low=low, high=high))
    for i, (units, r1, r2, dispersion, exposures) in enumerate([(40, 3, 4, 0.8, None), (60, 1, 0.7, 2, None), (80, 20, 22, 0.2, None), (50, 3, 3.5, 1, (0.5, 1, 2, 5)), (100, 0.5, 0.8, 3, (1, 7, 30)), (30, 200, 260, 0.05, None), (120, 2, 2, 0.5, (0.1, 1, 10)), (25, 8, 5, 0.3, None), (90, 5, 6, 1.5, (1, 2)), (40, 50, 45, 0.6, (0.5, 1.5)), (20, 1, 2, 1, None), (30, 6, 6, 0.4, (1, 3)), (15, 30, 20, 0.9, None), (35, 0.8, 0.5, 1.2, (1, 2, 4)), (25, 100, 130, 0.1, (1, 1.1)), (50, 4, 4.4, 0.7, None)]):
        first, second = counted(units, r1, dispersion, exposures), counted(units + 3, r2, dispersion, exposures)
        content["negative_binomial"].append(negative_binomial(first, second, SIDES[i % 3][1], SIDES[i % 3][2]))
    write("rates", content, "statsmodels", "scipy", "numpy")


main()
