"""Probabilities by mpmath to 40 digits, quantiles by scipy: python make_distributions.py"""

import math

import mpmath as mp
from common import write
from scipy import stats

mp.mp.dps = 40


def tails(density, x, low, high, deviation, size):
    """The integrals of `density` below and above x, from x outwards until nothing is left."""
    x = mp.mpf(x)

    def integral(sign, end):
        edges = [x]
        while len(edges) < 160 and (end - edges[-1]) * sign > 0:
            step = x + sign * deviation * len(edges) / 2
            edges.append(step if (end - step) * sign > 0 else end)
        return abs(mp.quad(density, edges))

    # In the far tail of one side the other is one less it.
    below, above = (None, None)
    if x < size:
        below = integral(-1, mp.mpf(low))
        above = 1 - below
    else:
        above = integral(1, mp.mpf(high))
        below = 1 - above
    return below, above


def beta_tails(a, b, x, y=None):
    """`y`: 1 - x where x has too few digits for it."""
    a, b, x = mp.mpf(a), mp.mpf(b), mp.mpf(x)
    y = 1 - x if y is None else y
    if max(a, b) <= 3000:
        tail = lambda a, b, x: mp.betainc(a, b, 0, x, regularized=True) if x < 1 else mp.mpf(1)
        return tail(a, b, x), tail(b, a, y)
    scale = mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)
    deviation = mp.sqrt(a * b / (a + b) ** 2 / (a + b + 1))
    return tails(lambda t: mp.exp((a - 1) * mp.log(t) + (b - 1) * mp.log1p(-t) - scale), x, 0, 1, deviation, a / (a + b))


def gamma_tails(shape, x):
    shape, x = mp.mpf(shape), mp.mpf(x)
    if shape <= 3000:
        return mp.gammainc(shape, 0, x, regularized=True), mp.gammainc(shape, x, mp.inf, regularized=True)
    scale = mp.loggamma(shape)
    density = lambda t: mp.exp((shape - 1) * mp.log(t) - t - scale)
    return tails(density, x, 0, mp.inf, mp.sqrt(shape), shape)


def t_tails(df, x):
    df, x = mp.mpf(df), mp.mpf(x)
    if df > 3000:
        scale = mp.loggamma((df + 1) / 2) - mp.loggamma(df / 2) - mp.log(df * mp.pi) / 2
        return tails(lambda t: mp.exp(scale - (df + 1) / 2 * mp.log1p(t * t / df)), x, -mp.inf, mp.inf, 1 / max(mp.mpf(1), abs(x)), 0)
    tail = mp.betainc(df / 2, mp.mpf(1) / 2, 0, df / (df + x * x), regularized=True) / 2
    return (tail, 1 - tail) if x < 0 else (1 - tail, tail)


def noncentral_t_tails(df, shift, x):
    """P(Z + shift <= x sqrt(W / df)), by the density of s = sqrt(W / df)."""
    df, shift, x = mp.mpf(df), mp.mpf(shift), mp.mpf(x)
    scale = mp.log(2) + df / 2 * mp.log(df / 2) - mp.loggamma(df / 2)
    density = lambda s: mp.exp(scale + (df - 1) * mp.log(s) - df * s * s / 2)
    width = 1 / mp.sqrt(2 * df)
    edges = [mp.mpf(0)] + [e for e in (1 + width * i for i in range(-40, 61)) if e > 0]
    phi = lambda z: mp.erfc(-z / mp.sqrt(2)) / 2
    below = mp.quad(lambda s: density(s) * phi(x * s - shift), edges)
    above = mp.quad(lambda s: density(s) * phi(shift - x * s), edges)
    return below, above


def hypergeometric_tails(population, marked, draws, x):
    mass = lambda k: mp.binomial(marked, k) * mp.binomial(population - marked, draws - k) / mp.binomial(population, draws)
    low, high = max(0, draws + marked - population), min(draws, marked)
    k = int(x)
    if high - low < 5000:
        return mp.fsum(mass(i) for i in range(low, k + 1)), mp.fsum(mass(i) for i in range(k + 1, high + 1))
    # Huge ones: sums outwards, each mass by the ratio to the one before.
    log_choose = lambda n, i: mp.loggamma(n + 1) - mp.loggamma(i + 1) - mp.loggamma(n - i + 1)
    at = lambda i: mp.exp(log_choose(marked, i) + log_choose(population - marked, draws - i) - log_choose(population, draws))
    free = population - marked - draws
    upper = k > draws * marked / population
    i = k + 1 if upper else k
    term = total = at(i)
    while term > total * mp.mpf(10) ** -25:
        if upper:
            term *= mp.mpf((marked - i) * (draws - i)) / ((i + 1) * (free + i + 1))
            i += 1
        else:
            term *= mp.mpf(i * (free + i)) / ((marked - i + 1) * (draws - i + 1))
            i -= 1
        total += term
    return (1 - total, total) if upper else (total, 1 - total)


