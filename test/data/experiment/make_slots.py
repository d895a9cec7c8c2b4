"""Writes slots.json: slots of units, and variants of experiments as the admin API shows them, as Python's xxhash has them.
Needs: pip install xxhash."""

import itertools
import json
from pathlib import Path

import xxhash

SLOTS_LOG2 = 16
SLOTS = 1 << SLOTS_LOG2


def slot_of(unit: str, salt: str) -> int:
    seed = xxhash.xxh3_64_intdigest(salt.encode())
    return xxhash.xxh3_64_intdigest(unit.encode(), seed=seed) >> (64 - SLOTS_LOG2)


def experiment(name, slots, layer="default", layer_slots=(0, SLOTS), overrides=None):
    """slots: where each run of them begins, and whose it is."""
    return {
        "name": name,
        "variants": [{"name": variant} for variant in sorted({variant for _, variant in slots})],
        "assignment": {
            "unit": "user",
            "salt": f"{name}@0123456789abcdef",
            "slots": [{"first": first, "variant": variant} for first, variant in slots],
            "layer": layer,
            "layer_first": layer_slots[0],
            "layer_end": layer_slots[1],
            "overrides": overrides or {},
        },
    }


def by_segment(name, segments, slots):
    """slots: of each segment, in the order of the combinations of parts, the last of which is all other values."""
    shown = experiment(name, slots[0])
    del shown["assignment"]["slots"]
    shown["assignment"]["segments"] = [{"feature": feature, "values": values} for feature, values in segments]
    shown["assignment"]["slots_by_segment"] = [
        [{"first": first, "variant": variant} for first, variant in of_one] for of_one in slots
    ]
    return shown


def is_value(value, known):
    return value == known if isinstance(value, str) else value is not None and value == float(known)


def runs_of(said, features):
    if "slots" in said:
        return said["slots"]
    parts = [[*one["values"], None] for one in said["segments"]]
    values = [features.get(one["feature"]) for one in said["segments"]]
    for combination, runs in zip(itertools.product(*parts), said["slots_by_segment"]):
        fits = [
            not any(is_value(value, known) for known in all_of[:-1]) if part is None else is_value(value, part)
            for value, part, all_of in zip(values, combination, parts)
        ]
        if all(fits):
            return runs
    raise AssertionError(features)


def variant_of(shown, unit, features):
    """Slot by slot, so that it shares nothing with a search for the run."""
    said = shown["assignment"]
    if not unit:
        return None
    if unit in said["overrides"]:
        return said["overrides"][unit]
    if slot_of(unit, "layer/" + said["layer"]) not in range(said["layer_first"], said["layer_end"]):
        return None
    owners = {run["first"]: run["variant"] for run in runs_of(said, features)}
    owner = None
    for slot in range(slot_of(unit, said["salt"]) + 1):
        owner = owners.get(slot, owner)
    return owner


units = ["", "a", "anna", "ünit-✓", "x" * 17, "y" * 129, "z" * 241, "w" * 5000] + [f"user-{i}" for i in range(60)]
cases = [
    {"unit": unit, "salt": salt, "slot": slot_of(unit, salt)} for salt in ("checkout", "layer/main", "") for unit in units
]
halves = [(0, "control"), (SLOTS // 2, "treatment")]
experiments = [
    experiment("halves", halves),
    experiment("pieces", [(0, "a"), (9830, "c"), (13107, "b"), (26214, "a"), (39321, "c"), (65535, "b")]),
    experiment("share", halves, "main", (6554, 39321), {"tester": "treatment", "user-3": "control", "ünit-✓": "treatment"}),
    experiment("rest", [(0, "only")], "main", (39321, SLOTS)),
]
asked = ["", "anna", "ünit-✓", "tester"] + [f"user-{i}" for i in range(40)]
plans = [("header.x-plan", ["free", "pro"]), ("parameters.temperature", ["0", "0.50"])]
experiments.append(by_segment("plans", plans, [[(0, "a"), (SLOTS * i // 10, "b")] for i in range(1, 10)]))
for one in experiments:
    one["given"] = {unit: variant_of(one, unit, {}) for unit in asked}
experiments[-1]["given_by_features"] = [
    {"features": features, "given": {unit: variant_of(experiments[-1], unit, features) for unit in asked}}
    for features in (
        {"header.x-plan": "pro"},
        {"header.x-plan": "pro", "parameters.temperature": 0},
        {"header.x-plan": "Pro", "parameters.temperature": 0},
        {"header.x-plan": "free", "parameters.temperature": 0.5},
        {"header.x-plan": "free", "parameters.temperature": "0.50"},
        {"header.x-plan": "free", "parameters.temperature": "0.5"},
        {"header.x-plan": "free", "parameters.temperature": 0.25},
        {"parameters.temperature": 0, "region": "eu"},
    )
]
about = f"made by make_slots.py with xxhash {xxhash.VERSION}"
document = {"about": about, "cases": cases, "experiments": experiments}
Path(__file__).with_name("slots.json").write_text(json.dumps(document, ensure_ascii=False))
