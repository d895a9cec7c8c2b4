"""Environments of models. pip and venv are stood in for by small scripts, so that no index is needed."""

import os
import subprocess
import sys
import tempfile
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from troupe.worker import environment

SCRIPT = Path(environment.__file__)


@pytest.fixture
def make(tmp_path):
    """Runs the script; `python -m venv` makes an interpreter that says what it was asked and does what `pip` says."""
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "venv.py").write_text(
        textwrap.dedent(
            f"""
            import os, pathlib, sys
            home = pathlib.Path(sys.argv[1])
            (home / "bin").mkdir(parents=True)
            python = home / "bin" / "python"
            python.write_text("#!/bin/sh\\necho built >>{tmp_path}/builds\\n" + os.environ["FAKE_PIP"] + "\\n")
            python.chmod(0o755)
            """
        )
    )

    def run(requirements=None, pip="echo installing $@", timeout=60.0):
        arguments = []
        if requirements is not None:
            file = Path(tempfile.mkdtemp(dir=tmp_path)) / "requirements.txt"  # Of this run alone: many may go at once.
            file.write_text(requirements)
            arguments = ["--requirements", str(file)]
        return subprocess.run(
            [sys.executable, str(SCRIPT), "--root", str(tmp_path / "venvs"), "--timeout", str(timeout), *arguments],
            env={**os.environ, "PYTHONPATH": str(modules), "FAKE_PIP": pip},
            capture_output=True,
            text=True,
            timeout=60,
        )

    run.builds = lambda: len((tmp_path / "builds").read_text().splitlines())
    return run


def test_it_is_built_once_and_found_again(make):
    first, second = make("scipy\n"), make("# what we need\nscipy \n\n")

    assert first.returncode == second.returncode == 0, first
    interpreter = Path(first.stdout.splitlines()[-1])
    assert interpreter.exists()
    assert second.stdout.splitlines() == [str(interpreter)]
    assert make.builds() == 1
    assert "pyzmq" in first.stdout and "-r" in first.stdout


def test_other_requirements_have_another_one(make):
    first, second, none = make("scipy==1.0"), make("scipy==1.1"), make()

    assert len({one.stdout.splitlines()[-1] for one in (first, second, none)}) == 3


def test_many_that_want_the_same_at_once_build_it_once(make):
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: make("scipy", pip="sleep 0.2"), range(4)))

    assert len({one.stdout.splitlines()[-1] for one in results}) == 1
    assert make.builds() == 1


def test_a_failure_is_told_in_the_words_of_pip_and_the_next_one_tries_again(make):
    bad = make("nosuch", pip="echo Collecting nosuch; echo ERROR: No matching distribution found for nosuch; exit 1")
    good = make("nosuch")

    assert bad.returncode == 1
    assert bad.stdout.splitlines()[-1].endswith("ERROR: No matching distribution found for nosuch")
    assert good.returncode == 0 and make.builds() == 2


def test_what_a_builder_that_died_left_is_built_anew(make, tmp_path):
    made = Path(make("scipy").stdout.splitlines()[-1])
    (made.parents[1] / "troupe-environment").unlink()

    again = make("scipy")

    assert again.stdout.splitlines()[-1] == str(made) and make.builds() == 2


def test_it_does_not_wait_for_ever(make):
    slow = make("scipy", pip="exec sleep 30", timeout=0.3)

    assert slow.returncode == 1 and "within 0.3 s" in slow.stdout.splitlines()[-1]
