"""Quantiles by numpy, order statistics by scipy, clusters by statsmodels' robust errors: python make_quantiles.py"""

import numpy as np
import statsmodels.api as sm
from common import write
from scipy import stats

rng = np.random.default_rng(9)


def ranked(values, rank):
    return -np.inf if rank < 1 else np.inf if rank > len(values) else np.sort(values)[int(rank) - 1]


def outer(values, q, error, confidence):
    z = stats.norm.isf((1 - confidence) / 2)
    n = len(values)
    low, high = ranked(values, np.floor(n * (q - z * error))), ranked(values, np.ceil(n * (q + z * error)))
    return low, high, (high - low) / (2 * z)


def main():
    content = {"values": [], "clusters": [], "histogram": [], "difference": []}
    errors = []
    for n, q, confidence in [(30, 0.5, 0.95), (200, 0.9, 0.9), (500, 0.99, 0.95), (101, 0.25, 0.99), (12, 0.5, 0.8), (300, 0.75, 0.95), (64, 0.1, 0.9), (90, 0.05, 0.8), (45, 0.6, 0.95), (150, 0.95, 0.9), (20, 0.5, 0.99)]:
        values = np.round(rng.lognormal(3, 1, n), 3)
        interval = stats.quantile_test(values, q=0, p=q).confidence_interval(confidence)
        ends = [end if not np.isnan(end) else sign * np.inf for end, sign in zip(interval, (-1, 1))]
        estimate = np.quantile(values, q)
        error = outer(values, q, np.sqrt(q * (1 - q) / n), confidence)[2]
        errors.append((estimate, error))
        content["values"].append(dict(values=list(values), q=q, confidence=confidence, value=estimate, error=error, low=ends[0], high=ends[1]))
    for units, each, q, confidence in [(30, 4, 0.5, 0.95), (40, 5, 0.9, 0.9), (25, 8, 0.75, 0.99), (60, 2, 0.3, 0.95), (15, 3, 0.5, 0.8), (50, 1, 0.8, 0.9), (20, 6, 0.2, 0.95), (12, 12, 0.5, 0.99)]:
        size = 1 + rng.poisson(each, units)
        unit = np.repeat(np.arange(units) * 1000003, size)
        values = np.round(np.repeat(rng.normal(3, 1, units), size) + rng.normal(0, 1, len(unit)), 3)
        estimate = np.quantile(values, q)
        share = sm.OLS((values <= estimate).astype(float), np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": unit})
        low, high, error = outer(values, q, share.bse[0], confidence)
        content["clusters"].append(dict(units=[int(u) for u in unit], values=list(values), q=q, confidence=confidence, value=estimate, error=error, low=low, high=high))
    edges = np.round(np.geomspace(1, 2000, 31), 3)
    for n, q, confidence in [(1000, 0.5, 0.95), (5000, 0.99, 0.95), (300, 0.9, 0.9), (10**6, 0.999, 0.99), (50, 0.2, 0.8), (20000, 0.95, 0.95), (700, 0.1, 0.9), (100, 0.99, 0.95), (10**7, 0.5, 0.999), (3, 0.5, 0.5)]:
        counts, _ = np.histogram(np.clip(rng.lognormal(3, 1, n), 1.001, 1999), edges)
        running = np.r_[0, counts.cumsum()]
        bucket = lambda rank: np.searchsorted(running[1:], rank)
        at = lambda rank: edges[bucket(rank)] + (rank - running[bucket(rank)]) / counts[bucket(rank)] * np.diff(edges)[bucket(rank)]
        ranks = stats.binom.ppf((1 - confidence) / 2, n, q), stats.binom.isf((1 - confidence) / 2, n, q) + 1
        inside = [1 <= r <= n for r in ranks]
        z = stats.norm.isf((1 - confidence) / 2)
        reach = z * np.sqrt(q * (1 - q) / n)
        widths = [np.diff(edges)[bucket(r)] for r, ok in zip((n * q, *ranks), (True, *inside)) if ok]
        content["histogram"].append(dict(edges=list(edges), counts=[int(c) for c in counts], q=q, confidence=confidence, value=at(n * q), error=(at(n * (q + reach)) - at(n * (q - reach))) / (2 * z) if 0 < q - reach and q + reach <= 1 else np.inf, low=edges[bucket(ranks[0])] if inside[0] else -np.inf, high=edges[bucket(ranks[1]) + 1] if inside[1] else np.inf, bucket_error=max(widths)))
    for (v1, e1), (v2, e2) in zip(errors, errors[1:]):
        if not (np.isfinite(e1) and np.isfinite(e2)):
            continue
        error = np.hypot(e1, e2)
        z = (v2 - v1) / error
        half = stats.norm.isf(0.025) * error
        content["difference"].append(dict(first=[v1, e1], second=[v2, e2], statistic=z, p=2 * stats.norm.sf(abs(z)), estimate=v2 - v1, low=v2 - v1 - half, high=v2 - v1 + half))
    write("quantiles", content, "scipy", "statsmodels", "numpy")


main()
