"""Writes small random encoders and what sentence-transformers and transformers compute with them, on the CPU in fp32.

    python make_reference.py    (torch 2.13.0, transformers 5.24.0, sentence-transformers 6.2.0)

Each model folder holds, beside the model, reference.json: inputs as texts and as the reference tokenizer's ids, and for
each the embedding (sentence-transformers, from the folder as it is) or the logits and scores (transformers).
"""

import json
import random
import shutil
from pathlib import Path

import sentence_transformers
import torch
import transformers
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import AutoModelForSequenceClassification, AutoTokenizer, PreTrainedTokenizerFast

HERE = Path(__file__).parent
LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORDS = ["the", "cat", "dog", "sat", "on", "mat", "river", "bank", "money", "##s", "##ing", "a", ".", ",", "!", "?"]
TEXTS = [
    "The cat sat on the mat.",
    "a",
    "Money in the bank, a river bank!",
    "dogs barking at cats sitting on mats: why?",
    "Café déjà vu, the end.",
    " ".join(["the river sat on a bank,"] * 24),
]
PAIRS = [("the cat", "a dog sat"), ("Is the money in the bank?", "the river."), ("a" * 40, " ".join(["money"] * 30))]

# Odd widths leave remainders in every vector loop.
SMALL = dict(hidden_size=20, num_hidden_layers=2, num_attention_heads=2, intermediate_size=36)
DISTIL = dict(dim=20, n_layers=2, n_heads=2, hidden_dim=36)


def old_pooling(mode: str) -> dict:
    modes = ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens")
    return {"word_embedding_dimension": 20} | {f"pooling_mode_{name}": name == mode for name in modes}


EMBEDDERS = {
    "bert": dict(
        model=("Bert", SMALL | dict(max_position_embeddings=60, hidden_act="gelu")),
        pooling=old_pooling("mean_tokens"), normalize=True, max_seq_length=40,
    ),
    # bert without modules.json: mean of the tokens, not normalised. Old names of the norms, and a prefix.
    "bert_plain": dict(model=("Bert", SMALL | dict(max_position_embeddings=60, hidden_act="gelu_new")), old_names=True),
    "roberta": dict(
        model=("Roberta", SMALL | dict(max_position_embeddings=66, type_vocab_size=1, pad_token_id=1)),
        pooling=old_pooling("cls_token"), max_seq_length=64,
    ),
    "distilbert": dict(
        model=("DistilBert", DISTIL | dict(max_position_embeddings=64)),
        pooling={"embedding_dimension": 20, "pooling_mode": "max", "include_prompt": True}, dense=12, max_seq_length=64,
    ),
    # Long enough for every bucket of the relative positions.
    "mpnet": dict(
        model=("MPNet", SMALL | dict(max_position_embeddings=162, num_hidden_layers=1)),
        pooling=old_pooling("mean_sqrt_len_tokens"), max_seq_length=160,
    ),
}  # fmt: skip
CLASSIFIERS = {
    "bert_classifier": dict(model=("Bert", SMALL | dict(max_position_embeddings=50)), labels=["no", "maybe", "yes"]),
    "bert_bf16": dict(
        model=("Bert", SMALL | dict(max_position_embeddings=50, hidden_act="relu")), labels=["LABEL_0", "LABEL_1"],
        dtype=torch.bfloat16,  # transformers leaves these two names out of config.json
    ),
    "roberta_classifier": dict(
        model=("Roberta", SMALL | dict(max_position_embeddings=52, type_vocab_size=1, pad_token_id=1)),
        labels=["sport", "music", "art"], problem_type="multi_label_classification",
    ),
    "distilbert_classifier": dict(model=("DistilBert", DISTIL | dict(max_position_embeddings=50)), labels=["score"]),
    "mpnet_classifier": dict(
        model=("MPNet", SMALL | dict(max_position_embeddings=52)), labels=["score"], identity=True,
    ),
}  # fmt: skip


