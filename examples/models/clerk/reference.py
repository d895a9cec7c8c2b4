"""Writes what the native tests compare with: test/data/clerk/reference.json and heldout.json.

    python reference.py --out ../../../test/data/clerk

Everything in reference.json was computed by torch and transformers on the CPU in fp32; the tests read the values and
need neither. Logits are kept to seven significant digits.
"""

import argparse
import json
import platform
import random
from pathlib import Path
from typing import Any

import tokenizers
import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

import evaluate
import tasks

HERE = Path(__file__).parent
VERSIONS = ("1", "2")
GREEDY_TOKENS = 40
HELD_OUT_SEED = 0
HELD_OUT_PROMPTS = 100

PROMPTS = [
    "47 + 58 =",
    "7 + 5 = ",
    "999 + 1 =",
    "words 7 =",
    "words 3817 =",
    "roman 1984 =",
    "date 2026-11-21 =",
    "sort q d z a =",
    # No task: only the arithmetic counts. The last one reaches far positions.
    "naïve café — 東京 🎭",
    "roman 3888 = MMMDCCCLXXXVIII\n" * 8 + "words 7777 =",
]
# Prompts whose logits are kept at all positions.
ALL_POSITIONS = ("47 + 58 =", "sort q d z a =")

CHATS: list[tuple[list[dict[str, str]], bool]] = [
    ([{"role": "user", "content": "47 + 58"}], True),
    ([{"role": "user", "content": "47 + 58"}], False),
    ([{"role": "system", "content": "You are a clerk."}, {"role": "user", "content": "roman 1984"}], True),
    (
        [
            {"role": "user", "content": "words 12"},
            {"role": "assistant", "content": "twelve"},
            {"role": "user", "content": "date 2026-11-21"},
        ],
        True,
    ),
    ([{"role": "user", "content": "12 + 7"}, {"role": "assistant", "content": "19"}], False),
    ([{"role": "user", "content": "sort q d z a ="}], True),
    ([{"role": "user", "content": "{{ bos_token }} {% if %} \"quoted\" 'single' \\ <b>&amp;</b>\nsecond line\t"}], True),
    ([{"role": "user", "content": "žluťoučký kůň 🐎 東京"}], True),
    ([{"role": "user", "content": ""}], True),
]

LINES = [
    "", " ", "  ", "\t", "\n", "\r\n", "\n\n\n", " leading", "trailing ", "a  b   c", "tab\tbetween", "line\nbreak\r\n",
    "Hello, world!", "it's, don't, WE'LL", "1234567890", "3.14159e-10", "foo_bar.baz()", "https://example.org/?a=b&c=%20",
    "<pad>", "<bos>", "<eos>", "a<eos>b", " <bos> x", "<bos><bos>", "<eos", "eos>", "<EOS>", "< eos >", "<<eos>>",
    "café", "cafe\u0301", "Ångström", "A\u030angstro\u0308m", "ﬁne ﬂow", "ẞtraße", "İstanbul ıI", "Ελληνικά", "русский текст",
    "עברית", "العربية", "हिन्दी", "ไทย", "한국어", "日本語テキスト", "中文，句子。", "\u200bzero\u200dwidth\ufeff", "no\u00a0break\u2003em",
    "🎭", "👩‍👩‍👧‍👦", "🇨🇿🇯🇵", "👍🏽", "☃️", "a🙂b", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "\U0010ffff", "\ufffd", "\x00", "\x01\x1f\x7f\x80\x9f", "Ġword Ċ ĉ",
]  # fmt: skip
ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789",
    " \t\n\r.,;:!?'\"()[]{}<>+-=*/\\|@#$%^&_~`",
    "áčďéěíňóřšťúůýžßñçøåœ",
    "αβγδабвгдאבגदعربไท",
    "東京日本語中文한국어",
    "🎭🙂👍🏽🇨🇿\u200d\ufe0f\u0301\u00a0\u2028",
)
# Byte sequences that are not whole UTF-8 characters, as a stream shows them.
BROKEN: list[list[int]] = [
    [0xE2], [0xE2, 0x82], [0xE2, 0x82, 0xAC], [0x61, 0xE2, 0x62], [0xF0, 0x9F, 0x8E], [0x80], [0xFF, 0xFE], [0xC0, 0xAF],
    [0xED, 0xA0, 0x80], [0xE2, 258, 0x82, 0xAC], [257, 0x61, 256, 256], [0xF4, 0x90, 0x80, 0x80],
]  # fmt: skip


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=HERE, help="folder of the version folders")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0, help="seed of the random lines")
    return parser.parse_args()


