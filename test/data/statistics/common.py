"""What the make_*.py scripts of this folder share: each writes NAME.json beside itself."""

import json
import math
import pathlib
from importlib.metadata import version


def plain(value):
    """JSON has no infinities; what has no answer must not be in the data."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (str, bool, int)) or value is None:
        return value
    value = float(value)
    if math.isnan(value):
        raise ValueError("the reference has no answer")
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return int(value) if value == int(value) and abs(value) < 2**53 else value


def write(name, content, *libraries):
    """`content`: method -> list of cases; one case a line, so that a change shows."""
    lines = [f'"made_by": "make_{name}.py", "versions": {json.dumps({library: version(library) for library in libraries})}']
    for method, cases in content.items():
        rows = ",\n".join(json.dumps(plain(case)) for case in cases)
        lines.append(f"{json.dumps(method)}: [\n{rows}\n]")
    path = pathlib.Path(__file__).with_name(f"{name}.json")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(path.name, {method: len(cases) for method, cases in content.items()}, path.stat().st_size, "bytes")