def word_piece(special: dict[str, str]) -> Tokenizer:
    vocabulary = [special["cls"], special["pad"], special["sep"], "[UNK]", special["mask"]]
    vocabulary += [*LETTERS, *(f"##{letter}" for letter in LETTERS)]
    vocabulary += [word for word in WORDS if word not in vocabulary]
    tokenizer = Tokenizer(
        models.WordPiece({word: i for i, word in enumerate(vocabulary)}, unk_token="[UNK]", max_input_chars_per_word=50)
    )
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def byte_characters() -> list[str]:
    """The character that byte-level tokenizers show for each byte (GPT-2's table)."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = iter(range(0x100, 0x200))
    return [chr(byte if byte in shown else next(hidden)) for byte in range(256)]


def byte_level(special: dict[str, str]) -> Tokenizer:
    vocabulary = [special["cls"], special["pad"], special["sep"], "<unk>", *byte_characters()]
    merges = [(a, b) for a in "aeiou" for b in "nrstd"] + [("t", "h"), ("Ġ", "th"), ("Ġth", "e")]
    vocabulary += [a + b for a, b in merges] + [special["mask"]]
    tokenizer = Tokenizer(models.BPE({word: i for i, word in enumerate(vocabulary)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def make_tokenizer(family: str, max_length: int) -> PreTrainedTokenizerFast:
    if family in ("Bert", "DistilBert"):
        special = {"cls": "[CLS]", "sep": "[SEP]", "pad": "[PAD]", "mask": "[MASK]"}
    else:
        special = {"cls": "<s>", "sep": "</s>", "pad": "<pad>", "mask": "<mask>"}
    tokenizer = byte_level(special) if family == "Roberta" else word_piece(special)
    ids = [(special[name], tokenizer.token_to_id(special[name])) for name in ("cls", "sep")]
    cls, sep = special["cls"], special["sep"]
    if family == "Roberta":
        tokenizer.post_processor = processors.RobertaProcessing(ids[1], ids[0], add_prefix_space=False)
    else:
        between = f"{sep}:0 {sep}:1" if family == "MPNet" else f"{sep}:0"
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{cls}:0 $A:0 {sep}:0", pair=f"{cls}:0 $A:0 {between} $B:1 {sep}:1", special_tokens=ids
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, cls_token=cls, sep_token=sep, pad_token=special["pad"], mask_token=special["mask"],
        unk_token="<unk>" if family == "Roberta" else "[UNK]", model_max_length=max_length,
    )  # fmt: skip


def randomize(model: torch.nn.Module) -> None:
    """Weights far from their zeros and ones, so that one that is left out shows."""
    for name, weight in model.named_parameters():
        if weight.dim() == 1 and name.endswith("weight"):
            torch.nn.init.uniform_(weight, 0.5, 1.5)
        elif weight.dim() == 1:
            torch.nn.init.normal_(weight, std=0.3)
        else:
            torch.nn.init.normal_(weight, std=1.2 * min(weight.shape[1] ** -0.5, 0.5))


def write_model(folder: Path, kind: str, spec: dict) -> int:
    """Returns the longest input."""
    family, shape = spec["model"]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    longest = shape["max_position_embeddings"] - (2 if family in ("Roberta", "MPNet") else 0)
    tokenizer = make_tokenizer(family, longest)
    extra = {}
    if "labels" in spec:
        extra = {
            "id2label": dict(enumerate(spec["labels"])),
            "label2id": {label: i for i, label in enumerate(spec["labels"])},
        }
    config = getattr(transformers, f"{family}Config")(vocab_size=len(tokenizer), **shape, **extra)
    if "problem_type" in spec:
        config.problem_type = spec["problem_type"]
    model = getattr(transformers, f"{family}{kind}")(config).float().eval()
    randomize(model)
    model = model.to(spec.get("dtype", torch.float32))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    if spec.get("old_names"):
        weights = {f"bert.{name}": weight for name, weight in load_file(folder / "model.safetensors").items()}
        for new, old in (("weight", "gamma"), ("bias", "beta")):
            weights = {name.replace(f"Norm.{new}", f"Norm.{old}"): weight for name, weight in weights.items()}
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    if spec.get("identity"):
        text = json.loads((folder / "config.json").read_text())
        text["sentence_transformers"] = {"activation_fn": "torch.nn.modules.linear.Identity"}
        (folder / "config.json").write_text(json.dumps(text, indent=2) + "\n")
    return longest


def write_modules(folder: Path, spec: dict) -> None:
    if "pooling" not in spec:
        return
    kinds = ["Transformer", "Pooling"] + ["Dense"] * ("dense" in spec) + ["Normalize"] * ("normalize" in spec)
    modules = []
    for i, kind in enumerate(kinds):
        path = "" if i == 0 else f"{i}_{kind}"
        modules.append({"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"})
        if path:
            (folder / path).mkdir()
    (folder / "modules.json").write_text(json.dumps(modules, indent=2) + "\n")
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(spec["pooling"], indent=2) + "\n")
    limits = {"max_seq_length": spec["max_seq_length"], "do_lower_case": False}
    (folder / "sentence_bert_config.json").write_text(json.dumps(limits, indent=2) + "\n")
    if "normalize" in spec:
        (folder / f"{len(kinds) - 1}_Normalize" / ".gitkeep").touch()
    if "dense" in spec:
        size = spec["dense"]
        dense = {
            "in_features": 20, "out_features": size, "bias": True,
            "activation_function": "torch.nn.modules.activation.Tanh",
        }  # fmt: skip
        (folder / "2_Dense" / "config.json").write_text(json.dumps(dense, indent=2) + "\n")
        weights = {"linear.weight": torch.randn(size, 20) * 0.2, "linear.bias": torch.randn(size) * 0.3}
        save_file(weights, folder / "2_Dense" / "model.safetensors")


def numbers(tensor: torch.Tensor) -> list[float]:
    return [float(f"{value:.8g}") for value in tensor.flatten().tolist()]


def encode(tokenizer, text, longest: int) -> dict:
    pair = {"text_pair": text[1]} if isinstance(text, tuple) else {}
    first = text[0] if isinstance(text, tuple) else text
    encoded = tokenizer(first, **pair, truncation="longest_first", max_length=longest, return_token_type_ids=True)
    return {"ids": encoded["input_ids"], "type_ids": encoded["token_type_ids"]}


def embed_all(folder: Path, spec: dict, longest: int) -> list[dict]:
    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    longest = min(longest, spec.get("max_seq_length", longest))
    assert model.max_seq_length == longest
    results = []
    for text in TEXTS:
        vector = torch.from_numpy(model.encode([text])[0])
        results.append({"text": text} | encode(model.tokenizer, text, longest) | {"embedding": numbers(vector)})
    return results


@torch.inference_mode()
def classify_all(folder: Path, longest: int) -> list[dict]:
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    is_bert = model.config.model_type == "bert"
    results = []
    for text in [*TEXTS, *PAIRS]:
        encoded = encode(tokenizer, text, longest)
        types = {"token_type_ids": torch.tensor([encoded["type_ids"]])} if is_bert else {}
        logits = model(input_ids=torch.tensor([encoded["ids"]]), **types).logits[0]
        if hasattr(model.config, "sentence_transformers"):
            scores = logits
        elif model.config.problem_type == "multi_label_classification" or len(logits) == 1:
            scores = logits.sigmoid()
        else:
            scores = logits.softmax(dim=0)
        names = {"text": text[0], "pair": text[1]} if isinstance(text, tuple) else {"text": text}
        results.append(names | encoded | {"logits": numbers(logits), "scores": numbers(scores)})
    return results


def write_reference(folder: Path, inputs: list[dict]) -> None:
    made_with = {
        "torch": torch.__version__, "transformers": transformers.__version__,
        "sentence_transformers": sentence_transformers.__version__,
    }  # fmt: skip
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in inputs)
    (folder / "reference.json").write_text(f'{{"made_with": {json.dumps(made_with)},\n"inputs": [\n{lines}\n]}}\n')
    for file in folder.rglob("*"):
        if file.is_file():
            file.chmod(0o644)


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(1)
    random.seed(1)
    for name, spec in EMBEDDERS.items():
        longest = write_model(HERE / name, "Model", spec)
        write_modules(HERE / name, spec)
        write_reference(HERE / name, embed_all(HERE / name, spec, longest))
    for name, spec in CLASSIFIERS.items():
        longest = write_model(HERE / name, "ForSequenceClassification", spec)
        write_reference(HERE / name, classify_all(HERE / name, longest))


if __name__ == "__main__":
    main()
