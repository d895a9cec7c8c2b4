"""t tests by scipy, effect sizes by statsmodels, lifts by mpmath from their definitions: python make_means.py"""

import itertools

import mpmath as mp
from common import write
from scipy import stats
from statsmodels.stats.meta_analysis import effectsize_smd

mp.mp.dps = 40
# (n, mean, m2)
ARMS = [((10, 5.0, 90.0), (12, 6.5, 80.0)), ((2, 1.0, 0.5), (2, 3.0, 0.25)), ((1000, 0.3, 210.0), (900, 0.35, 204.75)), ((10**12, 10.0, 4.0e12), (10**12, 10.00001, 4.1e12)), ((30, -2.0, 500.0), (300, -3.0, 100.0)), ((5, 100.0, 0.0), (6, 101.0, 3.0)), ((100000, 250.5, 9.0e9), (100100, 253.0, 9.5e9)), ((50, 1e-8, 4e-15), (60, 2e-8, 3e-15)), ((400, 1e6, 3e9), (410, 1e6 + 500, 3.3e9)), ((20, 0.1, 30.0), (25, 2.0, 40.0))]
SIDES = [("two-sided", 0.95), ("greater", 0.9), ("less", 0.99), ("two-sided", 0.8)]


def moments(arm):
    n, mean, m2 = arm
    return mean, (m2 / (n - 1)) ** 0.5, n


def t_case(first, second, alternative, confidence, equal):
    m1, s1, n1 = moments(first)
    m2, s2, n2 = moments(second)
    test = stats.ttest_ind_from_stats(m2, s2, n2, m1, s1, n1, equal_var=equal, alternative=alternative)
    v1, v2 = s1**2 / n1, s2**2 / n2
    df = n1 + n2 - 2 if equal else (v1 + v2) ** 2 / (v1**2 / (n1 - 1) + v2**2 / (n2 - 1))
    error = (m2 - m1) / test.statistic
    alpha = (1 - confidence) / (2 if alternative == "two-sided" else 1)
    half = stats.t.isf(alpha, df) * error
    return dict(first=first, second=second, alternative=alternative, confidence=confidence, statistic=test.statistic, df=df, p=test.pvalue, estimate=m2 - m1, low="-inf" if alternative == "less" else m2 - m1 - half, high="inf" if alternative == "greater" else m2 - m1 + half)


def lift_case(first, second, alternative, confidence, fieller):
    (n1, m1, q1), (n2, m2, q2) = [[mp.mpf(v) for v in arm] for arm in (first, second)]
    v1, v2 = q1 / (n1 - 1) / n1, q2 / (n2 - 1) / n2
    alpha = (1 - mp.mpf(confidence)) / (2 if alternative == "two-sided" else 1)
    critical = mp.sqrt(2) * mp.erfinv(1 - 2 * alpha)
    lift = m2 / m1 - 1
    if fieller:
        z = (m2 - m1) / mp.sqrt(v1 + v2) * mp.sign(m1)
        low, high = -mp.inf, mp.inf
        if m1**2 > critical**2 * v1:  # the roots of (m2 - r m1)^2 = z^2 (v2 + r^2 v1)
            low, high = sorted(mp.re(r) - 1 for r in mp.polyroots([m1**2 - critical**2 * v1, -2 * m1 * m2, m2**2 - critical**2 * v2], maxsteps=500, extraprec=400))
    else:
        error = mp.sqrt(v2 / m1**2 + m2**2 * v1 / m1**4)
        z = lift / error
        low, high = lift - critical * error, lift + critical * error
    p = {"two-sided": mp.erfc(abs(z) / mp.sqrt(2)), "greater": mp.erfc(z / mp.sqrt(2)) / 2, "less": mp.erfc(-z / mp.sqrt(2)) / 2}[alternative]
    return dict(first=first, second=second, alternative=alternative, confidence=confidence, statistic=z, p=p, estimate=lift, low=-mp.inf if alternative == "less" else low, high=mp.inf if alternative == "greater" else high)


def main():
    content = {"student": [], "welch": [], "delta": [], "fieller": [], "cohens_d": []}
    for (first, second), (alternative, confidence) in itertools.product(ARMS, SIDES):
        content["student"].append(t_case(first, second, alternative, confidence, True))
        content["welch"].append(t_case(first, second, alternative, confidence, False))
        content["delta"].append(lift_case(first, second, alternative, confidence, False))
        content["fieller"].append(lift_case(first, second, alternative, confidence, True))
    for first, second in ARMS:
        m1, s1, n1 = moments(first)
        m2, s2, n2 = moments(second)
        plain = (m2 - m1) / (((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / (n1 + n2 - 2)) ** 0.5
        corrected, _ = effectsize_smd(m2, s2, n2, m1, s1, n1)
        content["cohens_d"].append(dict(first=first, second=second, d=plain, corrected=corrected))
    write("means", content, "scipy", "statsmodels", "mpmath")


main()
