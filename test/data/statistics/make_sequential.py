"""Sequences by mpmath's sums, integrals and roots to 30 digits, and group-sequential boundaries by Simpson's rule:
python make_sequential.py"""

import numpy as np
import mpmath as mp
from common import write
from scipy import integrate, optimize, stats

mp.mp.dps = 30


class Batch:
    """One batch's conditional likelihood: the second arm's successes given all margins."""

    def __init__(self, n1, s1, n2, s2):
        self.n1, self.n2, self.s, self.k = n1, n2, s1 + s2, s2
        self.low, self.high = max(0, self.s - n1), min(n2, self.s)
        self.terms = None
        if self.high - self.low < 3000:
            raw = [mp.binomial(n2, k) * mp.binomial(n1, self.s - k) for k in range(self.low, self.high + 1)]
            total = mp.fsum(raw)
            self.terms = [term / total for term in raw]

    def log_moment(self, theta):
        """log E0[exp(theta (K - k))]"""
        if self.terms is not None:
            return mp.log(mp.fsum(t * mp.exp(theta * (self.low + i - self.k)) for i, t in enumerate(self.terms)))
        # Too many: outwards from the greatest term until nothing is left, by the ratio of neighbours.
        odds = mp.exp(theta)
        ratio = lambda k: (self.s - k) * mp.mpf(self.n2 - k) / (mp.mpf(k + 1) * (self.n1 - self.s + k + 1)) * odds
        low, high = self.low, self.high
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if ratio(middle) > 1 else (low, middle)
        total, mode = mp.mpf(1), low
        term, k = mp.mpf(1), mode
        while k < self.high and term > mp.mpf(10) ** -25:
            term *= ratio(k)
            k += 1
            total += term
        term, k = mp.mpf(1), mode
        while k > self.low and term > mp.mpf(10) ** -25:
            term /= ratio(k - 1)
            k -= 1
            total += term
        log_choose = lambda n, i: mp.loggamma(n + 1) - mp.loggamma(i + 1) - mp.loggamma(n - i + 1)
        log_p0 = log_choose(self.n2, mode) + log_choose(self.n1, self.s - mode) - log_choose(self.n1 + self.n2, self.s)
        return log_p0 + theta * (mode - self.k) + mp.log(total)


def log_likelihood(batches, theta):
    return -mp.fsum(batch.log_moment(mp.mpf(theta)) for batch in batches)


def odds_likelihood():
    cases = []
    for rows in [
        [[1, 0, 1, 1]],
        [[16, 3, 17, 6]],
        [[30, 29, 2, 1], [4, 1, 40, 39]],
        [[120, 60, 130, 71]],
        [[400, 390, 600, 300]],
        [[5000, 100, 5100, 140], [3, 1, 2, 1]],
        [[300, 150, 10, 9]],
        [[10**6, 400000, 10**6 + 1, 400900]],
        [[10**9, 2 * 10**8, 5 * 10**7, 10**7 + 9000]],
        [[10**9, 130, 10**9, 170]],
    ]:
        batches = [Batch(*row) for row in rows]
        thetas = [0.0, 0.03, -0.21, 1.0, -2.5, 4.0] if sum(map(sum, rows)) < 10**8 else [0.01, 0.3]
        cases.append({"batches": rows, "theta": thetas, "value": [log_likelihood(batches, t) for t in thetas]})
    return cases


def rate_watch():
    cases = []
    rng = np.random.default_rng(1)
    drifting = []
    for hour in range(12):
        rate = 0.05 + 0.3 * hour / 12
        n1, n2 = int(rng.integers(40, 80)), int(rng.integers(40, 80))
        drifting.append([n1, int(rng.binomial(n1, rate)), n2, int(rng.binomial(n2, rate * 1.3))])
    for rows, sd, alternative in [
        ([[16, 3, 17, 6]], 0.2, "two-sided"),
        (drifting, 0.2, "two-sided"),
        (drifting, 1.0, "greater"),
        (drifting, 0.5, "less"),
        ([[100, 10, 100, 45], [100, 10, 100, 45]], 0.3, "two-sided"),
        ([[20, 20, 20, 0]], 2.0, "less"),
        ([[1500, 300, 1500, 345]], 0.1, "two-sided"),
    ]:
        batches, sd = [Batch(*row) for row in rows], mp.mpf(sd)
        low, high = (0 if alternative == "greater" else -4), (0 if alternative == "less" else 4)
        edges = [low + (high - low) * mp.mpf(i) / 32 for i in range(33)]
        mass = mp.quad(lambda t: mp.npdf(t, 0, sd), edges)
        mixture = mp.log(mp.quad(lambda t: mp.exp(log_likelihood(batches, t)) * mp.npdf(t, 0, sd), edges) / mass)
        grid = [mp.mpf(i) / 20 - 4 for i in range(161)]
        peak = max(grid, key=lambda t: log_likelihood(batches, t))
        case = {"batches": rows, "prior_sd": sd, "alternative": alternative, "alpha": 0.05, "log_e": mixture}
        level = mixture + mp.log(mp.mpf("0.05"))
        if -4 < peak < 4:
            case["estimate"] = mp.findroot(lambda t: mp.diff(lambda u: log_likelihood(batches, u), t), peak)
        gap = lambda t: log_likelihood(batches, t) - level
        case["low"], case["high"] = "-inf", "inf"
        if alternative != "less":
            case["low"] = mp.findroot(gap, (-4, peak), solver="anderson") if gap(-4) < 0 else None
        if alternative != "greater":
            case["high"] = mp.findroot(gap, (peak, 4), solver="anderson") if gap(4) < 0 else None
        cases.append(case)
    return cases


