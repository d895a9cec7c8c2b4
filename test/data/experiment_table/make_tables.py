"""Tables of units, and what scipy, statsmodels and lifelines say of them: python make_tables.py

Writes units.csv (a row a unit), requests.csv (several rows a unit), lifetimes.csv, factors.csv and expected.json. The
reference reads the files that it wrote, as the program does."""

import csv
import itertools
import pathlib
import sys

import numpy as np
import pandas as pd
import statsmodels.api as sm
import statsmodels.formula.api as smf
from lifelines import KaplanMeierFitter
from scipy import integrate, stats
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_effectsize, proportions_ztest
from statsmodels.stats.rates import test_poisson_2indep
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "statistics"))
import common  # noqa: E402

Z = stats.norm.isf(0.025)


def write_csv(name, header, rows, line_end):
    with open(HERE / name, "w", newline="") as file:
        csv.writer(file, lineterminator=line_end).writerows([header, *rows])


def read_csv(name):
    with open(HERE / name, newline="") as file:
        rows = list(csv.DictReader(file))
    def values(column):
        try:
            return np.array([float(row[column]) for row in rows])
        except ValueError:
            return np.array([row[column] for row in rows])
    return {column: values(column) for column in rows[0]}


def make_files():
    rng = np.random.default_rng(17)
    rows = []
    for i in range(210):
        arm = i % 3
        before = round(float(rng.gamma(2, 10)), 2)
        revenue = round(before * 0.8 + float(rng.gamma(2, 6)) + 3 * (arm == 1), 2)
        hours = float(rng.choice([0.5, 1, 2, 4]))
        errors = int(rng.poisson(hours * rng.gamma(1.5, 1.2 + 0.5 * (arm == 2))))
        rows.append([f"user-{i}", ("control", "blue", "green, deep")[arm], ("DE", "FR")[int(rng.integers(2))], before, revenue, int(rng.random() < 0.3 + 0.15 * (arm == 1)), errors, hours])
    write_csv("units.csv", ["user", "variant", "country", "before", "revenue", "bought", "errors", "hours"], rows, "\r\n")

    rows = []
    for i in range(70):
        arm, level = i % 2, float(rng.lognormal(3, 0.3))
        for _ in range(1 + int(rng.poisson(3))):
            views = 1 + int(rng.poisson(4))
            rows.append([f"u{i}", ("old", "new")[arm], int(rng.binomial(views, 0.2 + 0.08 * arm)), views, round(level * float(rng.lognormal(0, 0.5)) * (1 + 0.2 * arm), 2), round(float(rng.gamma(1, 3)), 2), int(rng.random() < 0.15)])
    rng.shuffle(rows)
    write_csv("requests.csv", ["unit", "arm", "clicks", "views", "latency", "cost", "failed"], rows, "\n")

    rows = []
    for i in range(90):
        arm = i % 2
        time, until = rng.exponential(20 + 15 * arm), rng.uniform(5, 60)
        rows.append([("control", "treatment")[arm], round(float(min(time, until)), 1), int(time <= until)])
    write_csv("lifetimes.csv", ["variant", "days", "churned"], rows, "\n")
    make_factors()


def make_factors():
    """Unbalanced; the levels that others are held against come first."""
    rng = np.random.default_rng(23)
    rows = []
    for combination in itertools.product(range(2), range(3), range(2)):
        prompt, temperature, model = combination
        for _ in range(6 + int(rng.integers(0, 10))):
            score = round(float(rng.normal(5 + 0.4 * prompt + 0.3 * temperature + 0.5 * prompt * (temperature == 2), 1)), 2)
            solved = int(rng.random() < 0.4 + 0.2 * prompt + 0.1 * model)
            rows.append([("short", "long")[prompt], ("low", "mid", "high")[temperature], ("a", "b")[model], score, solved, int(rng.poisson(2 + temperature))])
    write_csv("factors.csv", ["prompt", "temperature", "model", "score", "solved", "retries"], [rows[0], *rng.permutation(np.array(rows[1:], dtype=object)).tolist()], "\n")


