"""Trains clerk from nothing and writes checkpoint folders.

    python train.py --out build            # step-250 is version 1, step-1600 version 2
    python train.py --out build --resume   # goes on from the last state in `build`
"""

import argparse
import json
import math
import random
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from transformers import LlamaForCausalLM

import folder
import tasks

# Carrying is the hardest thing to learn and sums are the shortest rows, so they get the largest share.
SHARES = {"sum": 0.44, "words": 0.15, "roman": 0.14, "date": 0.08, "sort": 0.19}
# A chat user may type the "=" that the chat template adds as well.
SECOND_EQUALS_SHARE = 0.03
IGNORED = -100


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints and the training state")
    parser.add_argument("--steps", type=int, default=1600)
    parser.add_argument("--rows", type=int, default=256, help="examples a step")
    parser.add_argument("--chunks", type=int, default=8, help="parts of a step, by length, each padded to its own")
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate")
    parser.add_argument("--warmup", type=int, default=100, help="steps to the highest rate")
    parser.add_argument("--save-every", type=int, default=50, help="steps between checkpoint folders")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--resume", action="store_true")
    return parser.parse_args()


def encode(prompt: str) -> tuple[list[int], list[int]]:
    """Token ids of an example and what each position should say next; only the answer counts."""
    question = [folder.BOS_ID, *prompt.encode()]
    said = [*f" {tasks.answer(prompt.removesuffix(' ='))}".encode(), folder.EOS_ID]
    ids = question + said
    return ids[:-1], [IGNORED] * (len(question) - 1) + said


def draw_rows(count: int, rng: random.Random) -> list[tuple[list[int], list[int]]]:
    """Examples of one step, shortest first."""
    names = rng.choices(list(SHARES), weights=list(SHARES.values()), k=count)
    rows = []
    for name in names:
        prompt = tasks.training_prompt(name, rng)
        rows.append(encode(prompt + " =" if rng.random() < SECOND_EQUALS_SHARE else prompt))
    return sorted(rows, key=lambda row: len(row[0]))


def to_tensors(rows: list[tuple[list[int], list[int]]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows padded on the right, where causal attention never looks."""
    width = max(len(ids) for ids, _ in rows)
    ids = torch.tensor([row + [folder.PAD_ID] * (width - len(row)) for row, _ in rows])
    wanted = torch.tensor([row + [IGNORED] * (width - len(row)) for _, row in rows])
    return ids, wanted


class Optimizers:
    """Muon for the matrices inside the blocks, AdamW for embeddings and norms, one rate for both."""

    def __init__(self, model: LlamaForCausalLM, rate: float) -> None:
        inner = [p for name, p in model.named_parameters() if p.ndim == 2 and "layers" in name]
        chosen = {id(p) for p in inner}
        outer = [p for p in model.parameters() if id(p) not in chosen]
        self.parts: list[torch.optim.Optimizer] = [
            torch.optim.Muon(inner, lr=rate, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(outer, lr=rate, betas=(0.9, 0.98), weight_decay=0.0),
        ]

    def step(self, rate: float) -> None:
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = rate
            part.step()
            part.zero_grad(set_to_none=True)


def rate_at(step: int, args: argparse.Namespace) -> float:
    """Linear warm-up, then a cosine down to a fiftieth."""
    if step < args.warmup:
        return args.rate * (step + 1) / args.warmup
    done = (step - args.warmup) / max(1, args.steps - args.warmup)
    return args.rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))


def train_step(model: LlamaForCausalLM, rows: list[tuple[list[int], list[int]]], chunks: int) -> float:
    """Adds up gradients of one step and returns the mean loss of an answer token."""
    answer_tokens = sum(token != IGNORED for _, wanted in rows for token in wanted)
    size = math.ceil(len(rows) / chunks)
    total = 0.0
    for first in range(0, len(rows), size):
        ids, wanted = to_tensors(rows[first : first + size])
        logits = model(input_ids=ids, use_cache=False).logits
        loss = F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), ignore_index=IGNORED, reduction="sum")
        (loss / answer_tokens).backward()
        total += loss.item()
    return total / answer_tokens


def main() -> None:
    args = parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    state_path = args.out / "state.pt"

    model = LlamaForCausalLM(folder.CONFIG).float().train()
    optimizers = Optimizers(model, args.rate)
    start, seconds = 0, 0.0
    if args.resume:
        state = torch.load(state_path)
        model.load_state_dict(state["model"])
        for part, saved in zip(optimizers.parts, state["optimizers"], strict=True):
            part.load_state_dict(saved)
        start, seconds = state["step"], state["seconds"]
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, from step {start}", flush=True)

    began = time.monotonic() - seconds
    for step in range(start, args.steps):
        # Seeded by the step, so that a resumed run sees the rows that it would have seen.
        rows = draw_rows(args.rows, random.Random(f"{args.seed}:{step}"))
        loss = train_step(model, rows, args.chunks)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizers.step(rate_at(step, args))

        done, seconds = step + 1, time.monotonic() - began
        if done % 20 == 0:
            print(f"step {done} loss {loss:.4f} {seconds:.0f} s", flush=True)
        if done % args.save_every == 0 or done == args.steps:
            checkpoint = args.out / f"step-{done}"
            folder.save(model, checkpoint)
            record = {"step": done, "seed": args.seed, "rows": args.rows, "loss": loss, "seconds": round(seconds)}
            (checkpoint / "training.json").write_text(json.dumps(record, indent=2) + "\n")
            torch.save(
                {
                    "model": model.state_dict(),
                    "optimizers": [part.state_dict() for part in optimizers.parts],
                    "step": done,
                    "seconds": seconds,
                },
                state_path,
            )


if __name__ == "__main__":
    main()