def log_ratio(a, b, s, f, p):
    log_beta = lambda x, y: mp.loggamma(x) + mp.loggamma(y) - mp.loggamma(x + y)
    value = log_beta(mp.mpf(a) + s, mp.mpf(b) + f) - log_beta(mp.mpf(a), mp.mpf(b))
    return value - (s * mp.log(p) if s else 0) - (f * mp.log(1 - p) if f else 0)


def bisect(f, inside, outside):
    """Where f turns from negative at `inside` to positive towards `outside`."""
    if f(outside) < 0:
        return outside
    for _ in range(75):
        middle = (inside + outside) / 2
        if f(middle) < 0:
            inside = middle
        else:
            outside = middle
    return outside


tiny = mp.mpf(10) ** -28


def rate_sequence():
    cases = []
    for s, n, a, b, alpha in [(0, 1, 0.5, 0.5, 0.05), (3, 10, 0.5, 0.5, 0.05), (10, 10, 1, 1, 0.05), (1234, 100000, 0.5, 0.5, 0.001), (4 * 10**8, 10**9, 0.5, 0.5, 0.05), (7, 10**9, 2, 50, 0.05)]:
        level = -mp.log(mp.mpf(alpha))
        gap = lambda p: log_ratio(a, b, s, n - s, p) - level
        rate = min(max(mp.mpf(s) / n, tiny), 1 - tiny)
        cases.append({"successes": s, "trials": n, "prior": [a, b], "alpha": alpha,
                      "low": 0 if s == 0 else bisect(gap, rate, tiny), "high": 1 if s == n else bisect(gap, rate, 1 - tiny)})
    return cases


def rate_difference():
    cases = []
    for s1, n1, s2, n2, alpha in [(3, 10, 6, 11, 0.05), (100, 1000, 150, 1000, 0.05), (0, 50, 4, 60, 0.05), (50000, 10**6, 50500, 10**6, 0.01), (10**8, 10**9, 10**8 + 50000, 10**9, 0.05)]:
        level = -mp.log(mp.mpf(alpha))

        def joint(d):
            low, high = max(mp.mpf(0), -d) + tiny, min(mp.mpf(1), 1 - d) - tiny
            slope = lambda p: (n1 - s1) / (1 - p) - s1 / p + (n2 - s2) / (1 - p - d) - s2 / (p + d)
            for _ in range(85):
                p = (low + high) / 2
                low, high = (p, high) if slope(p) < 0 else (low, p)
            return log_ratio(0.5, 0.5, s1, n1 - s1, p) + log_ratio(0.5, 0.5, s2, n2 - s2, p + d)

        estimate = mp.mpf(s2) / n2 - mp.mpf(s1) / n1
        cases.append({"a": [n1, s1], "b": [n2, s2], "alpha": alpha, "log_e": joint(mp.mpf(0)), "estimate": estimate,
                      "low": bisect(lambda d: joint(d) - level, estimate, -1 + mp.mpf("1e-6")),
                      "high": bisect(lambda d: joint(d) - level, estimate, 1 - mp.mpf("1e-6"))})
    return cases


