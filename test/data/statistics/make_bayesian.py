"""Bayesian comparisons by scipy's adaptive quadrature of density times distribution functions, in slices of a standard
deviation; CUPED and strata by numpy on raw units: python make_bayesian.py"""

import mpmath as mp
import numpy as np
from common import write
from scipy import integrate, optimize, stats


def law(spec):
    kind, data, prior = spec["kind"], spec["data"], spec["prior"]
    if kind == "rate":
        s, n = data
        return stats.beta(prior[0] + s, prior[1] + n - s)
    if kind == "events":
        events, exposure = data
        return stats.gamma(prior[0] + events, scale=1 / (prior[1] + exposure))
    n, mean, m2 = data
    m0, k0, a0, b0 = prior
    k, a = k0 + n, a0 + n / 2
    b = b0 + m2 / 2 + k0 * n * (mean - m0) ** 2 / (2 * k)
    return stats.t(2 * a, loc=(k0 * m0 + n * mean) / k, scale=np.sqrt(b / (a * k)))


def deviation_of(own):
    if own.dist.name != "beta":
        return own.std()
    a, b = own.args  # scipy's own cancels.
    return np.sqrt(a * b / (a + b) ** 2 / (a + b + 1))


def slices(laws):
    points = set()
    for l in laws:
        for z in np.arange(-8, 8.5, 1):
            points.add(float(l.ppf(stats.norm.cdf(z)) if z < 0 else l.isf(stats.norm.sf(z))))
        if l.dist.name == "t":  # Heavy tails.
            for power in range(18, 31, 2):
                points.update([float(l.ppf(10.0**-power)), float(l.isf(10.0**-power))])
    return sorted(p for p in points if np.isfinite(p))


def integral(f, points):
    return sum(integrate.quad(f, a, b, epsabs=1e-16, epsrel=1e-12, limit=200)[0] for a, b in zip(points, points[1:]) if b > a)


def substituted(own, points):
    """Integrals over the density of `own`, in its normal score: no singular ends."""
    scores = []
    for x in points:
        low, high = own.cdf(x), own.sf(x)
        z = stats.norm.ppf(low) if low < 0.5 else stats.norm.isf(high)
        if abs(z) < 10:
            scores.append(float(z))
    edges = sorted({-10.0, *scores, 10.0})
    at = lambda z: own.ppf(stats.norm.cdf(z)) if z < 0 else own.isf(stats.norm.sf(z))
    return lambda f: integral(lambda z: stats.norm.pdf(z) * f(at(z)), edges)


def lattice(a, b):
    """P(b > a) and both expected losses of two betas of nearly one deviation, whose distribution functions scipy does not
    have to enough digits: the difference's density on a lattice, from log densities to 40 digits."""
    mp.mp.dps = 40
    deviation = mp.sqrt(mp.mpf(a[0]) * a[1] / mp.mpf(sum(a)) ** 3)
    centre = (mp.mpf(a[0]) / sum(a) + mp.mpf(b[0]) / sum(b)) / 2
    step, half = deviation / 40, 400
    xs = [centre + step * i for i in range(-half, half + 1)]

    def density(shape):
        mode = mp.mpf(shape[0] - 1) / (sum(shape) - 2)
        log = lambda x: (shape[0] - 1) * mp.log(x / mode) + (shape[1] - 1) * mp.log1p(-(x - mode) / (1 - mode))
        raw = np.array([float(mp.exp(log(x))) for x in xs])
        return raw / raw.sum()

    difference = np.convolve(density(b), density(a)[::-1])
    middle, k = len(xs) - 1, np.arange(len(xs))
    greater = integrate.simpson(difference[middle:], x=k)
    above = integrate.simpson(difference[middle:] * k, x=k) * float(step)
    below = integrate.simpson(difference[middle::-1] * k, x=k) * float(step)
    return [1 - greater, greater], [above, below]


