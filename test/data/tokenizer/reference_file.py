"""How the files of this folder are written."""

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def write(name: str, value: dict[str, Any]) -> None:
    """One line per member, and per item of a list."""
    members = []
    for key, member in value.items():
        lines_of_list = ",\n".join(compact(item) for item in member) if isinstance(member, list) else ""
        members.append(f"{compact(key)}:" + (f"[\n{lines_of_list}\n]" if isinstance(member, list) else compact(member)))
    (HERE / name).write_text("{" + ",\n".join(members) + "}\n")
