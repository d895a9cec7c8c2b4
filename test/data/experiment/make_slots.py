"""Writes slots.json: slots of units as Python's xxhash has them. Needs: pip install xxhash."""

import json
from pathlib import Path

import xxhash

SLOTS_LOG2 = 16


def slot_of(unit: str, salt: str) -> int:
    seed = xxhash.xxh3_64_intdigest(salt.encode())
    return xxhash.xxh3_64_intdigest(unit.encode(), seed=seed) >> (64 - SLOTS_LOG2)


units = ["", "a", "anna", "ünit-✓", "x" * 17, "y" * 129, "z" * 241, "w" * 5000] + [f"user-{i}" for i in range(60)]
cases = [
    {"unit": unit, "salt": salt, "slot": slot_of(unit, salt)} for salt in ("checkout", "layer/main", "") for unit in units
]
about = f"made by make_slots.py with xxhash {xxhash.VERSION}"
Path(__file__).with_name("slots.json").write_text(json.dumps({"about": about, "cases": cases}, ensure_ascii=False))