def arms():
    cases = []
    uniform, jeffreys = [1, 1], [0, 0, -0.5, 0]
    rate = lambda s, n, prior=uniform: {"kind": "rate", "data": [s, n], "prior": prior}
    mean = lambda n, m, m2, prior=jeffreys: {"kind": "mean", "data": [n, m, m2], "prior": prior}
    events = lambda e, x, prior=[0.5, 0]: {"kind": "events", "data": [e, x], "prior": prior}
    for specs, higher in [
        ([rate(45, 100), rate(56, 100)], True),
        ([rate(45, 100), rate(56, 100)], False),
        ([rate(0, 3, [0.5, 0.5]), rate(1, 2, [0.5, 0.5])], True),
        ([rate(10, 1000), rate(300000, 10**6)], True),
        ([rate(5000, 10**5), rate(5100, 10**5), rate(5050, 10**5), rate(40, 900)], True),
        ([rate(10**8, 10**9), rate(10**8 + 9000, 10**9)], True),
        ([mean(40, 10.2, 350), mean(50, 11.0, 600)], True),
        ([mean(6, 1.0, 4.0), mean(5, 2.5, 9.0), mean(30, 1.9, 44.0)], False),
        ([mean(12, 250.1, 300.0, [240, 3, 2, 50]), mean(9, 251.7, 410.0, [240, 3, 2, 50])], True),
        ([events(12, 10), events(25, 14)], True),
        ([events(0, 5), events(1, 5, [2, 1]), events(700, 2000)], False),
    ]:
        laws = [law(s) for s in specs]
        points = slices(laws)
        best, value = [], 0
        shift = laws[0].mean()
        for i, own in enumerate(laws):
            others = lambda x: np.prod([(l.cdf(x) if higher else l.sf(x)) for j, l in enumerate(laws) if j != i])
            over = substituted(own, points)
            best.append(over(others))
            value += over(lambda x: (x - shift) * others(x))
        losses = [(value - (l.mean() - shift)) * (1 if higher else -1) for l in laws]
        if specs[0]["data"][1] >= 10**9:
            best, losses = lattice(*[(1 + s, 1 + n - s) for s, n in (spec["data"] for spec in specs)])
        cases.append({"arms": specs, "higher_is_better": higher, "credibility": 0.95, "probability_best": best, "expected_loss": losses,
                      "mean": [l.mean() for l in laws], "low": [l.ppf(0.025) for l in laws], "high": [l.isf(0.025) for l in laws],
                      "scale": max(deviation_of(l) for l in laws)})
    return cases


def differences(cases):
    result = []
    for case in cases:
        if len(case["arms"]) != 2 or not case["higher_is_better"]:
            continue
        a, b = (law(s) for s in case["arms"])
        deviation = np.hypot(deviation_of(a), deviation_of(b))
        rope = float(f"{0.7 * deviation:.3g}")

        def below(d):
            over = substituted(a, [x - d for x in slices([b]) + ([0.0, 1.0] if b.dist.name == "beta" else [0.0] if b.dist.name == "gamma" else [])])
            return over(lambda x: b.cdf(x + d))

        centre = b.mean() - a.mean()
        root = lambda p: optimize.brentq(lambda u: below(centre + u * deviation) - p, -8, 8, xtol=1e-12) * deviation + centre
        result.append({"arms": case["arms"], "rope": rope, "credibility": 0.9, "mean": centre, "probability_greater": 1 - below(0),
                       "probability_rope": below(rope) - below(-rope), "low": root(0.05), "high": root(0.95), "scale": deviation})
    return result