def wald(estimate, error):
    return dict(statistic=estimate / error, p_value=2 * stats.norm.sf(abs(estimate / error)), difference=estimate, interval=[estimate - Z * error, estimate + Z * error])


def lift(m1, e1, m2, e2):
    error = np.sqrt(e2**2 / m1**2 + m2**2 * e1**2 / m1**4)
    return dict(relative=m2 / m1 - 1, relative_interval=[m2 / m1 - 1 - Z * error, m2 / m1 - 1 + Z * error])


def values(a, b):
    return dict(control=a, treated=b)


def cohens_d(a, b):
    pooled = np.sqrt(((len(a) - 1) * a.var(ddof=1) + (len(b) - 1) * b.var(ddof=1)) / (len(a) + len(b) - 2))
    return (b.mean() - a.mean()) / pooled


def lift_of_means(a, b):
    return lift(a.mean(), stats.sem(a), b.mean(), stats.sem(b))


def t_test(a, b, equal):
    test = stats.ttest_ind(b, a, equal_var=equal)
    ends = test.confidence_interval()
    return dict(values(a.mean(), b.mean()), statistic=test.statistic, df=test.df, p_value=test.pvalue, difference=b.mean() - a.mean(), interval=[ends.low, ends.high], effect_size=cohens_d(a, b), **lift_of_means(a, b))


def z_test(a, b):
    compare = CompareMeans(DescrStatsW(b), DescrStatsW(a))
    z, p = compare.ztest_ind(usevar="unequal")
    return dict(values(a.mean(), b.mean()), statistic=z, p_value=p, difference=b.mean() - a.mean(), interval=list(compare.zconfint_diff(usevar="unequal")), **lift_of_means(a, b))


def mann_whitney(a, b):
    test = stats.mannwhitneyu(b, a, method="asymptotic")
    larger = (b[:, None] > a) + (b[:, None] == a) / 2
    chance = larger.mean()
    error = np.sqrt(larger.mean(1).var(ddof=1) / len(b) + larger.mean(0).var(ddof=1) / len(a))
    return dict(values(a.mean(), b.mean()), statistic=test.statistic, p_value=test.pvalue, estimate=chance, estimate_interval=[chance - Z * error, chance + Z * error])


def cuped(a, b, xa, xb):
    theta = sum(((y - y.mean()) * (x - x.mean())).sum() for y, x in ((a, xa), (b, xb))) / sum(((x - x.mean()) ** 2).sum() for x in (xa, xb))
    ra, rb = a - theta * xa, b - theta * xb
    d, error = rb.mean() - ra.mean(), np.hypot(stats.sem(ra), stats.sem(rb))
    raw = stats.sem(a) ** 2 + stats.sem(b) ** 2
    # The delta method on (adjusted treated mean, adjusted control mean, control mean), with their covariances from the units.
    cov = np.zeros((3, 3))
    cov[0, 0] = rb.var(ddof=1) / len(b)
    cov[1:, 1:] = np.cov(np.vstack([ra, a])) / len(a)
    m = a.mean()
    gradient = np.array([1 / m, -1 / m, -d / m**2])
    relative = np.sqrt(gradient @ cov @ gradient)
    return dict(values(a.mean(), b.mean()), variance_reduction=1 - error**2 / raw, relative=d / m, relative_interval=[d / m - Z * relative, d / m + Z * relative], **wald(d, error))


