"""Writes what sentence-transformers makes of 200 texts with all-MiniLM-L6-v2, on the CPU in fp32.

    examples/models/minilm/fetch
    python make_reference.py build/models/minilm   (torch 2.13.0, transformers 5.24.0, sentence-transformers 6.2.0)

reference.json holds for each text its number of tokens, the first values of its embedding, and the cosine of the whole
embedding and that of the text before it.
"""

import json
import sys
from pathlib import Path

import sentence_transformers
import torch
import transformers
from sentence_transformers import SentenceTransformer

HERE = Path(__file__).parent
VALUES = 16
COUNT = 200

SUBJECTS = [
    "the old lighthouse", "my neighbour's cat", "a Python generator", "the central bank", "Mount Kilimanjaro",
    "the printer on floor 3", "photosynthesis", "the striker", "our landlord", "a black hole", "sourdough bread",
    "the night train to Vienna", "an electric guitar", "the vaccine trial",
]  # fmt: skip
FRAMES = [
    "What do you know about {}?",
    "Yesterday {} surprised everybody, again.",
    "{} -- a short history (1850-1990), 2nd ed.",
    "I'd rather not talk about {} tonight; it's 3:45 a.m.!",
    "HOW MUCH DOES {} COST???",
    "He said: \"{} isn't what it used to be\", and left.",
    "Compared with last year's figures, {} improved by 12.5%, according to the report published on Monday.",
    "{}",
    "Tell me everything about {} and about how it came to be what it is today, in as many words as you like.",
]
OTHERS = [
    "", " ", "a", "?!", "[MASK]", "[CLS] hello [SEP]", "unbelievableness", "antidisestablishmentarianism",
    "Die Würde des Menschen ist unantastbar.", "Où est la bibliothèque, s'il vous plaît ?", "El niño comió piñata.",
    "Привет, как дела?", "今日はいい天気ですね。", "你好，世界", "안녕하세요 세계", "مرحبا بالعالم", "שלום עולם", "नमस्ते दुनिया",
    "Ħ ŋ ß æ ø Å é é ﬁ ½ № ™ €", "I ❤️ pizza 🍕🍕🍕", "👩‍👩‍👧‍👦 family", "tabs\tand\nnew\r\nlines   and spaces",
    "zero\u200bwidth\u00adsoft\ufeffbom", "control\x07bell", "ALL CAPS SHOUTING AT EVERYONE", "camelCaseIdentifier",
    "snake_case_identifier", "for (int i = 0; i < n; ++i) sum += a[i] * b[i];", "SELECT * FROM users WHERE id = 42;",
    "https://example.com/a/b?c=d&e=f#g", "user@example.com", "+49 (0)30 1234-5678", "3.14159265358979", "1,000,000",
    "$5.99", "C++20", "don't won't can't shouldn't've", "“curly quotes” – and dashes — here…", "x" * 150,
    "The quick brown fox jumps over the lazy dog.", "the quick brown fox jumps over the lazy dog",
    "A man is eating food.", "A man is eating a piece of bread.", "The girl is carrying a baby.",
    "A man is riding a white horse on an enclosed ground.", "A monkey is playing drums.",
    "Someone in a gorilla costume is playing a set of drums.", "A cheetah is running behind its prey.",
]  # fmt: skip


def texts() -> list[str]:
    framed = [frame.format(subject) for subject in SUBJECTS for frame in FRAMES]
    long = [" ".join(framed[i : i + n]) for i, n in ((0, 6), (20, 9), (40, 14), (60, 30), (3, 100), (8, 20), (90, 12))]
    words = ["word " * n for n in (126, 127, 253, 254, 255, 256, 600)]
    result = [*framed, *OTHERS, *long, *words]
    result += [f"{a} {b}" for a, b in zip(framed, OTHERS[8:], strict=False)]
    assert len(result) >= COUNT
    return result[:COUNT]


def main() -> None:
    torch.set_num_threads(1)
    model = SentenceTransformer(sys.argv[1], device="cpu", local_files_only=True)
    inputs, before = [], None
    for text in texts():
        vector = torch.from_numpy(model.encode([text])[0])
        tokens = len(model.tokenizer(text, truncation=True, max_length=model.max_seq_length)["input_ids"])
        cosine = 1.0 if before is None else torch.dot(vector.double(), before.double()).item()
        values = [float(f"{value:.7g}") for value in vector[:VALUES].tolist()]
        inputs.append({"text": text, "tokens": tokens, "values": values, "cosine": float(f"{cosine:.8g}")})
        before = vector
    made_with = {
        "torch": torch.__version__, "transformers": transformers.__version__,
        "sentence_transformers": sentence_transformers.__version__,
    }  # fmt: skip
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in inputs)
    (HERE / "reference.json").write_text(f'{{"made_with": {json.dumps(made_with)},\n"inputs": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
