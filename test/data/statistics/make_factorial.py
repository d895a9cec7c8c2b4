"""Factorial designs by statsmodels: type II tables and linear contrasts of cell means: python make_factorial.py"""

import itertools

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
from common import write
from scipy import stats
from statsmodels.stats.anova import anova_lm

rng = np.random.default_rng(4)
SIDES = [("two-sided", 0.95), ("greater", 0.9), ("less", 0.99)]


def design(levels, size, balanced):
    rows, cells = [], []
    for combination in itertools.product(*map(range, levels)):
        n = size if balanced else 2 + rng.integers(0, size)
        y = rng.normal(10 + sum(0.3 * level for level in combination) + 0.4 * np.prod(combination), 1, n)
        cells.append([n, y.mean(), ((y - y.mean()) ** 2).sum()])
        rows += [(*combination, value) for value in y]
    return cells, pd.DataFrame(rows, columns=[f"f{i}" for i in range(len(levels))] + ["y"])


def case(levels, size, balanced, alternative, confidence):
    cells, data = design(levels, size, balanced)
    factors = range(len(levels))
    fit = smf.ols("y ~ " + " * ".join(f"C(f{i}, Sum)" for i in factors), data).fit()
    table = anova_lm(fit, typ=2)
    means = smf.ols("y ~ 0 + C(cell)", data.assign(cell=data.groupby([f"f{i}" for i in factors]).ngroup())).fit()
    terms = []
    for count in range(1, len(levels) + 1):
        for chosen in itertools.combinations(factors, count):
            row = table.loc[":".join(f"C(f{i}, Sum)" for i in chosen)]
            contrasts = []
            for to in itertools.product(*(range(1, levels[i]) for i in chosen)):
                weights = []
                for combination in itertools.product(*map(range, levels)):
                    weight = 1.0
                    for i in factors:
                        if i not in chosen:
                            weight /= levels[i]
                        else:
                            weight *= {0: -1, to[chosen.index(i)]: 1}.get(combination[i], 0)
                    weights.append(weight)
                test = means.t_test(np.array(weights))
                effect, error, t, df = float(test.effect[0]), float(np.squeeze(test.sd)), float(np.squeeze(test.tvalue)), means.df_resid
                p = {"two-sided": 2 * stats.t.sf(abs(t), df), "greater": stats.t.sf(t, df), "less": stats.t.cdf(t, df)}[alternative]
                half = stats.t.isf((1 - confidence) / (2 if alternative == "two-sided" else 1), df) * error
                contrasts.append(dict(levels=to, statistic=t, df=df, p=p, estimate=effect, low="-inf" if alternative == "less" else effect - half, high="inf" if alternative == "greater" else effect + half))
            terms.append(dict(factors=chosen, statistic=row.F, df=row.df, p=row["PR(>F)"], contrasts=contrasts))
    return dict(levels=levels, cells=cells, alternative=alternative, confidence=confidence, residual_df=fit.df_resid, terms=terms)


def main():
    shapes = [((2, 2), 10, True), ((2, 2), 30, False), ((2, 2, 2), 8, False), ((3, 2), 12, False), ((2, 3, 2), 6, False), ((4,), 9, False), ((2,), 5, True), ((3, 3), 7, False), ((2, 2, 2, 2), 4, False)]
    cases = [case(*shape, *SIDES[i % 3]) for i, shape in enumerate(shapes)]
    write("factorial", {"cases": cases}, "statsmodels", "scipy", "numpy")


main()