def conversions(a, b, method):
    x1, n1, x2, n2 = int(a.sum()), len(a), int(b.sum()), len(b)
    case = dict(values(x1 / n1, x2 / n2), difference=x2 / n2 - x1 / n1, effect_size=proportion_effectsize(x2 / n2, x1 / n1))
    case["interval"] = list(confint_proportions_2indep(x2, n2, x1, n1, method="newcomb", compare="diff"))
    case["relative"] = x2 / n2 / (x1 / n1) - 1
    case["relative_interval"] = [end - 1 for end in confint_proportions_2indep(x2, n2, x1, n1, method="log", compare="ratio")]
    if method == "z":
        case["statistic"], case["p_value"] = proportions_ztest([x2, x1], [n2, n1])
    elif method == "fisher":
        case["p_value"] = stats.fisher_exact([[x2, n2 - x2], [x1, n1 - x1]]).pvalue
    else:
        test = stats.barnard_exact([[x2, x1], [n2 - x2, n1 - x1]], n=256)
        case["statistic"], case["p_value"] = test.statistic, test.pvalue
    return case


def believed_conversions(a, b):
    first, second = (stats.beta(1 + x.sum(), 1 + len(x) - x.sum()) for x in (a, b))
    greater = integrate.quad(lambda p: second.pdf(p) * first.cdf(p), 0, 1, epsabs=1e-14, epsrel=1e-12, points=[first.mean(), second.mean()], limit=500)[0]
    return dict(values(a.mean(), b.mean()), difference=second.mean() - first.mean(), probability_greater=greater)


def clusters(x, y, unit):
    """sum x / sum y and its error by units, by statsmodels: each row gets its unit's ratio, weighted by y."""
    fit = sm.WLS(x / y, np.ones(len(x)), weights=y).fit(cov_type="cluster", cov_kwds={"groups": unit})
    # Of one coefficient its correction is G / (G - 1), which is the delta method's.
    return fit.params[0], fit.bse[0]


def ratios(a, b):
    (r1, e1), (r2, e2) = a, b
    return dict(values(r1, r2), **wald(r2 - r1, np.hypot(e1, e2)), **lift(r1, e1, r2, e2))


def counts(a, ea, b, eb, method):
    r1, r2 = a.sum() / ea.sum(), b.sum() / eb.sum()
    numbers = [np.arange(len(x)) for x in (a, b)]
    robust = ratios(clusters(a, ea, numbers[0]), clusters(b, eb, numbers[1]))
    case = dict(values(r1, r2), difference=r2 - r1, interval=robust["interval"])
    if method != "negative-binomial":
        test = test_poisson_2indep(int(b.sum()), eb.sum(), int(a.sum()), ea.sum(), method="exact-cond" if method == "poisson" else "score")
        return dict(case, p_value=test.pvalue, estimate=r2 / r1, relative=r2 / r1 - 1)
    y, x = np.r_[a, b], np.column_stack([np.ones(len(a) + len(b)), np.r_[np.zeros(len(a)), np.ones(len(b))]])
    model = sm.NegativeBinomial(y, x, loglike_method="nb2", exposure=np.r_[ea, eb])
    start = model.fit(method="bfgs", maxiter=2000, gtol=1e-7, disp=False).params
    fit = model.fit(start_params=start, method="newton", maxiter=200, tol=1e-13, disp=False)
    beta, error = fit.params[1], fit.bse[1]
    return dict(case, statistic=beta / error, p_value=2 * stats.norm.sf(abs(beta / error)), estimate=np.exp(beta), estimate_interval=[np.exp(beta - Z * error), np.exp(beta + Z * error)], relative=np.exp(beta) - 1, dispersion=fit.params[2])


def quantile(values_, unit, q):
    """numpy's, with the error that quantiles.hpp describes; the share below it by statsmodels, robust to clusters."""
    n, at = len(values_), np.quantile(values_, q)
    share = sm.OLS((values_ <= at).astype(float), np.ones(n)).fit(cov_type="cluster", cov_kwds={"groups": unit}).bse[0] if unit is not None else np.sqrt(q * (1 - q) / n)
    ordered = np.sort(values_)
    low, high = (ordered[int(rank) - 1] for rank in (np.floor(n * (q - Z * share)), np.ceil(n * (q + Z * share))))
    return at, (high - low) / (2 * Z)


