"""python -m troupe.worker --connect ipc://PATH --lifeline FD --class MODULE:CLASS --folder FOLDER"""

from __future__ import annotations

import argparse
import ctypes
import faulthandler
import os
import signal
import sys
import traceback
from pathlib import Path

from ..errors import InternalError
from ..models import ModelBroken
from .channel import Channel
from .loading import LoadedModel, load_model
from .runner import Runner
from .work import Inbox, Steps

_OK, _FAILED = 0, 1
_PR_SET_PDEATHSIG = 1
_SWITCH_INTERVAL_S = 0.001  # So long at most an answer waits for the next call's Python code.


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m troupe.worker", description="Runs one Python model for a node.")
    parser.add_argument("--connect", required=True, metavar="ENDPOINT", help="the node's socket, ipc://PATH")
    parser.add_argument("--lifeline", type=int, metavar="FD", help="read end of a pipe that the node holds open")
    parser.add_argument("--class", dest="entry", metavar="MODULE:CLASS", help="default: what the node says")
    parser.add_argument("--folder", type=Path, help="where the module lies; default: what the node says")
    arguments = parser.parse_args()
    _be_a_child(arguments.lifeline)

    inbox, steps = Inbox(), Steps()
    channel = Channel(arguments.connect, arguments.lifeline, inbox, steps, f"python {sys.version.split()[0]}")
    channel.start()
    try:
        return _serve(arguments, inbox, steps, channel)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        channel.close()


def _be_a_child(lifeline: object) -> None:
    """The node decides when this ends, not the terminal it may have been started from."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    faulthandler.enable()
    sys.stdout.reconfigure(line_buffering=True)
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    sys.dont_write_bytecode = True  # A version in the store stays as it was stored.
    if isinstance(lifeline, int):
        os.set_inheritable(lifeline, False)


def _serve(arguments: argparse.Namespace, inbox: Inbox, steps: Steps, channel: Channel) -> int:
    spec = inbox.wait_for_spec()
    if spec is None:
        return _OK
    try:
        model = load_model(arguments.entry or spec.entry, arguments.folder or Path(spec.folder), spec.settings)
        channel.loaded()
        model.warm_up()
        slots = model.options.slots or 2 * max(1, spec.batching.size_max)
        inbox.open(slots)
        channel.warm(slots, model.options.longest_step, model.name, model.interface)
        Runner(model, spec.batching.size_max, inbox, steps, channel).run()
    except (Exception, SystemExit) as error:
        # Imports and hooks may do anything; what a request does is caught where it is called.
        traceback.print_exc()
        channel.fail(0, InternalError(_said(error)))
        return _FAILED
    _unload(model)
    return _OK


def _unload(model: LoadedModel) -> None:
    try:
        model.unload()
    except Exception:
        traceback.print_exc()


def _said(error: BaseException) -> str:
    """As the last line of its traceback."""
    if isinstance(error, ModelBroken):
        return str(error) or "the model says that it is broken"
    return traceback.format_exception_only(type(error), error)[-1].strip()


sys.exit(main())