def mean_sequence():
    cases = []
    for value, se, sd, alpha, alternative in [(0.3, 0.1, 0.2, 0.05, "two-sided"), (-5, 2, 1, 0.01, "two-sided"), (0.3, 0.1, 0.2, 0.05, "greater"), (0.3, 0.1, 0.2, 0.05, "less"), (1e-6, 3e-7, 1e-5, 0.001, "greater"), (400, 10, 30, 0.05, "less"), (0, 1, 0.3, 0.05, "two-sided")]:
        value, se, sd = mp.mpf(value), mp.mpf(se), mp.mpf(sd)

        def log_e(null):
            # The estimate's likelihood, averaged over effects around the null.
            v = value - null
            low, high = (0 if alternative == "greater" else -12 * sd), (0 if alternative == "less" else 12 * sd)
            centre, width = v * sd**2 / (sd**2 + se**2), sd * se / mp.sqrt(sd**2 + se**2)
            inside = [centre + i * width for i in range(-14, 15)]
            near_zero = [end * mp.mpf(2) ** -i for end in (low, high) for i in range(30)]  # Where a far value's mass is.
            edges = sorted({low, high, *[x for x in inside + near_zero if low < x < high]})
            prior = (2 if alternative != "two-sided" else 1) / sd
            mixed = mp.quad(lambda t: mp.npdf((v - t) / se) * mp.npdf(t / sd) * prior, edges)
            return mp.log(mixed / mp.npdf(v / se))

        level = -mp.log(mp.mpf(alpha))
        gap = lambda null: log_e(null) - level
        low = bisect(gap, value, value - 30 * se) if alternative != "less" else "-inf"
        high = bisect(gap, value, value + 30 * se) if alternative != "greater" else "inf"
        x = -mp.re(mp.lambertw(-mp.mpf(alpha) ** 2 / mp.e, -1)) - 1
        cases.append({"value": value, "standard_error": se, "prior_sd": sd, "alpha": alpha, "alternative": alternative,
                      "log_e": log_e(0), "low": low, "high": high, "tuned": mp.sqrt(x) * se})
    return cases


def rank_evidence(total, p, planned, alpha):
    """Evidence that a point is too low (too high) for the quantile, for 0 to `total` values not above (below) it."""
    x = -mp.re(mp.lambertw(-mp.mpf(alpha) ** 2 / mp.e, -1)) - 1
    a, b = planned / x * p, planned / x * (1 - p)
    low, high = [], []
    below = lambda u, v: mp.re(mp.betainc(u, v, 0, p, regularized=True))
    above = lambda u, v: mp.re(mp.betainc(v, u, 0, 1 - p, regularized=True))
    for k in range(total + 1):
        ratio = log_ratio(a, b, k, total - k, mp.mpf(p))
        low.append(ratio + mp.log(below(a + k, b + total - k)) - mp.log(below(a, b)))
        high.append(ratio + mp.log(above(a + k, b + total - k)) - mp.log(above(a, b)))
    return low, high


def quantiles():
    cases = []
    rng = np.random.default_rng(2)
    for n1, n2, p, planned, alpha, shift in [(150, 180, 0.5, 100, 0.05, 0.9), (220, 160, 0.9, 200, 0.05, 0.0), (30, 40, 0.5, 100, 0.05, 0.3)]:
        values = [np.sort(np.round(rng.normal(0, 1, n1), 2)), np.sort(np.round(rng.normal(shift, 1, n2), 2))]
        p = mp.mpf(p)
        evidence = [rank_evidence(len(v), p, planned, alpha) for v in values]

        def least(arm):  # (point, evidence that it is too low), all points that could be an end
            own = values[arm]
            return [(-np.inf, evidence[arm][0][0])] + [(x, evidence[arm][0][int(np.sum(own <= x))]) for x in np.unique(own)]

        def greatest(arm):
            own = values[arm]
            return [(x, evidence[arm][1][int(np.sum(own < x))]) for x in np.unique(own)] + [(np.inf, evidence[arm][1][len(own)])]

        def single(arm):
            level = mp.log(2 / mp.mpf(alpha))
            return min(x for x, e in least(arm) if e < level), max(x for x, e in greatest(arm) if e < level)

        def extreme(lower, upper, level):
            best = -np.inf
            above = greatest(upper)
            for x, e in least(lower):
                for y, g in above:
                    if e + g < level:
                        best = max(best, y - x)
            return best

        def difference(log_inverse_alpha):
            level = mp.log(2) + log_inverse_alpha
            return -extreme(1, 0, level), extreme(0, 1, level)

        low, high = mp.mpf(0), mp.mpf(60)
        rejects = lambda level: difference(level)[0] > 0 or difference(level)[1] < 0
        if not rejects(mp.mpf(0)):
            high = mp.mpf(0)
        else:
            for _ in range(36):
                middle = (low + high) / 2
                low, high = (middle, high) if rejects(middle) else (low, middle)
        pair = difference(-mp.log(mp.mpf(alpha)))
        singles = [single(0), single(1)]
        cases.append({"a": values[0].tolist(), "b": values[1].tolist(), "quantile": p, "planned": planned, "alpha": alpha,
                      "interval_a": singles[0], "interval_b": singles[1], "low": pair[0], "high": pair[1], "log_inverse_p": high})
    return cases


