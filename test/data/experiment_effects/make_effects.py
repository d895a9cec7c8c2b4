"""Effects of factors over revisions, and what statsmodels and scipy say of them: python make_effects.py

Writes effects.json. Each cell of a design has, in each revision, values x (and y: of a ratio the divisor, else the covariate)
and how many units have them. Estimates and errors are statsmodels' contrasts of cell means with a variance for each cell
(HC2 is that, of a model of cell means), combined over revisions by units; intervals are the mixture's by its definition:
the values that its e-value does not reject, found by root finding."""

import itertools
import pathlib
import sys
from collections import Counter

import numpy as np
import statsmodels.api as sm
from scipy import integrate, optimize, stats

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "statistics"))
import common  # noqa: E402

ALPHA = 0.05
UNITS_OF_EACH = 2000  # The plan: twice the least units of a variant, 1000.


def drawn(rng, kind, cell, revision, units):
    level = 0.25 + 0.06 * sum(cell) + 0.05 * cell[0] * (cell[1] == 1) + 0.1 * revision
    if kind == "conversion":
        return (rng.random(units) < level).astype(int), np.zeros(units, int)
    if kind == "ratio":
        requests = 1 + rng.poisson(2, units)
        return rng.binomial(requests, level), requests
    before = rng.poisson(3, units)
    return rng.poisson(4 * level + 0.8 * before), before


def effects_of(levels):
    moves = [(factor, level) for factor, count in enumerate(levels) for level in range(1, count)]
    return [(one,) for one in moves] + [(a, b) for a, b in itertools.combinations(moves, 2) if a[0] != b[0]]


def weights_of(levels, moves):
    to = dict(moves)
    return np.array([np.prod([((cell[f] == to[f]) - float(cell[f] == 0)) if f in to else 1 / levels[f] for f in range(len(levels))]) for cell in itertools.product(*map(range, levels))])


def contrast(kind, cells, weights):
    """Estimate and standard error of one revision, or of all units together."""
    used = [i for i, weight in enumerate(weights) if weight != 0]
    x, y = (np.concatenate([cells[i][part] for i in used]) for part in (0, 1))
    dummies = np.repeat(np.eye(len(used)), [len(cells[i][0]) for i in used], axis=0)
    chosen = weights[used]
    if kind == "ratio":
        # Of one cell the weighted mean of its units' ratios is the ratio of sums; its error by units as clusters.
        fits = [sm.WLS(cells[i][0] / cells[i][1], np.ones(len(cells[i][0])), weights=cells[i][1]).fit(cov_type="cluster", cov_kwds={"groups": np.arange(len(cells[i][0]))}) for i in used]
        return chosen @ [fit.params[0] for fit in fits], np.sqrt(chosen**2 @ [fit.bse[0] ** 2 for fit in fits])
    if kind == "adjusted":
        x = x - sm.OLS(x, np.column_stack([dummies, y])).fit().params[-1] * y
    test = sm.OLS(x, dummies).fit(cov_type="HC2").t_test(chosen)
    return test.effect.item(), np.squeeze(test.sd).item()


def unit_error(kind, cells, weights):
    """The error if each cell had the planned units: each cell's variance alone counts."""
    used = [i for i, weight in enumerate(weights) if weight != 0]
    if kind == "adjusted":
        x, y = (np.concatenate([cells[i][part] for i in used]) for part in (0, 1))
        dummies = np.repeat(np.eye(len(used)), [len(cells[i][0]) for i in used], axis=0)
        theta = sm.OLS(x, np.column_stack([dummies, y])).fit().params[-1]
        variances = [np.var(cells[i][0] - theta * cells[i][1], ddof=1) for i in used]
    elif kind == "ratio":
        variances = [contrast(kind, [cells[i]], np.array([1.0]))[1] ** 2 * len(cells[i][0]) for i in used]
    else:
        variances = [np.var(cells[i][0], ddof=1) for i in used]
    return np.sqrt(weights[used] ** 2 @ variances / UNITS_OF_EACH)


def interval(value, error, planned, alpha):
    x = optimize.brentq(lambda x: x - np.log1p(x) + 2 * np.log(alpha), 1, 1e3, xtol=1e-13)
    prior = np.sqrt(x) * planned
    # The e-value of an effect d: the likelihood of the estimate, mixed over a normal prior, by that of d. Both are normal.
    log_e = lambda d: stats.norm.logpdf(value, d, np.hypot(error, prior)) - stats.norm.logpdf(value, d, error)
    mixed = integrate.quad(lambda t: stats.norm.pdf(value, t, error) * stats.norm.pdf(t, 0, prior), value - 12 * error, value + 12 * error, epsabs=0, epsrel=1e-10)[0]
    assert abs(np.log(mixed / stats.norm.pdf(value, 0, error)) - log_e(0)) < 1e-8
    reach = optimize.brentq(lambda r: log_e(value + r) + np.log(alpha), 0, 100 * error, xtol=1e-15, rtol=1e-14)
    return value - reach, value + reach


def case(seed, kind, levels, sizes):
    rng = np.random.default_rng(seed)
    cells = list(itertools.product(*map(range, levels)))
    revisions = [[drawn(rng, kind, cell, r, size + int(rng.integers(0, 40))) for cell in cells] for r, size in enumerate(sizes)]
    whole = [tuple(np.concatenate([revision[i][part] for revision in revisions]) for part in (0, 1)) for i in range(len(cells))]
    alpha = ALPHA / len(effects_of(levels))
    effects = []
    for moves in effects_of(levels):
        weights = weights_of(levels, moves)
        strata = [(*contrast(kind, revision, weights), sum(len(cell[0]) for cell, weight in zip(revision, weights) if weight != 0)) for revision in revisions]
        value, error, units = (np.array(column) for column in zip(*strata))
        share = units / units.sum()
        value, error = share @ value, np.sqrt(share**2 @ error**2)
        low, high = interval(value, error, unit_error(kind, whole, weights), alpha)
        effects.append(dict(moves=moves, units=int(units.sum()), value=value, standard_error=error, low=low, high=high))
    counted = [[[[*(int(v) for v in values), count] for values, count in sorted(Counter(zip(*(part.tolist() for part in cell))).items())] for cell in revision] for revision in revisions]
    return dict(kind=kind, levels=levels, revisions=counted, alpha=alpha, effects=effects)


def main():
    cases = [
        case(1, "conversion", (2, 2), (250,)),
        case(2, "count", (3, 2), (60, 190)),
        case(3, "ratio", (2, 2), (120, 160)),
        case(4, "adjusted", (2, 2), (100, 180)),
        case(5, "conversion", (2, 2, 2), (90, 150)),
    ]
    rows = ",\n".join(common.json.dumps(common.plain(one)) for one in cases)
    versions = {name: common.version(name) for name in ("scipy", "statsmodels", "numpy")}
    path = HERE / "effects.json"
    path.write_text(f'{{\n"made_by": "make_effects.py", "versions": {common.json.dumps(versions)},\n"cases": [\n{rows}\n]\n}}\n')
    print(len(cases), "cases,", path.stat().st_size, "bytes")


main()