def main():
    cases = []

    def sharpened(value, p, side, tails_at, whole):
        """scipy's quantile, corrected where mpmath finds its tail to be off."""
        if tails_at is None or math.isinf(value):
            return value
        if whole:  # the least count whose tail reaches p
            reaches = lambda k: tails_at(k)[side] >= p if side == 0 else tails_at(k)[side] <= p
            value = int(value)
            while not reaches(value):
                value += 1
            while value > 0 and reaches(value - 1):
                value -= 1
            return value
        off = lambda x: mp.log(tails_at(x)[side]) - mp.log(mp.mpf(p))
        last, x = mp.mpf(value), mp.mpf(value) * (1 + mp.mpf(10) ** -7)
        off_last = off(last)
        for _ in range(6):
            if abs(off_last) < mp.mpf(10) ** -14:
                break
            off_x = off(x)
            last, off_last, x = x, off_x, x - off_x * (x - last) / (off_x - off_last)
        return last

    def add(name, parameters, x, p, both, reference, mass=None, tails_at=None):
        case = {"distribution": name, "parameters": parameters, "x": x, "cdf": both[0], "survival": both[1]}
        if mass is not None:
            case["mass"] = mass
        case["p"] = p
        for key, value, side in (("quantile", reference.ppf(p), 0), ("quantile_upper", reference.isf(p), 1)):
            if not math.isnan(value):  # where scipy has no answer
                case[key] = sharpened(value, p, side, tails_at, mass is not None)
        cases.append(case)

    ps = [0.5, 0.025, 1e-10, 0.9, 1e-300, 0.2, 0.999, 1e-4]
    for i, (mean, deviation, x) in enumerate([(0, 1, 0), (0, 1, 1.96), (0, 1, -37), (0, 1, 30), (5, 0.25, 4), (-1e6, 1e3, -1e6), (0, 1, 8.5), (100, 15, 130)]):
        phi = lambda z: mp.erfc(-z / mp.sqrt(2)) / 2
        z = (mp.mpf(x) - mean) / deviation
        add("normal", [mean, deviation], x, ps[i], (phi(z), phi(-z)), stats.norm(mean, deviation))
    for i, (df, x) in enumerate([(1, 1), (2.5, -3), (5, 40), (30, 2.04), (1000, -8), (1e6, 6), (1e12, 2), (0.5, 1e6), (12, 0.001), (1e9, -20), (3, 1e20)]):
        add("t", [df], x, ps[i % 4], t_tails(df, x), stats.t(df), tails_at=lambda v: t_tails(df, v))
    for i, (df, x) in enumerate([(1, 3.84), (2, 1e-8), (3, 100), (10, 2.5), (99, 150), (1e4, 1e4), (1e6, 1.01e6), (1e9, 1e9 - 3e5), (1e12, 1e12 + 8e6), (1, 1400), (0.3, 0.01)]):
        add("chi-squared", [df], x, ps[i % 4], gamma_tails(mp.mpf(df) / 2, mp.mpf(x) / 2), stats.chi2(df), tails_at=lambda v: gamma_tails(mp.mpf(df) / 2, v / 2))
    for i, (a, b, x) in enumerate([(1, 1, 1), (3, 20, 4.5), (10, 1e6, 1.8), (2, 7, 1e4), (100, 50, 0.2), (1, 1e9, 30), (4, 1e12, 9), (5e5, 4e5, 1.01)]):
        at = lambda v: beta_tails(mp.mpf(a) / 2, mp.mpf(b) / 2, a * mp.mpf(v) / (a * mp.mpf(v) + b), b / (a * mp.mpf(v) + b))
        add("F", [a, b], x, ps[i % 4], at(x), stats.f(a, b), tails_at=at)
    for i, (a, b, x) in enumerate([(0.5, 0.5, 0.3), (1, 1, 0.7), (2, 30, 0.4), (300, 700, 0.25), (1e5, 2e5, 0.335), (1e6, 10, 0.9999), (5e8, 5e8, 0.50005), (3e11, 7e11, 0.300001), (40, 2, 1e-6)]):
        add("beta", [a, b], x, ps[i % 4], beta_tails(a, b, x), stats.beta(a, b), tails_at=lambda v: beta_tails(a, b, v))
    for i, (shape, scale, x) in enumerate([(1, 1, 2), (0.1, 3, 1e-9), (4.5, 0.5, 30), (250, 2, 400), (1e4, 1, 9.7e3), (1e7, 1, 1e7 + 2e4), (2e7, 0.5, 1e7 - 1e4), (1e10, 1, 1e10 + 3e5), (1e12, 2, 2e12)]):
        add("gamma", [shape, scale], x, ps[i % 4], gamma_tails(shape, mp.mpf(x) / scale), stats.gamma(shape, scale=scale), tails_at=lambda v: gamma_tails(shape, v / scale))
    for i, (df, shift, x) in enumerate([(5, 1, 2), (10, 2.8, 2.2), (10, 2.8, -2.2), (38, -1.5, 0.5), (198, 3.5, 1.97), (1998, 2.8, 1.961), (20, 0.5, 6), (1e5, 2.8, 1.96), (60, 10, 5), (3, 0.01, 1), (20, 3, -4), (20, -3, 6), (500, 3, -3), (1e8, 3.2, 1.96)]):
        add("noncentral t", [df, shift], x, [0.5, 0.025, 0.9, 0.2][i % 4], noncentral_t_tails(df, shift, x), stats.nct(df, shift))
    for i, (n, p, k) in enumerate([(10, 0.3, 3), (1, 0.5, 0), (100, 0.01, 9), (1000, 0.3, 343), (1000, 0.999, 980), (1000000, 0.2, 199000), (10**9, 1e-7, 130), (10**12, 0.3, 3 * 10**11), (10**12, 0.5, 5 * 10**11 - 4 * 10**6), (50, 1e-12, 2)]):
        above, below = beta_tails(k + 1, n - k, p)
        p_exact = mp.mpf(p)
        mass = mp.exp(mp.loggamma(n + 1) - mp.loggamma(k + 1) - mp.loggamma(n - k + 1) + k * mp.log(p_exact) + (n - k) * mp.log1p(-p_exact))
        add("binomial", [n, p], k, ps[i % 4], (below, above), stats.binom(n, p), mass, lambda k: (0, 1) if k < 0 else (1, 0) if k >= n else beta_tails(k + 1, n - k, p)[::-1])
    for i, (mean, k) in enumerate([(1, 0), (0.001, 2), (4.2, 15), (300, 240), (1e4, 10500), (1e6, 10**6), (1e9, 10**9 + 10**5), (1e12, 10**12 - 5 * 10**6)]):
        above, below = gamma_tails(k + 1, mean)
        mass = mp.exp(k * mp.log(mp.mpf(mean)) - mean - mp.loggamma(k + 1))
        add("Poisson", [mean], k, ps[i % 4], (below, above), stats.poisson(mean), mass, lambda k: gamma_tails(k + 1, mean)[::-1])
    for i, (population, marked, draws, k) in enumerate([(20, 7, 12, 4), (100, 5, 50, 0), (60, 30, 30, 22), (1000, 400, 300, 90), (10**6, 1000, 5 * 10**5, 620), (10**8, 3 * 10**4, 5 * 10**7, 14500), (10**5, 5 * 10**4, 5 * 10**4, 25100), (12, 12, 5, 5)]):
        both = hypergeometric_tails(population, marked, draws, k)
        log_choose = lambda n, i: mp.loggamma(n + 1) - mp.loggamma(i + 1) - mp.loggamma(n - i + 1)
        mass = mp.exp(log_choose(marked, k) + log_choose(population - marked, draws - k) - log_choose(population, draws))
        add("hypergeometric", [population, marked, draws], k, [0.5, 0.025, 0.2, 0.9][i % 4], both, stats.hypergeom(population, marked, draws), mass)
    write("distributions", {"cases": cases}, "scipy", "mpmath")


main()
