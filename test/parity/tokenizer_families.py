"""Small tokenizers of every family that people have, trained here with the `tokenizers` library.

A family is a function that makes a tokenizers.Tokenizer; `FAMILIES` has them by name.
"""

import functools
import json
import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sentencepiece
from tokenizer_lines import WORDS, training_text
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

GPT_2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA_3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN_2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
CL100K = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
DEEPSEEK = (
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|"
    r"\s*[\r\n]+|\s+(?!\S)|\s+"
)
# What Oniguruma and PCRE2 spell alike but mean otherwise.
DIALECT = r"(?<x>[[:alpha:]]+)|\b\d{2}\b|[\w]|^\s+$|\h{2,3}+|(?m:a.b)|\A[^\S\n]|\p{Han}\u3042?|\p{^L}"


def trained(tokenizer: Tokenizer, trainer: trainers.Trainer) -> Tokenizer:
    tokenizer.train_from_iterator(training_text(), trainer)
    return tokenizer


def with_added(tokenizer: Tokenizer) -> Tokenizer:
    tokenizer.add_special_tokens(["<s>", "</s>", "<|end|>"])
    tokenizer.add_tokens([AddedToken("<tool>"), AddedToken("<tool_call>", normalized=False), AddedToken("word", single_word=True)])
    tokenizer.add_tokens([AddedToken("[MASK]", lstrip=True, rstrip=True, normalized=False), AddedToken("Größe", normalized=True)])
    return tokenizer


def template(tokenizer: Tokenizer, single: str, pair: str, *names: str) -> None:
    special = [(name, tokenizer.token_to_id(name)) for name in names]
    tokenizer.post_processor = processors.TemplateProcessing(single=single, pair=pair, special_tokens=special)


@functools.cache
def byte_level_vocabulary() -> str:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    return trained(tokenizer, trainers.BpeTrainer(vocab_size=1500, initial_alphabet=alphabet, show_progress=False)).to_str()


def byte_level_model(**options: Any) -> models.BPE:
    model = json.loads(byte_level_vocabulary())["model"]
    merges = [tuple(merge) for merge in model["merges"]]
    return models.BPE(vocab=model["vocab"], merges=merges, **options)


def byte_level(pattern: str | None, **options: Any) -> Tokenizer:
    """GPT-2's own pattern where `pattern` is None."""
    tokenizer = Tokenizer(byte_level_model(**options))
    if pattern is None:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    else:
        cut = pre_tokenizers.Split(Regex(pattern), "isolated")
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([cut, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    return with_added(tokenizer)


def gpt_2() -> Tokenizer:
    tokenizer = byte_level(None)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def roberta() -> Tokenizer:
    tokenizer = byte_level(None)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    ends = [(token, tokenizer.token_to_id(token)) for token in ("</s>", "<s>")]
    tokenizer.post_processor = processors.RobertaProcessing(*ends)
    return tokenizer


def llama_3() -> Tokenizer:
    tokenizer = byte_level(LLAMA_3, ignore_merges=True)
    template(tokenizer, "<s> $A", "<s> $A <s>:1 $B:1", "<s>")
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), tokenizer.post_processor])
    return tokenizer


def qwen_2() -> Tokenizer:
    tokenizer = byte_level(QWEN_2)
    tokenizer.normalizer = normalizers.NFC()
    return tokenizer


