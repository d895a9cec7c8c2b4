"""Rates of one embedding model in three runtimes, in turn within one run; see run.

Texts are token ids of one length, so that no tokenizer counts and nobody pads. Each measures forward pass, mean pooling
and normalisation. CPU time is that of the whole process.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
MODEL = ROOT / "build/models/minilm"
ONNX = ROOT / "build/rivals/minilm.onnx"
BENCH = os.environ.get("TROUPE_BENCH_ENCODER", ROOT / "build/dev/bin/troupe_bench_encoder")
LENGTHS = (16, 128)
BATCHES = (1, 32)


def pooled(hidden):
    import numpy

    vectors = hidden.mean(axis=1)
    return vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)


def load_torch(threads: int):
    import torch
    from transformers import AutoModel

    torch.set_num_threads(threads)
    model = AutoModel.from_pretrained(MODEL, dtype=torch.float32).eval()

    def embed(ids):
        with torch.inference_mode():
            tensor = torch.from_numpy(ids)
            return pooled(model(input_ids=tensor, attention_mask=torch.ones_like(tensor)).last_hidden_state.numpy())

    return embed


def export_onnx() -> None:
    import torch
    from transformers import AutoModel

    class Hidden(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = AutoModel.from_pretrained(MODEL, dtype=torch.float32).eval()

        def forward(self, input_ids, attention_mask):
            return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

    example = torch.full((2, 8), 1000)
    batch, tokens = torch.export.Dim("batch", min=1, max=512), torch.export.Dim("tokens", min=2, max=512)
    ONNX.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        Hidden(), (example, torch.ones_like(example)), str(ONNX), input_names=["input_ids", "attention_mask"],
        output_names=["hidden"], dynamic_shapes=({0: batch, 1: tokens}, {0: batch, 1: tokens}), external_data=False,
    )  # fmt: skip


def load_onnx(threads: int):
    import numpy
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(ONNX), options, providers=["CPUExecutionProvider"])

    def embed(ids):
        return pooled(session.run(["hidden"], {"input_ids": ids, "attention_mask": numpy.ones_like(ids)})[0])

    return embed


def measure_here(name: str, threads: int, seconds: float) -> None:
    """Runs in a process of its own, so that thread pools do not meet. Prints one JSON line a shape."""
    import numpy

    embed = {"torch": load_torch, "onnxruntime": load_onnx}[name](threads)
    random = numpy.random.default_rng(1)
    for tokens in LENGTHS:
        for batch in BATCHES:
            ids = random.integers(1000, 21000, size=(batch, tokens))
            embed(ids)
            begin, cpu, texts = time.perf_counter(), time.process_time(), 0
            while time.perf_counter() - begin < seconds:
                embed(ids)
                texts += batch
            passed, spent = time.perf_counter() - begin, time.process_time() - cpu
            print(json.dumps({"tokens": tokens, "batch": batch, "rate": texts / passed, "cpu_ms": 1e3 * spent / texts}))


def measure(name: str, threads: int, seconds: float) -> dict:
    if name == "troupe":
        command = [str(BENCH), str(MODEL), str(threads), str(int(seconds * 1000))]
    else:
        command = [sys.executable, __file__, "--one", name, "--threads", str(threads), "--seconds", str(seconds)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if name == "troupe":
        rows = [line.split() for line in output.splitlines()[1:]]
        found = [{"tokens": int(r[0]), "batch": int(r[1]), "rate": float(r[2]), "cpu_ms": float(r[3])} for r in rows]
    else:
        found = [json.loads(line) for line in output.splitlines()]
    return {(one["tokens"], one["batch"]): one for one in found}


def median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        measure_here(options.one, int(options.threads), options.seconds)
        return
    if not ONNX.exists():
        export_onnx()

    names = ("troupe", "onnxruntime", "torch")
    print(f"{'threads':>7} {'tokens':>6} {'batch':>5}" + "".join(f"  {name:>12}/s  CPU-ms" for name in names))
    for threads in (int(text) for text in options.threads.split(",")):
        rounds = [{name: measure(name, threads, options.seconds) for name in names} for _ in range(options.rounds)]
        for tokens in LENGTHS:
            for batch in BATCHES:
                row = f"{threads:>7} {tokens:>6} {batch:>5}"
                for name in names:
                    shape = [one[name][tokens, batch] for one in rounds]
                    row += f"  {median([s['rate'] for s in shape]):>14.0f}  {median([s['cpu_ms'] for s in shape]):>6.2f}"
                print(row)


if __name__ == "__main__":
    main()
