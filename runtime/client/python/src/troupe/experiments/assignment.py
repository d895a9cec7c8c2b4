"""Who is given which variant, as gateways work it out (actors/experiment/assignment). Needs xxhash: troupe[experiments]."""

from __future__ import annotations

import bisect
import json
from typing import Any, Mapping, Optional, Union

from ..errors import FailedPrecondition, InvalidArgument

#: All units of a question fall into so many equal parts.
SLOT_COUNT = 1 << 16


def slot_of(salt: str, unit: str) -> int:
    """In range(SLOT_COUNT): the upper 16 bits of XXH3 (64 bits) of `unit`, seeded with XXH3 of `salt`."""
    xxhash = _xxhash()
    seed = xxhash.xxh3_64_intdigest(salt.encode())
    return xxhash.xxh3_64_intdigest(unit.encode(), seed=seed) >> 48


def variant_of(experiment: Union[str, bytes, Mapping[str, Any]], unit: str) -> Optional[str]:
    """The variant that a unit is given, None where the experiment has not got it: others of its layer have, or nobody.

    experiment: what `troupe experiment status NAME --json` and GET /api/v1/experiments/NAME say of it, as text or parsed.
    The answer is that of its present allocation, or of the last one where it has ended. Its targets are not looked at: they
    are about requests, and those that they leave out are given no variant whosever they are.
    """
    shown = json.loads(experiment) if isinstance(experiment, (str, bytes)) else experiment
    if "assignment" not in shown:
        raise InvalidArgument("this is no experiment: it has no 'assignment', as `troupe experiment status NAME --json` has")
    assignment = shown["assignment"]
    if assignment is None:
        raise FailedPrecondition(f"experiment {shown.get('name')} has not been started, so nobody is given a variant")
    if not unit:
        return None
    if unit in assignment["overrides"]:
        return assignment["overrides"][unit]
    # A layer and an experiment of one name are two questions.
    layer_slot = slot_of("layer/" + assignment["layer"], unit)
    if not assignment["layer_first"] <= layer_slot < assignment["layer_end"]:
        return None
    runs = assignment["slots"]
    return runs[bisect.bisect_right([run["first"] for run in runs], slot_of(assignment["salt"], unit)) - 1]["variant"]


def _xxhash() -> Any:
    try:
        import xxhash
    except ImportError:
        raise ImportError("slots are hashes of xxhash, which is not installed: pip install 'troupe[experiments]'") from None
    return xxhash