def lines(count: int, rng: random.Random) -> list[str]:
    """The chosen lines, then random mixtures of scripts up to `count`."""
    mixed = [
        "".join(rng.choice(rng.choice(ALPHABETS)) for _ in range(rng.randint(1, 40))) for _ in range(count - len(LINES))
    ]
    return LINES + mixed


def decoded(tokenizer: PreTrainedTokenizerBase, ids: list[int]) -> dict[str, Any]:
    return {
        "ids": ids,
        "decoded": tokenizer.decode(ids, skip_special_tokens=False),
        "decoded_without_special": tokenizer.decode(ids, skip_special_tokens=True),
    }


def tokenizer_cases(tokenizer: PreTrainedTokenizerBase, rng: random.Random) -> list[dict[str, Any]]:
    cases = []
    for text in lines(200, rng):
        plain = tokenizer(text, add_special_tokens=False)["input_ids"]
        cases.append({"text": text, "ids_without_bos": plain, **decoded(tokenizer, tokenizer(text)["input_ids"])})
    return cases


def chat_cases(tokenizer: PreTrainedTokenizerBase) -> list[dict[str, Any]]:
    cases = []
    for messages, generate in CHATS:
        text = tokenizer.apply_chat_template(messages, add_generation_prompt=generate, tokenize=False)
        # The template wrote <bos>, so the tokenizer must not.
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        cases.append({"messages": messages, "add_generation_prompt": generate, "text": text, "ids": ids})
    return cases


def short(row: torch.Tensor) -> list[float]:
    return [float(f"{value:.7g}") for value in row.tolist()]


@torch.inference_mode()
def greedy(model: PreTrainedModel, ids: list[int], eos: int) -> tuple[list[int], float]:
    """Greedy tokens with <eos>, if it came, and the smallest lead of a chosen logit over the next."""
    out, lead = list(ids), float("inf")
    while len(out) < len(ids) + GREEDY_TOKENS and (len(out) == len(ids) or out[-1] != eos):
        best = model(input_ids=torch.tensor([out])).logits[0, -1].topk(2)
        lead = min(lead, (best.values[0] - best.values[1]).item())
        out.append(int(best.indices[0]))
    return out[len(ids) :], lead


@torch.inference_mode()
def prompt_case(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompt: str, ids: list[int]
) -> dict[str, Any]:
    logits = model(input_ids=torch.tensor([ids])).logits[0]
    tokens, lead = greedy(model, ids, tokenizer.eos_token_id)
    case = {
        "prompt": prompt,
        "ids": ids,
        "last_logits": short(logits[-1]),
        "greedy": tokens,
        "greedy_text": tokenizer.decode(tokens, skip_special_tokens=True),
        # A test should not insist on the greedy tokens where rounding may change them.
        "greedy_smallest_lead": float(f"{lead:.4g}"),
    }
    if prompt in ALL_POSITIONS:
        case["all_logits"] = [short(row) for row in logits]
    return case


def held_out() -> dict[str, Any]:
    prompts = {task: tasks.held_out_prompts(task, HELD_OUT_PROMPTS, HELD_OUT_SEED) for task in tasks.TASKS}
    return {
        "seed": HELD_OUT_SEED,
        "tasks": {task: [{"prompt": p, "answer": tasks.answer(p)} for p in some] for task, some in prompts.items()},
    }


def version_cases(
    folder: Path, chats: list[dict[str, Any]], questions: dict[str, Any]
) -> dict[str, Any]:
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    asked = [(prompt, tokenizer(prompt)["input_ids"]) for prompt in PROMPTS]
    asked += [(chat["text"], chat["ids"]) for chat in chats[:4]]
    return {
        "prompts": [prompt_case(model, tokenizer, prompt, ids) for prompt, ids in asked],
        # Same order as in heldout.json, space and all, right or wrong.
        "heldout_said": {
            task: evaluate.answers(model, tokenizer, [case["prompt"] for case in cases], rows=100)
            for task, cases in questions["tasks"].items()
        },
    }


def write(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, ensure_ascii=True, separators=(",", ":")).replace("},{", "},\n{") + "\n")


def main() -> None:
    args = parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    tokenizer = AutoTokenizer.from_pretrained(args.models / VERSIONS[-1])
    questions = held_out()
    chats = chat_cases(tokenizer)
    write(args.out / "heldout.json", questions)
    write(
        args.out / "reference.json",
        {
            "made_with": {
                "python": platform.python_version(),
                "torch": torch.__version__,
                "transformers": transformers.__version__,
                "tokenizers": tokenizers.__version__,
            },
            "tokenizer": tokenizer_cases(tokenizer, random.Random(args.seed)),
            "decode": [decoded(tokenizer, ids) for ids in BROKEN],
            "chat": chats,
            "versions": {name: version_cases(args.models / name, chats, questions) for name in VERSIONS},
        },
    )


if __name__ == "__main__":
    main()
