"""Measures greedy accuracy on held-out prompts and writes accuracy.json into the version's folder.

    python evaluate.py 1 2
"""

import argparse
import json
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

import tasks


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", help="model folders")
    parser.add_argument("--prompts", type=int, default=300, help="held-out prompts a task")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", type=int, default=100, help="prompts decoded at once")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--show", type=int, default=0, help="wrong answers to print a task")
    return parser.parse_args()


@torch.inference_mode()
def answers(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: list[str], rows: int
) -> list[str]:
    """Greedy answers, in the prompts' order."""
    # Rows of equal length are decoded together, so that no padding takes part.
    by_length: dict[int, list[str]] = {}
    for prompt in prompts:
        by_length.setdefault(len(prompt), []).append(prompt)
    said: dict[str, str] = {}
    for same in by_length.values():
        for first in range(0, len(same), rows):
            part = same[first : first + rows]
            encoded = tokenizer(part, return_tensors="pt", return_token_type_ids=False)
            out = model.generate(**encoded, max_new_tokens=64, do_sample=False)
            tails = tokenizer.batch_decode(out[:, encoded["input_ids"].shape[1] :], skip_special_tokens=True)
            said.update(zip(part, tails, strict=True))
    return [said[prompt] for prompt in prompts]


def main() -> None:
    args = parse_args()
    torch.set_num_threads(args.threads)
    for folder in args.folders:
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        tokenizer = AutoTokenizer.from_pretrained(folder)
        shares: dict[str, float] = {}
        for task in tasks.TASKS:
            prompts = tasks.held_out_prompts(task, args.prompts, args.seed)
            said = answers(model, tokenizer, prompts, args.rows)
            wrong = [(p, s) for p, s in zip(prompts, said, strict=True) if not tasks.check(p, s)]
            shares[task] = round(1 - len(wrong) / len(prompts), 4)
            for prompt, text in wrong[: args.show]:
                print(f"  {prompt} {text!r}, not {tasks.answer(prompt)!r}")
        report = {
            "overall": round(sum(shares.values()) / len(shares), 4),
            "tasks": shares,
            "prompts_per_task": args.prompts,
            "seed": args.seed,
            "decoding": "greedy, fp32",
        }
        (folder / "accuracy.json").write_text(json.dumps(report, indent=2) + "\n")
        print(folder, json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
