"""Adjusted p values by statsmodels: python make_multiplicity.py"""

import numpy as np
from common import write
from statsmodels.stats.multitest import multipletests

rng = np.random.default_rng(2)
NAMES = {"bonferroni": "bonferroni", "holm": "holm", "fdr_bh": "benjamini_hochberg"}


def main():
    cases = []
    sets = [[0.03], [0.01, 0.04], [0.5, 0.5, 0.5], [0.0, 1.0, 0.2], [1.0], [0.01, 0.01, 0.02, 0.9]]
    sets += [list(np.round(rng.beta(0.4, 2, n), 6)) for n in (3, 5, 10, 20, 50)] + [list(rng.uniform(0, 1, 30))]
    for p in sets:
        for theirs, ours in NAMES.items():
            cases.append(dict(p=p, correction=ours, adjusted=list(multipletests(p, method=theirs)[1])))
    write("multiplicity", {"cases": cases}, "statsmodels", "numpy")


main()
