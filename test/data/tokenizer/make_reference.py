"""Writes what the tests of gpu/tokenizer compare with, as `tokenizers` computes it.

    pip install tokenizers
    python make_reference.py

tokenizer.json         a small byte-level BPE with merges, trained on text made here
encodings.json         mixed lines with their ids, with and without special tokens, and decodings, also of broken bytes
variants.json          the same vocabulary with other options (prefix space, old merge spelling, plain characters, …)
"""

import json
import random
from typing import Any

import tokenizers
from reference_file import write
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

VOCABULARY = 700
LINES = 300

SENTENCES = [
    "The clerk writes down every number that the people bring to the desk.",
    "Nobody knows why the lighthouse keeper counted the ships twice.",
    "for (size_t i = 0; i < items.size(); ++i) total += items[i].price;",
    "def read(path):\n    with open(path) as file:\n        return file.read()\n",
    "Žluťoučký kůň úpěl ďábelské ódy.", "Größe, Straße, Übung, naïve café.", "東京の天気は晴れです。", "Привет, как дела?",
    "    indented four\n\tindented by a tab\n\n\n", "https://example.org/models?name=clerk&version=2", "🙂 👍🏽 🎭 👩‍👩‍👧‍👦",
]  # fmt: skip
WORDS = "the of and to in that is was he for it with as his on be at by had not are but from or have an they which".split()

FIXED_LINES = [
    "", " ", "  ", "\n", "\r\n", "\t\t", " a", "a ", "a  b", "Hello, world!", "hello" * 30, "a" * 200, "ab" * 100,
    "<bos>", "<eos>", "<bos><eos>", "a<bos>b", "<bos", "<<bos>>", "<tool>", "<tool_call>", "<tool_call", "x<tool>y<tool_call>z",
    "<|user|>hi<|end|>", "two words", "so two words here", "é", "e\u0301", "\ufeff", "\u200b", "\u00a0", "\u2028", "\x00", "\x7f", "\ufffd",
    "𝔘𝔫𝔦", "🇨🇿", "👍🏽", "👩‍👩‍👧‍👦", "한국어 텍스트", "עברית", "हिन्दी", "ไทย", "Ġword", "Ċ", "\U0010ffff",
]  # fmt: skip
ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyz     ", "ABCXYZ0123456789_", " \t\n.,;:!?'\"()[]{}<>+-=*/\\|@#$%^&~`",
    "áčďéěíňóřšťúůýžßñöüäçø", "абвгдαβγδ", "東京日本語中文한국어", "🎭🙂👍🏽🇨🇿\u200d\ufe0f\u0301\u00a0",
)  # fmt: skip


def training_text(rng: random.Random) -> list[str]:
    made = [" ".join(rng.choice(WORDS) for _ in range(rng.randint(3, 12))) + "." for _ in range(400)]
    return SENTENCES * 20 + made


def byte_level(model: models.Model, prefix_space: bool = False) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix_space, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def with_added(tokenizer: Tokenizer) -> Tokenizer:
    tokenizer.add_special_tokens(["<bos>", "<eos>", "<|user|>", "<|end|>"])
    # Ordinary added tokens: one a prefix of another, one with a space, which the byte alphabet lacks.
    tokenizer.add_tokens([AddedToken("<tool>"), AddedToken("<tool_call>"), AddedToken("two words", normalized=False)])
    return tokenizer


def framed(tokenizer: Tokenizer) -> Tokenizer:
    special = [(token, tokenizer.token_to_id(token)) for token in ("<bos>", "<eos>")]
    tokenizer.post_processor = processors.TemplateProcessing(single="<bos> $A <eos>", special_tokens=special)
    return tokenizer


def train(rng: random.Random) -> Tokenizer:
    tokenizer = byte_level(models.BPE())
    # Words keep the trainer from learning whole sentences; the file itself cuts nothing.
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(training_text(rng), trainer)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return framed(with_added(tokenizer))


def lines(rng: random.Random) -> list[str]:
    made = FIXED_LINES + SENTENCES
    while len(made) < LINES:
        if rng.random() < 0.4:
            made.append(rng.choice(["", " "]) + " ".join(rng.choice(WORDS + SENTENCES) for _ in range(rng.randint(1, 6))))
        else:
            made.append("".join(rng.choice(rng.choice(ALPHABETS)) for _ in range(rng.randint(1, 40))))
    return made


def encoded(tokenizer: Tokenizer, text: str) -> dict[str, Any]:
    ids = tokenizer.encode(text, add_special_tokens=True).ids
    return {
        "text": text,
        "ids": tokenizer.encode(text, add_special_tokens=False).ids,
        "framed": ids,
        "decoded": tokenizer.decode(ids, skip_special_tokens=False),
        "decoded_plain": tokenizer.decode(ids, skip_special_tokens=True),
    }


def broken(tokenizer: Tokenizer, rng: random.Random) -> list[dict[str, Any]]:
    """Ids in any order: their bytes are seldom whole characters."""
    cases = []
    for _ in range(60):
        ids = [rng.randrange(tokenizer.get_vocab_size()) for _ in range(rng.randint(1, 12))]
        plain = tokenizer.decode(ids, skip_special_tokens=True)
        cases.append({"ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=False), "decoded_plain": plain})
    return cases


def variants(base: Tokenizer) -> list[dict[str, Any]]:
    plain = json.loads(base.to_str())

    prefix = json.loads(base.to_str())
    prefix["pre_tokenizer"]["add_prefix_space"] = True
    old = json.loads(base.to_str())
    old["model"]["merges"] = [" ".join(merge) for merge in plain["model"]["merges"]]
    no_decoder = json.loads(base.to_str())
    no_decoder["decoder"] = None
    whole = json.loads(base.to_str())
    whole["model"]["ignore_merges"] = True
    whole["model"]["merges"] = whole["model"]["merges"][:20]

    letters = {"<unk>": 0} | {c: i + 1 for i, c in enumerate("abcdeé 東")} | {"ab": 20, "abc": 21, "de": 22}
    merges = [("a", "b"), ("d", "e"), ("ab", "c")]
    characters = with_added(Tokenizer(models.BPE(vocab=letters, merges=merges, unk_token="<unk>")))
    fused = with_added(Tokenizer(models.BPE(vocab=letters, merges=merges, unk_token="<unk>", fuse_unk=True)))

    texts = ["", " ", "the", " the", "the clerk", "a<bos>b", "<bos> b", "<tool>the", "abcabcde", "abxyzde", "é東é", "xx a<eos>xx"]
    made = {
        "add_prefix_space": prefix,
        "merges_as_strings": old,
        "no_decoder": no_decoder,
        "ignore_merges": whole,
        "characters_with_unknown": json.loads(characters.to_str()),
        "characters_with_fused_unknown": json.loads(fused.to_str()),
    }
    result = []
    for name, file in made.items():
        tokenizer = Tokenizer.from_str(json.dumps(file))
        result.append({"name": name, "file": file, "cases": [encoded(tokenizer, text) for text in texts]})
    return result


def main() -> None:
    rng = random.Random(0)
    tokenizer = train(rng)
    write("tokenizer.json", json.loads(tokenizer.to_str()))
    versions = {"tokenizers": tokenizers.__version__}
    cases = [encoded(tokenizer, line) for line in lines(rng)]
    write("encodings.json", {"made_with": versions, "encode": cases, "decode": broken(tokenizer, rng)})
    write("variants.json", {"made_with": versions, "variants": variants(tokenizer)})


if __name__ == "__main__":
    main()
