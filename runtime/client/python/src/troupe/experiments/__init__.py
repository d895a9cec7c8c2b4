"""Experiments outside of the cluster: who is given which variant, and raw events as Parquet.

    import troupe.experiments

    shown = json.loads(subprocess.check_output(["troupe", "experiment", "status", "sums", "--json"]))
    troupe.experiments.variant_of(shown, "anna")  # "treatment"
    troupe.experiments.to_parquet("sums.csv", "sums.parquet")
"""

from .assignment import SLOT_COUNT, slot_of, variant_of
from .parquet import to_parquet

__all__ = ["SLOT_COUNT", "slot_of", "to_parquet", "variant_of"]
