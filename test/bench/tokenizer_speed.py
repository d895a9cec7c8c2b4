"""Troupe's tokenizer beside the `tokenizers` library: the same files and text, one thread, the best of five runs each.

    PYTHONPATH=test/parity python test/bench/tokenizer_speed.py build/dev/bin/troupe_bench_tokenizer [tokenizer.json ...]

The text is 2 MB of the sources of Python's standard library. Without files, small tokenizers are trained for it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["TOKENIZERS_PARALLELISM"] = "false"
import tokenizer_families as families
from tokenizers import Tokenizer

TEXT_BYTES = 2_000_000
PIECE_BYTES = 2_000
TRAINED = ("gpt-2", "llama-3", "bert", "llama-2", "t5")


def sample() -> str:
    sources = sorted(Path(os.__file__).parent.glob("*.py"))
    return "".join(path.read_text(errors="ignore") for path in sources).encode()[:TEXT_BYTES].decode(errors="ignore")


def pieces_of(text: str, size: int) -> list[str]:
    """As the native program cuts."""
    data, pieces, at = text.encode(), [], 0
    while at < len(data):
        line_end = data.find(b"\n", min(at + size, len(data)) - 1)
        end = len(data) if line_end < 0 else line_end + 1
        pieces.append(data[at:end].decode())
        at = end
    return pieces


def library(file: str, pieces: list[str], size: int) -> dict[str, float]:
    begun = time.perf_counter()
    tokenizer = Tokenizer.from_file(file)
    loaded = time.perf_counter() - begun
    tokenizer.no_truncation()
    tokenizer.no_padding()
    best, tokens = 1e9, 0
    for _ in range(5):
        begun = time.perf_counter()
        # Without offsets, which Troupe does not make either.
        encodings = tokenizer.encode_batch_fast(pieces, add_special_tokens=False)
        best = min(best, time.perf_counter() - begun)
        tokens = sum(len(encoding.ids) for encoding in encodings)
    return {"load_seconds": loaded, "megabytes_a_second": size / 1e6 / best, "tokens": tokens}


def compare(bench: str, name: str, file: str, text: str) -> None:
    data = json.loads(Path(file).read_text())
    with tempfile.TemporaryDirectory() as folder:
        plain, written = Path(folder) / "tokenizer.json", Path(folder) / "text"
        plain.write_text(json.dumps(data | {"truncation": None, "padding": None}))
        written.write_text(text)
        for size, label in ((PIECE_BYTES, "2 kB texts"), (len(text.encode()), "one text")):
            done = subprocess.run([bench, plain, written, str(size)], capture_output=True, text=True, check=True)
            ours = json.loads(done.stdout)
            theirs = library(str(plain), pieces_of(text, size), len(text.encode()))
            assert ours["tokens"] == theirs["tokens"], (ours, theirs)
            ratio = ours["megabytes_a_second"] / theirs["megabytes_a_second"]
            print(f"{name:16} {label:11} {ours['megabytes_a_second']:7.1f} MB/s, library {theirs['megabytes_a_second']:6.1f}, {ratio:5.1f} x;"
                  f" load {ours['load_seconds']:.2f} s, library {theirs['load_seconds']:.2f}")  # fmt: skip


def main() -> None:
    bench, files = sys.argv[1], sys.argv[2:]
    text = sample()
    for file in files:
        compare(bench, Path(file).stem[:16], file, text)
    for name in TRAINED if not files else ():
        with tempfile.TemporaryDirectory() as folder:
            file = str(Path(folder) / "tokenizer.json")
            families.FAMILIES[name]().save(file)
            compare(bench, name, file, text)


if __name__ == "__main__":
    main()
