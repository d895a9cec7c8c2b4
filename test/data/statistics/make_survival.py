"""Survival by lifelines, scipy and statsmodels: python make_survival.py"""

import numpy as np
from common import write
from lifelines import KaplanMeierFitter
from lifelines.statistics import multivariate_logrank_test
from lifelines.utils import median_survival_times
from scipy import stats
from statsmodels.duration.hazard_regression import PHReg

rng = np.random.default_rng(3)
SIDES = [("two-sided", 0.95), ("greater", 0.9), ("less", 0.99)]


def arm(n, scale, censor, digits):
    """Fewer digits: more ties."""
    time = rng.exponential(scale, n)
    until = rng.exponential(censor, n) if censor else np.full(n, np.inf)
    return np.round(np.minimum(time, until), digits), (time <= until).astype(int)


def units(a):
    return [[float(t), int(e)] for t, e in zip(*a)]


def kaplan_meier(a, confidence):
    fit = KaplanMeierFitter(alpha=1 - confidence).fit(*a)
    table = fit.event_table
    times = table.index[table.observed > 0]
    at = lambda frame: frame.loc[times].to_numpy()
    survival = at(fit.survival_function_)[:, 0]
    ends = at(fit.confidence_interval_)
    median_ends = median_survival_times(fit.confidence_interval_).to_numpy()[0]
    keep = survival > 0  # lifelines has no interval at 0
    greenwood = np.cumsum([d / (n * (n - d)) if n > d else 0 for n, d in zip(table.at_risk[times], table.observed[times])])
    return dict(units=units(a), confidence=confidence, times=list(times), at_risk=list(table.at_risk[times]), events=list(table.observed[times]), survival=list(survival), error=list(survival * np.sqrt(greenwood)), low=list(np.where(keep, ends[:, 0], -1)), high=list(np.where(keep, ends[:, 1], -1)), median=fit.median_survival_time_, median_low=median_ends[0], median_high=median_ends[1])


def log_rank(first, second, alternative):
    censored = lambda a: stats.CensoredData.right_censored(a[0], a[1] == 0)
    # Its x is the arm whose survival is the shorter one if the statistic is over 0.
    result = stats.logrank(censored(second), censored(first), alternative={"greater": "greater", "less": "less"}.get(alternative, alternative))
    return result.statistic, result.pvalue


def cox(first, second, ties):
    time = np.concatenate([first[0], second[0]])
    fit = PHReg(time, np.r_[np.zeros(len(first[0])), np.ones(len(second[0]))][:, None], status=np.concatenate([first[1], second[1]]), ties=ties).fit(method="newton", maxiter=200, tol=1e-13)
    return fit.params[0], fit.bse[0]


def wald(log, error, alternative, confidence):
    z = log / error
    p = {"two-sided": 2 * stats.norm.sf(abs(z)), "greater": stats.norm.sf(z), "less": stats.norm.cdf(z)}[alternative]
    half = stats.norm.isf((1 - confidence) / (2 if alternative == "two-sided" else 1)) * error
    return dict(statistic=z, p=p, estimate=np.exp(log), low=0 if alternative == "less" else np.exp(log - half), high="inf" if alternative == "greater" else np.exp(log + half))


def main():
    content = {"kaplan_meier": [], "log_rank": [], "log_rank_k": [], "cox": []}
    shapes = [(20, 5, 8, 1), (50, 2, None, 2), (35, 10, 6, 0), (80, 1, 3, 1), (12, 30, 40, 0), (60, 4, 4, 6)]
    for i, (n, scale, censor, digits) in enumerate(shapes + [(15, 2, 2, 1), (25, 9, 20, 0), (10, 1, None, 1), (30, 3, 9, 2)]):
        a = arm(n, scale, censor, digits)
        content["kaplan_meier"].append(kaplan_meier(a, (0.95, 0.9, 0.99)[i % 3]))
    for i, (n, scale, censor, digits) in enumerate([(min(n, 40), *rest) for n, *rest in shapes] * 2):
        first, second = arm(n, scale, censor, digits), arm(n + 5, scale * rng.uniform(0.5, 1.8), censor, digits)
        alternative, confidence = SIDES[i % 3]
        common = dict(first=units(first), second=units(second), alternative=alternative, confidence=confidence)
        z, p = log_rank(first, second, alternative)
        content["log_rank"].append(dict(common, statistic=z, p=p))
        efron, breslow = cox(first, second, "efron"), cox(first, second, "breslow")
        content["cox"].append(dict(common, efron=wald(*efron, alternative, confidence), breslow=wald(*breslow, alternative, confidence)))
    small = [(min(n, 20), *rest) for n, *rest in shapes]
    for k, (n, scale, censor, digits) in zip((2, 3, 4, 5, 3, 8, 3, 4, 2, 6, 3, 5), small * 2):
        arms = [arm(n, scale * rng.uniform(0.7, 1.4), censor, digits) for _ in range(k)]
        test = multivariate_logrank_test(np.concatenate([a[0] for a in arms]), np.repeat(np.arange(k), n), np.concatenate([a[1] for a in arms]))
        content["log_rank_k"].append(dict(arms=[units(a) for a in arms], statistic=test.test_statistic, df=k - 1, p=test.p_value))
    write("survival", content, "lifelines", "scipy", "statsmodels", "numpy")


main()