def cuped():
    cases = []
    rng = np.random.default_rng(5)
    for n1, n2, correlation in [(3, 4, 0.5), (50, 70, 0.8), (400, 100, -0.3), (200, 200, 0.0)]:
        x = [rng.normal(100, 20, n) for n in (n1, n2)]
        y = [5 + 0.1 * i + correlation * u / 20 + np.sqrt(1 - correlation**2) * rng.normal(0, 1, len(u)) for i, u in enumerate(x)]
        # Pooled within arms: least squares of y on arm dummies and x.
        design = np.column_stack([np.repeat([1, 0], [n1, n2]), np.repeat([0, 1], [n1, n2]), np.concatenate(x) - 100])
        theta = np.linalg.lstsq(design, np.concatenate(y), rcond=None)[0][2]
        z = [v - theta * u for u, v in zip(x, y)]
        error = lambda arms: np.sqrt(sum(np.var(v, ddof=1) / len(v) for v in arms))
        moments = [{"n": len(u), "mean_y": v.mean(), "mean_x": u.mean(), "m2_y": ((v - v.mean()) ** 2).sum(),
                    "m2_x": ((u - u.mean()) ** 2).sum(), "m_xy": ((u - u.mean()) * (v - v.mean())).sum()} for u, v in zip(x, y)]
        cases.append({"a": moments[0], "b": moments[1], "theta": theta, "value": z[1].mean() - z[0].mean(), "standard_error": error(z),
                      "raw_value": y[1].mean() - y[0].mean(), "raw_standard_error": error(y), "variance_reduction": 1 - error(z) ** 2 / error(y) ** 2})
    return cases


def estimates():
    """Differences of means, and of ratios of unit totals by the delta method on linearised units."""
    cases = []
    rng = np.random.default_rng(7)
    for n1, n2 in [(2, 3), (60, 45), (3000, 2000)]:
        x = [rng.integers(1, 40, n).astype(float) for n in (n1, n2)]
        y = [rng.binomial(u.astype(int), rng.beta(2, 8, len(u))).astype(float) for u in x]
        means = [v.mean() for v in y]
        ratios = [v.sum() / u.sum() for u, v in zip(x, y)]
        linear = [(v - r * u) / u.mean() for u, v, r in zip(x, y, ratios)]
        error = lambda arms: np.sqrt(sum(np.var(v, ddof=1) / len(v) for v in arms))
        cases.append({"x": [u.sum() for u in x], "y": [v.sum() for v in y], "xx": [(u * u).sum() for u in x], "yy": [(v * v).sum() for v in y],
                      "xy": [(u * v).sum() for u, v in zip(x, y)], "n": [n1, n2], "mean": means, "m2": [np.var(v) * len(v) for v in y],
                      "means": {"value": means[1] - means[0], "standard_error": error(y)},
                      "ratios": {"value": ratios[1] - ratios[0], "standard_error": error(linear)}})
    return cases


def strata():
    cases = []
    rng = np.random.default_rng(6)
    for shares in [[0.05, 0.25, 0.5], [0.5], [0.1, 0.5]]:
        rows, samples = [], []
        for i, share in enumerate(shares):
            n = 2000 * (i + 1)
            b = int(n * share)
            ya, yb = rng.normal(10 + i, 2, n - b), rng.normal(10.2 + i, 2, b)
            samples.append((ya, yb))
            rows.append({"value": yb.mean() - ya.mean(), "standard_error": np.sqrt(ya.var(ddof=1) / len(ya) + yb.var(ddof=1) / len(yb)), "units": [len(ya), len(yb)]})
        case = {"strata": rows}
        for name, weigh in [("units", lambda r: sum(r["units"])), ("overlap", lambda r: 1 / (1 / r["units"][0] + 1 / r["units"][1])), ("inverse_variance", lambda r: r["standard_error"] ** -2)]:
            w = np.array([weigh(r) for r in rows]) / sum(weigh(r) for r in rows)
            case[name] = {"value": np.dot(w, [r["value"] for r in rows]), "standard_error": np.linalg.norm(w * [r["standard_error"] for r in rows])}
        cases.append(case)
    return cases


def main():
    compared = arms()
    write("bayesian", {"arms": compared, "differences": differences(compared), "estimates": estimates(), "cuped": cuped(), "strata": strata()}, "scipy", "numpy", "mpmath")


if __name__ == "__main__":
    main()
