"""Makes the virtual environment of a model, or finds it: python3 environment.py --root DIR [--requirements FILE]

Run by path with any Python 3.9 or later, before there is anything but the standard library. Environments lie under
ROOT/KEY, where KEY stands for the requirements and for the Python that runs this: replicas that want the same share one.
The last line of output is the path of the environment's interpreter; or, with exit status 1, why there is none.

An environment is built where it stays, because its scripts name their interpreter by its full path; what makes it valid
is a file that is written last. A lock keeps others waiting meanwhile; what a builder that died left is built anew.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import List, Optional

#: What the worker itself needs.
BASE = ["msgpack>=1.0", "numpy>=1.22", "pyzmq>=22"]

_VALID = "troupe-environment"
_REASON_LINES = 5
_running: List[subprocess.Popen] = []


class Failed(Exception):
    """The message is the last lines of what failed."""


def key_of(requirements: bytes) -> str:
    """Comments, blank lines and ends of lines make no difference; the order of lines may, so it is kept."""
    lines = [line.split(b" #")[0].strip() for line in requirements.splitlines()]
    wanted = b"\n".join(line for line in lines if line and not line.startswith(b"#"))
    python = f"{sys.implementation.cache_tag} {sys.version} {os.path.realpath(sys.executable)}"
    digest = hashlib.sha256("\0".join([python, *BASE]).encode() + b"\0" + wanted)
    return digest.hexdigest()[:16]


def ensure(root: Path, requirements: Optional[Path], timeout: float) -> Path:
    """The interpreter. Raises Failed."""
    text = requirements.read_bytes() if requirements is not None else b""
    home = root / key_of(text)
    interpreter = home / "bin" / "python"
    root.mkdir(parents=True, exist_ok=True)
    with open(root / f"{home.name}.lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (home / _VALID).exists() and interpreter.exists():
            return interpreter
        shutil.rmtree(home, ignore_errors=True)
        print(f"troupe: making the environment {home}", flush=True)
        try:
            _run([sys.executable, "-m", "venv", str(home)], timeout)
            _run([str(interpreter), *_pip(requirements)], timeout)
        except BaseException:
            shutil.rmtree(home, ignore_errors=True)
            raise
        (home / _VALID).write_bytes(text)
    return interpreter


def _pip(requirements: Optional[Path]) -> List[str]:
    named = ["-r", str(requirements)] if requirements is not None else []
    quiet = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    return ["-m", "pip", "install", *quiet, *BASE, *named]


def _run(command: List[str], timeout: float) -> None:
    """Passes the output on. Where it fails, its last error is the reason, else its last lines."""
    last: List[str] = []
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    _running.append(process)
    watchdog = _Watchdog(process, timeout)
    try:
        for line in process.stdout:
            print(line, end="", flush=True)
            last = (last + [line.strip()])[-_REASON_LINES:]
        code = process.wait()
    finally:
        watchdog.stop()
        if process.poll() is None:
            process.kill()
            process.wait()
        _running.remove(process)
    if watchdog.has_barked:
        raise Failed(f"pip was not done within {timeout:g} s")
    if code != 0:
        errors = [line for line in last if line.startswith("ERROR:")]
        raise Failed(" ".join(errors[-1:] or last) or f"{command[0]} ended with {code}")


class _Watchdog:
    """Kills a process that takes too long."""

    def __init__(self, process: subprocess.Popen, timeout: float):
        self.has_barked = False
        self._process = process
        self._timer = threading.Timer(timeout, self._bark)
        self._timer.daemon = True
        self._timer.start()

    def _bark(self) -> None:
        self.has_barked = True
        self._process.kill()

    def stop(self) -> None:
        self._timer.cancel()


def _watch(lifeline: int) -> None:
    """Ends this process and what it started when nobody wants the environment any more."""
    while os.read(lifeline, 1):
        pass
    for process in list(_running):
        process.kill()
    os._exit(1)


def main() -> int:
    parser = argparse.ArgumentParser(description="Makes or finds the virtual environment of a model.")
    parser.add_argument("--root", type=Path, required=True, help="folder of all environments")
    parser.add_argument("--requirements", type=Path, help="as pip reads them; default: none")
    parser.add_argument("--lifeline", type=int, metavar="FD", help="when this reads as ended, give up at once")
    parser.add_argument("--timeout", type=float, default=1800.0, help="seconds that each step may take")
    arguments = parser.parse_args()
    if arguments.lifeline is not None:
        os.set_inheritable(arguments.lifeline, False)
        threading.Thread(target=_watch, args=(arguments.lifeline,), daemon=True).start()
    try:
        print(ensure(arguments.root.resolve(), arguments.requirements, arguments.timeout))
    except (Failed, OSError) as error:
        print(f"the environment could not be made: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
