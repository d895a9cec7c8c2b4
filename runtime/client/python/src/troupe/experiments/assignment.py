"""Who is given which variant, as gateways work it out (actors/experiment/assignment). Needs xxhash: troupe[experiments]."""

from __future__ import annotations

import bisect
import json
import re
from typing import Any, List, Mapping, Optional, Union

from ..errors import FailedPrecondition, InvalidArgument

#: All units of a question fall into so many equal parts.
SLOT_COUNT = 1 << 16
#: As gateways read numbers.
_NUMBER = r"-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"


def slot_of(salt: str, unit: str) -> int:
    """In range(SLOT_COUNT): the upper 16 bits of XXH3 (64 bits) of `unit`, seeded with XXH3 of `salt`."""
    xxhash = _xxhash()
    seed = xxhash.xxh3_64_intdigest(salt.encode())
    return xxhash.xxh3_64_intdigest(unit.encode(), seed=seed) >> 48


def variant_of(
    experiment: Union[str, bytes, Mapping[str, Any]], unit: str, features: Optional[Mapping[str, Any]] = None
) -> Optional[str]:
    """The variant that a unit is given, None where the experiment has not got it: others of its layer have, or nobody.

    experiment: what `troupe experiment status NAME --json` and GET /api/v1/experiments/NAME say of it, as text or parsed.
    The answer is that of its present allocation, or of the last one where it has ended. Its targets are not looked at: they
    are about requests, and those that they leave out are given no variant whosever they are.

    features: of the request, by their names in the definition: {"header.x-plan": "pro", "parameters.temperature": 0.5}; text of
    headers, numbers of sampling. Needed where a bandit gives each segment weights of its own (`policy: linear`), else not
    looked at; what it does not name the request has not.
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
    runs = _runs_of(shown, features)
    return runs[bisect.bisect_right([run["first"] for run in runs], slot_of(assignment["salt"], unit)) - 1]["variant"]


def _runs_of(shown: Mapping[str, Any], features: Optional[Mapping[str, Any]]) -> List[Mapping[str, Any]]:
    """Those of the request's segment, where each has its own."""
    assignment = shown["assignment"]
    if "slots_by_segment" not in assignment:
        return assignment["slots"]
    if features is None:
        names = ", ".join(one["feature"] for one in assignment["segments"])
        raise InvalidArgument(f"experiment {shown.get('name')} needs features: its variants depend on {names}", "features")
    segment = 0
    for one in assignment["segments"]:
        segment = segment * (len(one["values"]) + 1) + _part_of(one["values"], features.get(one["feature"]))
    return assignment["slots_by_segment"][segment]


def _part_of(values: List[str], value: Any) -> int:
    """Which of the values it is, len(values) where it is none of them. A number is the one that spells it."""
    if isinstance(value, str):
        found = [known == value for known in values]
    else:
        found = [value is not None and re.fullmatch(_NUMBER, known) is not None and float(known) == value for known in values]
    return found.index(True) if True in found else len(values)


def _xxhash() -> Any:
    try:
        import xxhash
    except ImportError:
        raise ImportError("slots are hashes of xxhash, which is not installed: pip install 'troupe[experiments]'") from None
    return xxhash
