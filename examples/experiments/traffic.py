"""Users of clerk: each asks some tasks; a program checks the answers and tells the gateway which were right.

    python examples/experiments/traffic.py http://127.0.0.1:8000 --users 200

Needs nothing but Python.
"""

import argparse
import http.client
import json
import pathlib
import random
import sys
import threading
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "models" / "clerk"))
import tasks  # noqa: E402

DRAWS = (tasks.draw_sum, tasks.draw_words, tasks.draw_roman, tasks.draw_date, tasks.draw_sort)


class Gateway:
    """One connection that is kept."""

    def __init__(self, url: str, key: str):
        parts = urllib.parse.urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self.connection = kind(parts.netloc, timeout=30)
        self.headers = {"content-type": "application/json"}
        if key:
            self.headers["authorization"] = f"Bearer {key}"

    def post(self, path: str, body: dict) -> dict:
        self.connection.request("POST", path, json.dumps(body), self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {text.decode(errors='replace')}")
        return json.loads(text)


def play(gateway: Gateway, user: str, count: int, chance: random.Random) -> "tuple[int, int]":
    """The user's tasks, asked one after the other, and which answers were right."""
    right = 0
    events = []
    for number in range(count):
        prompt = chance.choice(DRAWS)(chance)
        asked = {"model": "clerk", "user": user, "prompt": prompt, "temperature": 0, "max_tokens": 48}
        answer = gateway.post("/v1/completions", asked)["choices"][0]["text"]
        solved = tasks.check(prompt, answer)
        right += solved
        # Under an id of its own, so that it counts once however often it is sent.
        events.append({"unit": user, "name": "solved", "value": int(solved), "id": f"{user}/{number}"})
    gateway.post("/v1/events", {"events": events})
    return count, right


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("gateway", help="such as http://127.0.0.1:8000")
    options.add_argument("--users", type=int, default=200)
    options.add_argument("--tasks", type=int, default=3, help="of each user")
    options.add_argument("--at-once", type=int, default=8, help="users at the same time")
    options.add_argument("--seed", type=int, default=1, help="other users with another one")
    options.add_argument("--key", default="", help="API key, where the gateway wants one")
    wish = options.parse_args()

    users = iter(range(wish.users))
    lock = threading.Lock()
    asked = solved = 0
    failures: "list[str]" = []

    def work() -> None:
        nonlocal asked, solved
        gateway = Gateway(wish.gateway, wish.key)
        while True:
            with lock:
                number = next(users, None)
            if number is None or failures:
                return
            user = f"user-{wish.seed}-{number}"
            try:
                count, right = play(gateway, user, wish.tasks, random.Random(user))
            except (OSError, http.client.HTTPException, RuntimeError) as error:
                failures.append(str(error))
                return
            with lock:
                asked += count
                solved += right

    threads = [threading.Thread(target=work) for _ in range(wish.at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        sys.exit(failures[0])
    print(f"{wish.users} users asked {asked} tasks; {solved} answers were right")


if __name__ == "__main__":
    main()
