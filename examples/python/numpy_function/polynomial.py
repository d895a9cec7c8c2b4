"""A NumPy function as a model: the value of a polynomial at many points at once."""

import numpy as np
import troupe

COEFFICIENTS = np.array([2.0, -3.0, 1.0])  # 2 x² - 3 x + 1


@troupe.model
def polynomial(batch):
    x = batch["x"]
    if isinstance(x, list):  # Requests of different lengths: each for itself.
        return [{"y": np.polyval(COEFFICIENTS, one)} for one in x]
    if not np.isfinite(x).all():
        bad = ~np.isfinite(x).reshape(batch.size, -1).all(axis=1)
        error = troupe.ItemError("x must be finite", field="x")
        return [error if is_bad else {"y": np.polyval(COEFFICIENTS, one)} for one, is_bad in zip(x, bad)]
    return {"y": np.polyval(COEFFICIENTS, x)}
