"""Load: a steady closed loop of requests against a gateway's HTTP door, and what became of each."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass
from typing import List

import tasks
from http_client import Http


@dataclass
class Outcome:
    begun: float  # time.monotonic()
    ended: float
    problem: str  # Empty: answered, and rightly.


# clerk@2 knows the answers to all of these: its accuracy was measured on them.
PROMPTS = tasks.held_out_prompts("sum", 300, seed=0)


class Load:
    """`clients` threads, each asking clerk@2 one sum after the other. In a `with` block, or stop() it."""

    def __init__(self, url: str, model: str = "clerk@2", clients: int = 4):
        self._url = url
        self._model = model
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._outcomes: List[Outcome] = []
        self._threads = [threading.Thread(target=self._run, args=(seed,)) for seed in range(clients)]
        for thread in self._threads:
            thread.start()

    def outcomes(self) -> List[Outcome]:
        with self._lock:
            return list(self._outcomes)

    def problems(self) -> List[Outcome]:
        return [one for one in self.outcomes() if one.problem]

    def answered_since(self, begun: float) -> int:
        """Right answers to requests that began at `begun` (time.monotonic()) or later."""
        return sum(1 for one in self.outcomes() if one.begun >= begun and not one.problem)

    def longest(self) -> float:
        return max((one.ended - one.begun for one in self.outcomes()), default=0.0)

    def stop(self) -> List[Outcome]:
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        return self.outcomes()

    def __enter__(self) -> Load:
        return self

    def __exit__(self, *unused: object) -> None:
        self.stop()

    def _run(self, seed: int) -> None:
        rng = random.Random(seed)
        with Http(self._url) as door:
            while not self._stopping.is_set():
                begun = time.monotonic()
                problem = self._ask(door, rng.choice(PROMPTS))
                with self._lock:
                    self._outcomes.append(Outcome(begun, time.monotonic(), problem))

    def _ask(self, door: Http, prompt: str) -> str:
        try:
            answer = door.post(
                "/v1/completions", {"model": self._model, "prompt": prompt, "max_tokens": 8, "temperature": 0}
            )
        except Exception as error:  # Whatever it is, a client would have seen it.
            return repr(error)
        if answer.status != 200:
            return f"{answer.status}: {answer.body.decode(errors='replace')}"
        said = answer.json()["choices"][0]["text"]
        return "" if tasks.check(prompt, said) else f"{prompt} {said}"
