"""Writes steps.json: small tokenizers of every kind of model, with the ids and texts that `tokenizers` gives.

    pip install tokenizers sentencepiece
    PYTHONPATH=test/parity python test/data/tokenizer/make_steps.py

test/parity compares the same and more with the library itself, over thousands of lines.
"""

import json
from pathlib import Path
from typing import Any

import tokenizers
from tokenizer_families import LLAMA_2_DECODER, LLAMA_3, spelt, template, with_added, word_level
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

TEXTS = [
    "", "the clerk", "  The  Clerk's ÉLAN, 12.", "e\u0301té ﬁ ① 東京", "a<s>b </s>  [MASK] x", "word swords word.", "naïve\tcafé\n", "👍🏽x\u00a0y",
]  # fmt: skip
PAIRS = [("the clerk", "a b c d e f"), ("the clerk of the desk at the end", "x"), ("", "a")]


def word_piece() -> Tokenizer:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "clerk", "##s", "ete", "cafe", "na", "##ive", "'", ",", ".", "1", "##2", "東", "a", "b", "x", "elan"]
    tokenizer = Tokenizer(models.WordPiece({word: i for i, word in enumerate(words)}, unk_token="[UNK]", max_input_chars_per_word=12))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def unigram() -> Tokenizer:
    pieces = [("<unk>", 0.0), ("▁", -2.0), ("▁the", -3.0), ("▁cl", -4.5), ("erk", -4.0), ("e", -5.0), ("r", -5.5), ("k", -6.0), ("▁a", -4.0), ("b", -5.0), ("x", -5.5)]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    with_added(tokenizer)
    template(tokenizer, "$A </s>", "$A </s> $B:1 </s>:1", "</s>")
    return tokenizer


def sentence_piece_bpe() -> Tokenizer:
    pieces = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), *"▁theclrka", "▁t", "he", "▁the", "▁c", "le", "rk", "lerk", "▁clerk"]
    merges = [("▁", "t"), ("h", "e"), ("▁t", "he"), ("▁", "c"), ("l", "e"), ("r", "k"), ("le", "rk"), ("▁c", "lerk")]
    vocabulary = {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = LLAMA_2_DECODER
    return with_added(tokenizer)


def cut(pattern: str) -> Tokenizer:
    return spelt(pre_tokenizers.Split(Regex(pattern), "isolated"))


MADE = {
    "word piece": word_piece(),
    "unigram": unigram(),
    "sentence piece bpe": sentence_piece_bpe(),
    "word level": word_level(pre_tokenizers.Whitespace()),
    "pattern of llama 3": cut(LLAMA_3),
    "metaspace, first": spelt(pre_tokenizers.Metaspace(prepend_scheme="first", split=False)),
    "bert's normalizer": spelt(None, normalizers.BertNormalizer()),
    "nfkd, marks, strip": spelt(None, normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents(), normalizers.Strip()])),
    "scripts": spelt(pre_tokenizers.UnicodeScripts()),
}


def case(tokenizer: Tokenizer, text: str) -> dict[str, Any]:
    framed = tokenizer.encode(text)
    return {
        "text": text,
        "ids": tokenizer.encode(text, add_special_tokens=False).ids,
        "framed": framed.ids,
        "decoded": tokenizer.decode(framed.ids, skip_special_tokens=False),
        "decoded_plain": tokenizer.decode(framed.ids, skip_special_tokens=True),
    }


def pair(tokenizer: Tokenizer, first: str, second: str, length: int) -> dict[str, Any]:
    tokenizer.enable_truncation(length)
    encoding = tokenizer.encode(first, second)
    tokenizer.no_truncation()
    return {"first": first, "second": second, "max_length": length, "ids": encoding.ids, "type_ids": encoding.type_ids}


def main() -> None:
    variants = []
    for name, tokenizer in MADE.items():
        made = {"name": name, "file": json.loads(tokenizer.to_str()), "cases": [case(tokenizer, text) for text in TEXTS]}
        if tokenizer.post_processor is not None:
            made["pairs"] = [pair(tokenizer, first, second, length) for first, second in PAIRS for length in (5, 6, 100)]
        variants.append(json.dumps(made, separators=(",", ":")))
    version = json.dumps({"tokenizers": tokenizers.__version__})
    text = f'{{"made_with":{version},\n"variants":[\n' + ",\n".join(variants) + "\n]}\n"
    (Path(__file__).parent / "steps.json").write_text(text)


if __name__ == "__main__":
    main()