def simpson_boundaries(fractions, spent, two_sided):
    """The Brownian score at each look on a uniform grid of what was not rejected, Simpson's weights."""
    boundaries, density, grid, before = [], None, None, 0
    for i, t in enumerate(fractions):
        step = t - before
        if density is None:
            crossing = lambda z: stats.norm.sf(z)
        else:
            crossing = lambda z: integrate.simpson(density * stats.norm.sf((z * np.sqrt(t) - grid) / np.sqrt(step)), x=grid)
        target = spent[i] - (spent[i - 1] if i else 0)
        z = optimize.brentq(lambda u: np.log(max(crossing(u), 1e-300)) - np.log(target), -5, 12, xtol=1e-13)
        boundaries.append(z)
        end = min(z, 9.5) * np.sqrt(t)
        fresh = np.linspace(-end if two_sided else -9.5 * np.sqrt(t), end, 3001)
        if density is None:
            density = stats.norm.pdf(fresh, scale=np.sqrt(t))
        else:
            density = np.array([integrate.simpson(density * stats.norm.pdf(u - grid, scale=np.sqrt(step)), x=grid) for u in fresh])
        grid, before = fresh, t
    return boundaries


def group_sequential():
    cases = []
    spending = {
        "obrien_fleming": lambda t, a, g: 2 * stats.norm.sf(stats.norm.isf(a / 2) / np.sqrt(t)),
        "pocock": lambda t, a, g: a * np.log1p((np.e - 1) * t),
        "hwang_shih_decani": lambda t, a, g: a * t if g == 0 else a * np.expm1(-g * t) / np.expm1(-g),
    }
    for name, gamma, alpha, alternative, fractions in [
        ("obrien_fleming", 0, 0.05, "two-sided", [1 / 3, 2 / 3, 1]),
        ("obrien_fleming", 0, 0.05, "two-sided", [0.2, 0.4, 0.6, 0.8, 1]),
        ("obrien_fleming", 0, 0.01, "greater", [0.1, 0.35, 0.5, 0.9]),
        ("pocock", 0, 0.05, "two-sided", [0.2, 0.4, 0.6, 0.8, 1]),
        ("pocock", 0, 0.025, "less", [0.5, 1]),
        ("hwang_shih_decani", -4, 0.025, "greater", [1 / 3, 2 / 3, 1]),
        ("hwang_shih_decani", 1, 0.05, "two-sided", [0.25, 0.3, 0.7, 1]),
        ("hwang_shih_decani", 0, 0.1, "two-sided", [0.05, 0.5, 1]),
        ("pocock", 0, 0.05, "two-sided", [(i + 1) / 20 for i in range(20)]),
        ("obrien_fleming", 0, 0.05, "two-sided", [1]),
    ]:
        sides = 2 if alternative == "two-sided" else 1
        spent = [spending[name](t, alpha / sides, gamma) for t in fractions]
        z = simpson_boundaries(fractions, spent, sides == 2)
        cases.append({"spending": name, "gamma": gamma, "alpha": alpha, "alternative": alternative, "fractions": fractions,
                      "z": z, "spent": [s * sides for s in spent], "nominal_p": [sides * stats.norm.sf(u) for u in z]})
    return cases


def sample_ratio():
    cases = []
    for revisions, concentration in [
        ([([0.5, 0.5], [520, 480])], 1000),
        ([([0.9, 0.1], [9000, 900]), ([0.5, 0.5], [30000, 29000])], 1000),
        ([([0.2, 0.3, 0.5], [2100, 2900, 5050])], 50),
        ([([0.5, 0.5], [500100000, 499900000])], 1000),
        ([([0.05, 0.95, 0], [49, 951, 0]), ([0.25, 0.25, 0.5], [250, 260, 500])], 200),
    ]:
        log_e, chi, df = mp.mpf(0), 0, 0
        for weights, units in revisions:
            kept = [(mp.mpf(w), u) for w, u in zip(weights, units) if w > 0]
            total = sum(u for _, u in kept)
            log_e += mp.loggamma(concentration) - mp.loggamma(concentration + total)
            log_e += mp.fsum(mp.loggamma(concentration * w + u) - mp.loggamma(concentration * w) - u * mp.log(w) for w, u in kept)
            result = stats.chisquare([u for _, u in kept], [float(w) * total for w, _ in kept])
            chi, df = chi + result.statistic, df + len(kept) - 1
        cases.append({"revisions": [{"weights": w, "units": u} for w, u in revisions], "concentration": concentration,
                      "log_e": log_e, "chi_square": chi, "p_value": stats.chi2.sf(chi, df)})
    return cases


def main():
    write("sequential", {
        "odds_likelihood": odds_likelihood(), "rate_watch": rate_watch(), "rate_sequence": rate_sequence(),
        "rate_difference": rate_difference(), "mean_sequence": mean_sequence(), "quantiles": quantiles(),
        "group_sequential": group_sequential(), "sample_ratio": sample_ratio()}, "scipy", "mpmath", "numpy")


if __name__ == "__main__":
    main()
