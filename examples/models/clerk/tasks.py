"""The tasks of clerk: prompts, their answers, and the check that an answer is right.

Needs nothing but Python, so that any program can import it to grade what a server says.
A prompt ends in " =" and the answer follows after one space: "47 + 58 =" -> " 105".
"""

import hashlib
import random
from collections.abc import Callable

MONTHS = ("January February March April May June July August September October November December").split()
ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
ROMANS = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
    (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip
LETTERS = "abcdefghijklmnopqrstuvwxyz"

# One prompt in ten is never trained on.
HELD_OUT_SHARE = 0.1


def spell(number: int) -> str:
    """English words of 0..9999: 342 -> "three hundred forty-two"."""
    if number < 20:
        return ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return TENS[tens] + (f"-{ONES[ones]}" if ones else "")
    size, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    high, low = divmod(number, size)
    return f"{ONES[high]} {name}" + (f" {spell(low)}" if low else "")


def roman(number: int) -> str:
    """Roman numeral of 1..3999."""
    digits = ""
    for value, letters in ROMANS:
        count, number = divmod(number, value)
        digits += letters * count
    return digits


def long_date(iso: str) -> str:
    """2026-11-21 -> 21 November 2026."""
    year, month, day = iso.split("-")
    return f"{int(day)} {MONTHS[int(month) - 1]} {year}"


def draw_number(digits: int, rng: random.Random) -> int:
    """A number of at most so many digits; short ones are few and would be learnt by heart, so they are rarer."""
    lengths = range(1, digits + 1)
    return rng.randrange(10 ** rng.choices(lengths, weights=[length**2 for length in lengths])[0])


def draw_sum(rng: random.Random) -> str:
    return f"{draw_number(3, rng)} + {draw_number(3, rng)} ="


def draw_words(rng: random.Random) -> str:
    return f"words {draw_number(4, rng)} ="


def draw_roman(rng: random.Random) -> str:
    return f"roman {rng.randint(1, 3999)} ="


def draw_date(rng: random.Random) -> str:
    # Days end at 28, so that every date exists.
    return f"date {rng.randint(1900, 2099)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02} ="


def draw_sort(rng: random.Random) -> str:
    return f"sort {' '.join(rng.sample(LETTERS, rng.randint(2, 6)))} ="


# In the order of reports. The value draws one prompt.
TASKS: dict[str, Callable[[random.Random], str]] = {
    "sum": draw_sum,
    "words": draw_words,
    "roman": draw_roman,
    "date": draw_date,
    "sort": draw_sort,
}


def task_of(prompt: str) -> str:
    """Name of the prompt's task; ValueError if it has none."""
    first, *rest = prompt.split()
    if rest and rest[0] == "+":
        return "sum"
    if first in TASKS and first != "sum":
        return first
    raise ValueError(f"no task of clerk: {prompt!r}")


def answer(prompt: str) -> str:
    """The right answer, without the space in front of it."""
    words = prompt.removesuffix("=").split()
    match task_of(prompt):
        case "sum":
            return str(int(words[0]) + int(words[2]))
        case "words":
            return spell(int(words[1]))
        case "roman":
            return roman(int(words[1]))
        case "date":
            return long_date(words[1])
        case _:
            return " ".join(sorted(words[1:]))


def check(prompt: str, said: str) -> bool:
    """Whether a model said the right thing; space around it does not matter."""
    return said.strip() == answer(prompt)


def held_out(prompt: str) -> bool:
    """Whether the prompt is kept from training.

    Hashes the prompt's words in sorted order: "1 + 2 =" and "2 + 1 =", or two orders of the same letters, fall on the
    same side, so that no held-out answer is seen in another guise. Prompts of one or two digits ("words 12 =") are all
    trained on: they are few, and their answers are words and facts that nothing else teaches.
    """
    if 1 <= sum(character.isdigit() for character in prompt) <= 2:
        return False
    key = " ".join(sorted(prompt.split()))
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4]) < HELD_OUT_SHARE * 2**32


def training_prompt(task: str, rng: random.Random) -> str:
    """One prompt to train on."""
    while held_out(prompt := TASKS[task](rng)):
        pass
    return prompt


def held_out_prompts(task: str, count: int, seed: int) -> list[str]:
    """`count` different held-out prompts of a task; ValueError where there seem to be fewer."""
    rng = random.Random(f"{seed}:{task}")
    # A dictionary, because it keeps the order.
    found: dict[str, None] = {}
    for _ in range(1000 * count):
        prompt = TASKS[task](rng)
        if held_out(prompt):
            found[prompt] = None
        if len(found) == count:
            return list(found)
    raise ValueError(f"{task} has fewer than {count} held-out prompts")
