"""gpu::Tokenizer against the `tokenizers` library: the same ids and texts from the same tokenizer.json."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Optional

import pytest
import tokenizer_families as families
import tokenizer_lines
from tokenizers import Tokenizer
from troupe_cluster import BINARY

DRIVER = BINARY.parent / "tokenizer_driver"
LINES = tokenizer_lines.lines(10_000)


def answers(file: Path, requests: Iterable[Dict[str, Any]]) -> List[Dict[str, Any]]:
    text = "".join(json.dumps(request) + "\n" for request in requests)
    done = subprocess.run([DRIVER, file], input=text, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def expected(tokenizer: Tokenizer, texts: List[str]) -> List[Dict[str, Any]]:
    plain = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    framed = tokenizer.encode_batch_fast(texts, add_special_tokens=True)
    ids = [encoding.ids for encoding in framed]
    decoded = tokenizer.decode_batch(ids, skip_special_tokens=False)
    decoded_plain = tokenizer.decode_batch(ids, skip_special_tokens=True)
    return [
        {"ids": p.ids, "framed": f.ids, "types": f.type_ids, "decoded": d, "decoded_plain": s}
        for p, f, d, s in zip(plain, framed, decoded, decoded_plain)
    ]


def check_same(got: List[Dict[str, Any]], wanted: List[Dict[str, Any]], asked: List[Any]) -> None:
    assert len(got) == len(wanted)
    wrong = [i for i in range(len(got)) if got[i] != wanted[i]]
    for i in wrong[:3]:
        print(f"{asked[i]!r}\n  got    {got[i]}\n  wanted {wanted[i]}")
    assert not wrong, f"{len(wrong)} of {len(got)} differ"


def saved(tokenizer: Tokenizer, folder: Path) -> Path:
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder / "tokenizer.json"


@pytest.mark.parametrize("name", families.FAMILIES)
def test_a_family_encodes_and_decodes_as_the_library_does(name: str, tmp_path: Path) -> None:
    tokenizer = families.FAMILIES[name]()
    check_same(answers(saved(tokenizer, tmp_path), ({"text": line} for line in LINES)), expected(tokenizer, LINES), LINES)


@pytest.mark.parametrize("name", families.VARIANTS)
def test_an_option_acts_as_in_the_library(name: str, tmp_path: Path) -> None:
    tokenizer = families.VARIANTS[name]()
    chosen = LINES[:1000]
    check_same(answers(saved(tokenizer, tmp_path), ({"text": line} for line in chosen)), expected(tokenizer, chosen), chosen)


@pytest.mark.parametrize("name", families.DECODERS)
def test_a_decoder_reads_any_ids_as_in_the_library(name: str, tmp_path: Path) -> None:
    tokenizer = families.decoded_by(families.DECODERS[name])
    rng = random.Random(name)
    size = tokenizer.get_vocab_size()
    asked = [[rng.randrange(size) for _ in range(rng.randint(1, 12))] for _ in range(1000)]
    # The first six are byte tokens: mostly, and now and then together, no character.
    asked += [[rng.randrange(6) for _ in range(rng.randint(1, 12))] for _ in range(200)]
    whole = tokenizer.decode_batch(asked, skip_special_tokens=False)
    plain = tokenizer.decode_batch(asked, skip_special_tokens=True)
    wanted = [{"decoded": a, "decoded_plain": b} for a, b in zip(whole, plain)]
    check_same(answers(saved(tokenizer, tmp_path), ({"ids": ids} for ids in asked)), wanted, asked)


@pytest.mark.parametrize("direction", ["right", "left"])
@pytest.mark.parametrize("strategy", ["longest_first", "only_first", "only_second"])
@pytest.mark.parametrize("make", [families.bert, families.roberta, families.llama_3])
def test_texts_and_pairs_are_cut_as_in_the_library(
    make: Callable[[], Tokenizer], strategy: str, direction: str, tmp_path: Path
) -> None:
    tokenizer = make()
    rng = random.Random(0)
    asked: List[Dict[str, Any]] = []
    wanted: List[Optional[Dict[str, Any]]] = []
    for length in (4, 5, 8, 13, 31, 64):
        tokenizer.enable_truncation(length, strategy=strategy, direction=direction)
        for _ in range(60):
            first, second = rng.choice(LINES), rng.choice(LINES)
            texts = (first,) if strategy != "only_second" and rng.random() < 0.3 else (first, second)
            asked.append({"first": first, "max_length": length} | ({"second": second} if len(texts) == 2 else {}))
            try:
                encoding = tokenizer.encode(*texts)
                wanted.append({"ids": encoding.ids, "types": encoding.type_ids})
            except Exception:
                wanted.append(None)
    got = [answer if "error" not in answer else None for answer in answers(saved(tokenizer, tmp_path), asked)]
    check_same(got, wanted, asked)
    tokenizer.enable_truncation(8, strategy=strategy, direction=direction)
    in_file = [request | {"max_length": None} for request in asked if request["max_length"] == 8]
    of_file = [answer for answer, request in zip(got, asked) if request["max_length"] == 8]
    again = answers(saved(tokenizer, tmp_path), in_file)
    check_same([answer if "error" not in answer else None for answer in again], of_file, in_file)