def lifetimes(first, second, method):
    median = [KaplanMeierFitter().fit(*arm).median_survival_time_ for arm in (first, second)]
    fit = PHReg(np.r_[first[0], second[0]], np.r_[np.zeros(len(first[0])), np.ones(len(second[0]))][:, None], status=np.r_[first[1], second[1]], ties="efron").fit(method="newton", maxiter=200, tol=1e-13)
    beta, error = fit.params[0], fit.bse[0]
    case = dict(values(*median), estimate=np.exp(beta), estimate_interval=[np.exp(beta - Z * error), np.exp(beta + Z * error)])
    if method == "cox":
        return dict(case, statistic=beta / error, p_value=2 * stats.norm.sf(abs(beta / error)))
    censored = [stats.CensoredData.right_censored(arm[0], arm[1] == 0) for arm in (first, second)]
    test = stats.logrank(censored[1], censored[0])
    return dict(case, statistic=test.statistic, p_value=test.pvalue)


def unit_cases():
    table = read_csv("units.csv")
    arms = ("blue", "green, deep")
    pick = lambda column, variant, country=None: table[column][(table["variant"] == variant) & ((table["country"] == country) if country else True)]
    each = lambda f, *columns: [dict(variant=v, **f(*[pick(c, a) for c in columns for a in ("control", v)])) for v in arms]
    cases = []
    add = lambda metric, method, rows, **more: cases.append(dict(csv="units.csv", metric=metric, method=method, rows=rows, **more))
    add("revenue:mean", "welch", each(lambda a, b: t_test(a, b, False), "revenue"))
    add("revenue:mean", "t", each(lambda a, b: t_test(a, b, True), "revenue"))
    add("revenue:mean", "z", each(z_test, "revenue"))
    add("revenue:mean", "mann-whitney", each(mann_whitney, "revenue"))
    add("revenue:mean", "", each(cuped, "revenue", "before"), covariate="before")
    for method in ("z", "fisher", "barnard"):
        add("bought:conversion", method, each(lambda a, b: conversions(a, b, method), "bought"))
    add("bought:conversion", "bayesian", each(believed_conversions, "bought"))
    for method in ("negative-binomial", "poisson", "poisson-score"):
        add("errors/hours:count", method, each(lambda a, b, ea, eb: counts(a, ea, b, eb, method), "errors", "hours"))
    add("revenue:p50", "", each(lambda a, b: ratios(quantile(a, None, 0.5), quantile(b, None, 0.5)), "revenue"))
    segments = [dict(segment=country, variant=v, **t_test(pick("revenue", "control", country), pick("revenue", v, country), False)) for country in ("DE", "FR") for v in arms]
    whole = each(lambda a, b: t_test(a, b, False), "revenue")
    for family in (whole, segments):
        for row, p in zip(family, multipletests([row["p_value"] for row in family], method="holm")[1]):
            row["adjusted_p"] = p
    add("revenue:mean", "", whole + segments, segment_column="country")
    chosen = [len(pick("user", v)) for v in ("control", *arms)]
    weights = [0.3, 0.3, 0.4]
    add("revenue:mean", "", whole, weights=weights, sample_ratio_p=stats.chisquare(chosen, np.array(weights) * sum(chosen)).pvalue)
    return cases


def request_cases():
    table = read_csv("requests.csv")
    rows = lambda column, arm: table[column][table["arm"] == arm]
    arms = ("old", "new")
    # statsmodels wants whole numbers as names of clusters.
    names = {name: i for i, name in enumerate(dict.fromkeys(table["unit"]))}
    unit = {arm: np.array([names[u] for u in rows("unit", arm)]) for arm in arms}
    total = lambda column, arm: np.array([rows(column, arm)[unit[arm] == u].sum() for u in dict.fromkeys(unit[arm])])
    any_of = lambda column, arm: (total(column, arm) > 0).astype(float)
    common_ = dict(csv="requests.csv", method="", unit_column="unit", variant_column="arm", control="old")
    one = lambda metric, case: dict(common_, metric=metric, rows=[dict(variant="new", **case)])
    return [
        one("clicks/views:ratio", ratios(*[clusters(rows("clicks", a), rows("views", a), unit[a]) for a in arms])),
        one("latency:p50", ratios(*[quantile(rows("latency", a), unit[a], 0.5) for a in arms])),
        one("latency:p90", ratios(*[quantile(rows("latency", a), unit[a], 0.9) for a in arms])),
        one("cost:mean", t_test(total("cost", "old"), total("cost", "new"), False)),
        one("failed:conversion", conversions(any_of("failed", "old"), any_of("failed", "new"), "z")),
    ]


