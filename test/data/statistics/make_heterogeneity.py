"""Cochran's Q of effects by statsmodels' meta-analysis: python make_heterogeneity.py"""

import numpy as np
from common import write
from scipy.stats import chi2
from statsmodels.stats.meta_analysis import combine_effects

rng = np.random.default_rng(31)


def case(effects, errors):
    said = combine_effects(np.array(effects), np.array(errors) ** 2)
    # statsmodels has the statistic; its p value is chi-squared's.
    p = said.test_homogeneity().pvalue
    assert np.isclose(p, chi2.sf(said.q, said.df))
    return dict(effects=effects, errors=errors, q=said.q, df=said.df, p=p)


def main():
    cases = [case([0.1, 0.11], [0.02, 0.05]), case([0.0, 1.0], [0.1, 0.1]), case([-3.0, 2.0, 40.0], [10.0, 2.0, 25.0])]
    for parts in (2, 3, 5, 20, 100):
        for spread in (0.0, 0.5, 3.0):
            errors = np.round(rng.uniform(0.01, 0.2, parts), 4)
            effects = np.round(0.05 + rng.normal(0, 1, parts) * errors * (1 + spread), 5)
            cases.append(case(list(effects), list(errors)))
    write("heterogeneity", {"cases": cases}, "statsmodels", "scipy", "numpy")


main()
