"""Writes slots.json: slots of units, and variants of experiments as the admin API shows them, as Python's xxhash has them.
Needs: pip install xxhash."""

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


def variant_of(shown, unit):
    """Slot by slot, so that it shares nothing with a search for the run."""
    said = shown["assignment"]
    if not unit:
        return None
    if unit in said["overrides"]:
        return said["overrides"][unit]
    if slot_of(unit, "layer/" + said["layer"]) not in range(said["layer_first"], said["layer_end"]):
        return None
    owners = {run["first"]: run["variant"] for run in said["slots"]}
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
for one in experiments:
    one["given"] = {unit: variant_of(one, unit) for unit in asked}
about = f"made by make_slots.py with xxhash {xxhash.VERSION}"
document = {"about": about, "cases": cases, "experiments": experiments}
Path(__file__).with_name("slots.json").write_text(json.dumps(document, ensure_ascii=False))