def deepseek() -> Tokenizer:
    tokenizer = byte_level(DEEPSEEK)
    cuts = [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in (r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", DEEPSEEK)]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*cuts, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    return tokenizer


def byte_level_normalizer() -> Tokenizer:
    tokenizer = byte_level(None)
    tokenizer.normalizer = normalizers.ByteLevel()
    tokenizer.pre_tokenizer = pre_tokenizers.Split("Ġ", "merged_with_next")
    return tokenizer


def fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields of a protobuf message that are of fixed or stated length."""
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        key = varint()
        length = {0: lambda: 0 * varint(), 1: lambda: 8, 2: varint, 5: lambda: 4}[key & 7]()
        yield key >> 3, message[at : at + length]
        at += length


@functools.cache
def sentence_pieces(kind: str) -> dict[str, Any]:
    """Trains a SentencePiece model, and gives its vocabulary with scores, and its character map."""
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "text"
        text.write_text("\n".join(line.replace("\n", " ") for line in training_text()))
        rule = "nmt_nfkc" if kind == "unigram" else "identity"
        sentencepiece.SentencePieceTrainer.train(
            input=str(text), model_prefix=str(Path(folder) / kind), model_type=kind, vocab_size=1200, hard_vocab_limit=False,
            byte_fallback=kind == "bpe", character_coverage=0.98, normalization_rule_name=rule, minloglevel=2, num_threads=1,
        )  # fmt: skip
        model = list(fields((Path(folder) / f"{kind}.model").read_bytes()))
    # sentencepiece_model.proto: pieces (text, score) are field 1, the normalizer's specification is 3, its map 2 therein.
    pieces = [dict(fields(value)) for number, value in model if number == 1]
    maps = [dict(fields(value)).get(2, b"") for number, value in model if number == 3]
    return {"pieces": [(piece[1].decode(), struct.unpack("<f", piece[2])[0]) for piece in pieces], "charsmap": maps[0]}


def merges_of(pieces: list[tuple[str, float]]) -> list[tuple[str, str]]:
    """Two pieces that make a third, in the order of that one's place; as converters of SentencePiece models do it."""
    place = {piece: i for i, (piece, _) in enumerate(pieces)}
    merges = []
    for piece in place:
        cuts = [(piece[:i], piece[i:]) for i in range(1, len(piece)) if piece[:i] in place and piece[i:] in place]
        merges += sorted(cuts, key=lambda cut: (place[cut[0]], place[cut[1]]))
    return sorted(merges, key=lambda cut: place[cut[0] + cut[1]])


def llama_2_model(**options: Any) -> models.BPE:
    pieces = sentence_pieces("bpe")["pieces"]
    options = {"unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True} | options
    return models.BPE(vocab={piece: i for i, (piece, _) in enumerate(pieces)}, merges=merges_of(pieces), **options)


LLAMA_2_DECODER = decoders.Sequence(
    [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
)


def llama_2(**options: Any) -> Tokenizer:
    tokenizer = Tokenizer(llama_2_model(**options))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = LLAMA_2_DECODER
    with_added(tokenizer)
    template(tokenizer, "<s> $A", "<s> $A <s> $B:1", "<s>")
    return tokenizer


def mistral() -> Tokenizer:
    tokenizer = Tokenizer(llama_2_model())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=False)
    tokenizer.decoder = LLAMA_2_DECODER
    return with_added(tokenizer)


def gemma() -> Tokenizer:
    tokenizer = Tokenizer(llama_2_model(ignore_merges=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    return with_added(tokenizer)


@functools.cache
def word_pieces(lowercase: bool) -> str:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    return trained(tokenizer, trainers.WordPieceTrainer(vocab_size=1500, special_tokens=special, show_progress=False)).to_str()


def bert(lowercase: bool = True) -> Tokenizer:
    tokenizer = Tokenizer.from_str(word_pieces(lowercase))
    ends = [(token, tokenizer.token_to_id(token)) for token in ("[SEP]", "[CLS]")]
    tokenizer.post_processor = processors.BertProcessing(*ends)
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_tokens([AddedToken("word", single_word=True), AddedToken("Größe"), AddedToken("<tool>", normalized=False)])
    return tokenizer


def unigram_model(**options: Any) -> models.Unigram:
    pieces = sentence_pieces("unigram")["pieces"]
    return models.Unigram(pieces, unk_id=0, **options)


def charsmap() -> normalizers.Normalizer:
    return normalizers.Precompiled(sentence_pieces("unigram")["charsmap"])


def t5() -> Tokenizer:
    tokenizer = Tokenizer(unigram_model())
    tokenizer.normalizer = charsmap()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tokenizer.decoder = decoders.Metaspace()
    with_added(tokenizer)
    template(tokenizer, "$A </s>", "$A </s> $B </s>", "</s>")
    return tokenizer


def xlm_roberta() -> Tokenizer:
    tokenizer = Tokenizer(unigram_model())
    tokenizer.normalizer = normalizers.Sequence([charsmap(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    with_added(tokenizer)
    template(tokenizer, "<s> $A </s>", "<s> $A </s> </s> $B </s>", "<s>", "</s>")
    return tokenizer


def albert() -> Tokenizer:
    tokenizer = Tokenizer(unigram_model())
    quotes = [normalizers.Replace("``", '"'), normalizers.Replace("''", '"')]
    tokenizer.normalizer = normalizers.Sequence(
        [*quotes, normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase(), normalizers.Strip(), charsmap()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="first")
    return with_added(tokenizer)


def unigram_with_bytes() -> Tokenizer:
    pieces = sentence_pieces("unigram")["pieces"] + [(f"<0x{byte:02X}>", -20.0) for byte in range(256)]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(split=False)
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()])
    return with_added(tokenizer)


def clip() -> Tokenizer:
    """Words that end in a mark of their own."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    spaces = normalizers.Replace(Regex(r"\s+"), " ")
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), spaces, normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation()])
    special = ["<unk>", "<s>", "</s>"]
    trained(tokenizer, trainers.BpeTrainer(vocab_size=900, end_of_word_suffix="</w>", special_tokens=special, show_progress=False))
    tokenizer.decoder = decoders.BPEDecoder()
    return tokenizer


def prefixed() -> Tokenizer:
    """Subwords that begin with a mark, unknown characters of their own."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", continuing_subword_prefix="##"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    special = ["<unk>", "<s>", "</s>"]
    trainer = trainers.BpeTrainer(
        vocab_size=900, continuing_subword_prefix="##", special_tokens=special, limit_alphabet=120, show_progress=False
    )
    trained(tokenizer, trainer)
    tokenizer.decoder = decoders.WordPiece(cleanup=False)
    return tokenizer


def word_level(pre_tokenizer: pre_tokenizers.PreTokenizer, normalizer: normalizers.Normalizer | None = None) -> Tokenizer:
    tokens = ["<unk>", *WORDS, *"abcdeé東.,!? \n▁-'", "a-", "-b", "  "]
    vocabulary = {token: i for i, token in enumerate(dict.fromkeys(tokens))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    return with_added(tokenizer)


def spelt(pre_tokenizer: pre_tokenizers.PreTokenizer | None = None, normalizer: normalizers.Normalizer | None = None) -> Tokenizer:
    """Its ids spell the normalized text in bytes, with a mark before each character that begins no piece: what a normalizer
    and a pre-tokenizer did can be read off."""
    bytes_only = {f"<0x{byte:02X}>": byte for byte in range(256)}
    tokenizer = Tokenizer(models.BPE(vocab=bytes_only, merges=[], byte_fallback=True, continuing_subword_prefix="\x02"))
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    if pre_tokenizer is not None:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteFallback()
    return with_added(tokenizer)


def decoded_by(decoder: decoders.Decoder | None) -> Tokenizer:
    """Vocabularies of all kinds mixed, so that decoders meet what they look for."""
    odd = [f"<0x{byte:02X}>" for byte in (0x41, 0xE2, 0x82, 0xAC, 0xC3, 0xFF)]
    odd += ["##a", "a", "</w>", "b</w>", "c</w></w>", "|", "<pad>", " ", "  ", ".", " '", "'", "s", "n't", "do", "not"]
    odd += ["▁", "▁▁d", "▁e▁", "##", "x x", "<0xZZ>", "Ġthe", "â", "Ĥ¬", "é", "東"]
    tokenizer = Tokenizer(models.WordLevel({token: i for i, token in enumerate(odd)}, unk_token="a"))
    if decoder is not None:
        tokenizer.decoder = decoder
    tokenizer.add_special_tokens(["<s>", "</s>"])
    return tokenizer


N, P, D = normalizers, pre_tokenizers, decoders
BEHAVIORS = ("removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous")

FAMILIES: dict[str, Callable[[], Tokenizer]] = {
    "gpt-2": gpt_2,
    "llama-3": llama_3,
    "qwen-2": qwen_2,
    "llama-2": llama_2,
    "mistral": mistral,
    "bert": bert,
    "t5": t5,
    "xlm-roberta": xlm_roberta,
    "albert": albert,
}

# Less lines are enough to tell whether an option is understood.
VARIANTS: dict[str, Callable[[], Tokenizer]] = {
    "roberta": roberta,
    "cl100k": lambda: byte_level(CL100K),
    "o200k": lambda: byte_level(O200K),
    "deepseek": deepseek,
    "byte-level normalizer": byte_level_normalizer,
    "gemma": gemma,
    "bert cased": lambda: bert(lowercase=False),
    "unigram with bytes": unigram_with_bytes,
    "clip": clip,
    "prefixed bpe": prefixed,
    "llama-2, unknown not fused": lambda: llama_2(fuse_unk=False, byte_fallback=False),
    "llama-2, unknown fused": lambda: llama_2(byte_fallback=False),
    "words": lambda: word_level(P.Whitespace()),
    "words, digits": lambda: word_level(P.Sequence([P.WhitespaceSplit(), P.Digits()])),
    **{f"normalizer {name}": functools.partial(spelt, None, normalizer) for name, normalizer in {
        "NFC": N.NFC(), "NFD": N.NFD(), "NFKC": N.NFKC(), "NFKD": N.NFKD(), "Lowercase": N.Lowercase(), "StripAccents": N.StripAccents(),
        "Strip": N.Strip(), "Strip left": N.Strip(right=False), "Strip right": N.Strip(left=False), "Nmt": N.Nmt(), "ByteLevel": N.ByteLevel(),
        "Prepend": N.Prepend("▁x"), "Replace": N.Replace("a", "<é>"), "Replace regex": N.Replace(Regex(r"\s*[aá]+|(?=b)|$"), "-"),
        "Bert, plain": N.BertNormalizer(False, False, False, False), "Bert, clean": N.BertNormalizer(True, False, False, False),
        "Bert, ideographs": N.BertNormalizer(False, True, False, False), "Bert, accents": N.BertNormalizer(False, False, True, False),
        "Bert, lowercase": N.BertNormalizer(True, True, None, True), "nested": N.Sequence([N.Sequence([N.NFD(), N.Lowercase()]), N.StripAccents()]),
    }.items()},
    "normalizer Precompiled": lambda: spelt(None, charsmap()),
    **{f"pre-tokenizer {name}": functools.partial(spelt, pre_tokenizer) for name, pre_tokenizer in {
        "ByteLevel": P.ByteLevel(), "ByteLevel, no pattern": P.ByteLevel(True, use_regex=False), "Bert": P.BertPreTokenizer(), "Whitespace": P.Whitespace(),
        "WhitespaceSplit": P.WhitespaceSplit(), "Digits": P.Digits(), "Digits, individual": P.Digits(individual_digits=True),
        "Metaspace": P.Metaspace(), "Metaspace first": P.Metaspace(prepend_scheme="first"), "Metaspace never": P.Metaspace(prepend_scheme="never"),
        "Metaspace whole": P.Metaspace(split=False), "Metaspace _": P.Metaspace("_"), "CharDelimiterSplit": P.CharDelimiterSplit("a"),
        "UnicodeScripts": P.UnicodeScripts(), "dialect": P.Split(Regex(DIALECT), "isolated"),
        "Sequence": P.Sequence([P.UnicodeScripts(), P.Metaspace(prepend_scheme="first"), P.Digits(True), P.Punctuation("contiguous")]),
        **{f"Split text {b}": P.Split("a", b) for b in BEHAVIORS}, **{f"Split regex {b}": P.Split(Regex(r"\s+|[aeiou]"), b) for b in BEHAVIORS},
        **{f"Split inverted {b}": P.Split(Regex(r"\w+"), b, invert=True) for b in BEHAVIORS},
        **{f"Punctuation {b}": P.Punctuation(b) for b in BEHAVIORS}, **{f"Split empty {b}": P.Split(Regex(r"a*"), b) for b in BEHAVIORS},
    }.items()},
    "first after a strip": lambda: spelt(P.Metaspace(prepend_scheme="first"), N.Sequence([N.Strip(), N.Replace("ab", ""), N.Replace(Regex("^hh?"), "x")])),
}  # fmt: skip

# Compared over any ids: what a model gives is too tame.
DECODERS: dict[str, decoders.Decoder | None] = {
    "none": None, "ByteLevel": D.ByteLevel(), "WordPiece": D.WordPiece(), "WordPiece, as it is": D.WordPiece(cleanup=False), "BPEDecoder": D.BPEDecoder(),
    "CTC": D.CTC(), "CTC, as it is": D.CTC(cleanup=False), "Metaspace": D.Metaspace(), "Metaspace never": D.Metaspace(prepend_scheme="never"),
    "ByteFallback": D.ByteFallback(), "Fuse": D.Fuse(), "Strip": D.Strip(" ", 1, 0), "Replace": D.Replace("a", "東"), "Replace regex": D.Replace(Regex(" +|$"), "_"),
    "llama-2": LLAMA_2_DECODER, "fused, then all": D.Sequence([D.Fuse(), D.Replace("s  ", "<>"), D.Strip("a", 2, 0), D.Metaspace()]),
    "bytes, then words": D.Sequence([D.ByteFallback(), D.WordPiece()]), "level, then strip": D.Sequence([D.ByteLevel(), D.Strip(" ", 1, 0), D.Replace("  ", "")]),
    "two at once": D.Sequence([D.Sequence([D.BPEDecoder(), D.Replace("▁", " ")]), D.Strip(" ", 2, 0)]),
}  # fmt: skip