def lifetime_cases():
    table = read_csv("lifetimes.csv")
    arm = lambda variant: (table["days"][table["variant"] == variant], table["churned"][table["variant"] == variant])
    return [dict(csv="lifetimes.csv", metric="days:event=churned", method=method, rows=[dict(variant="treatment", **lifetimes(arm("control"), arm("treatment"), method))]) for method in ("log-rank", "cox")]


def factor_terms(table, factors, column):
    """Type II by anova_lm; differences as contrasts of cell means, evenly over the cells of other factors."""
    data = pd.DataFrame(table)
    levels = {name: [base, *(level for level in data[name].unique() if level != base)] for name, base in factors.items()}
    anova = anova_lm(smf.ols(f"{column} ~ " + " * ".join(f"C({name}, Sum)" for name in levels), data).fit(), typ=2)
    cells = list(itertools.product(*levels.values()))
    number = [cells.index(row) for row in data[list(levels)].itertuples(index=False, name=None)]
    means = smf.ols(f"{column} ~ 0 + C(cell)", data.assign(cell=number)).fit()
    for count in range(1, len(levels) + 1):
        for chosen in itertools.combinations(levels, count):
            row = anova.loc[":".join(f"C({name}, Sum)" for name in chosen)]
            differences = []
            for to in itertools.product(*(levels[name][1:] for name in chosen)):
                move = dict(zip(chosen, to))
                weights = [np.prod([(cell[name] == move[name]) - float(cell[name] == levels[name][0]) if name in move else 1 / len(levels[name]) for name in levels]) for cell in (dict(zip(levels, cell)) for cell in cells)]
                test = means.t_test(np.array(weights))
                differences.append(dict(levels=to, difference=test.effect.item(), interval=test.conf_int()[0].tolist()))
            yield dict(factors=chosen, statistic=row.F, df=row.df, df_denominator=means.df_resid, p_value=row["PR(>F)"], differences=differences)


def factor_cases():
    table = read_csv("factors.csv")
    cases = []
    for factors, bases in ((("prompt", "temperature"), ("", "")), (("prompt", "temperature=high", "model"), ("", "high", ""))):
        names = [name.split("=")[0] for name in factors]
        bases = [base or str(table[name][0]) for name, base in zip(names, bases)]
        metrics = {f"{column}:{kind}": list(factor_terms(table, dict(zip(names, bases)), column)) for column, kind in (("score", "mean"), ("solved", "conversion"), ("retries", "count"))}
        terms = [term for of in metrics.values() for term in of]
        for term, p in zip(terms, multipletests([term["p_value"] for term in terms], method="holm")[1]):
            term["adjusted_p"] = p
        cases.append(dict(csv="factors.csv", factors=factors, metrics=metrics))
    return cases


def main():
    make_files()
    cases = unit_cases() + request_cases() + lifetime_cases()
    lines, of_factors = (",\n".join(common.json.dumps(common.plain(case)) for case in all_of) for all_of in (cases, factor_cases()))
    versions = {name: common.version(name) for name in ("scipy", "statsmodels", "lifelines", "numpy")}
    path = HERE / "expected.json"
    path.write_text(f'{{\n"made_by": "make_tables.py", "versions": {common.json.dumps(versions)},\n"cases": [\n{lines}\n],\n"factor_cases": [\n{of_factors}\n]\n}}\n')
    print(len(cases), "cases,", path.stat().st_size, "bytes")


main()
