"""Writes two small random Llama models and what torch and transformers compute with them, on the CPU in fp32.

    python make_reference.py    (torch 2.13.0, transformers 5.23.0)

Each model folder holds, beside the model, reference.safetensors with the logits of every position of prompt N as
"logits.N", and reference.json with prompts, greedy continuations and the smallest lead of a chosen logit over the next.
"""

import json
import random
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import LlamaConfig, LlamaForCausalLM

HERE = Path(__file__).parent
VOCABULARY = 300
PAD_ID, BOS_ID, EOS_ID = 256, 257, 258
PROMPT_LENGTHS = (2, 5, 18)
LONG_PROMPT = 70
GREEDY_TOKENS = 16
SMALLEST_LEAD = 0.005

# The odd widths of the second leave remainders in every vector loop.
MODELS = {
    "tied": dict(
        hidden_size=64, intermediate_size=88, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        head_dim=16, rope_theta=10000.0, rms_norm_eps=1e-5, tie_word_embeddings=True,
    ),
    "untied": dict(
        hidden_size=42, intermediate_size=71, num_hidden_layers=1, num_attention_heads=3, num_key_value_heads=1,
        head_dim=10, rope_theta=500.0, rms_norm_eps=1e-6, tie_word_embeddings=False,
    ),
}  # fmt: skip


def byte_characters() -> list[str]:
    """The character that byte-level tokenizers show for each byte (GPT-2's table)."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = iter(range(0x100, 0x200))
    return [chr(byte if byte in shown else next(hidden)) for byte in range(256)]


def make_tokenizer() -> Tokenizer:
    """256 bytes, three special tokens, 41 merges of two letters."""
    vocabulary = {character: i for i, character in enumerate(byte_characters())}
    merges = [(a, b) for a in "aeiou" for b in "nrstlmcd"] + [("t", "h")]
    vocabulary |= {a + b: EOS_ID + 1 + i for i, (a, b) in enumerate(merges)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    added = [AddedToken(text, special=True, normalized=False) for text in ("<pad>", "<bos>", "<eos>")]
    # Ids follow the vocabulary's size, so the special tokens take their places in the vocabulary first.
    vocabulary |= {"<pad>": PAD_ID, "<bos>": BOS_ID, "<eos>": EOS_ID}
    tokenizer.model = models.BPE(vocab=vocabulary, merges=merges)
    tokenizer.add_special_tokens(added)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A", pair="<bos> $A <bos> $B", special_tokens=[("<bos>", BOS_ID)]
    )
    assert tokenizer.get_vocab_size() == VOCABULARY
    return tokenizer


def make_model(shape: dict) -> LlamaForCausalLM:
    config = LlamaConfig(
        vocab_size=VOCABULARY, max_position_embeddings=128, bos_token_id=BOS_ID, eos_token_id=EOS_ID,
        pad_token_id=PAD_ID, dtype="float32", **shape,
    )  # fmt: skip
    model = LlamaForCausalLM(config).float().eval()
    for name, weight in model.named_parameters():
        if name.endswith("norm.weight"):
            torch.nn.init.uniform_(weight, 0.5, 1.5)
        else:
            # Wide enough that no two logits are near each other.
            torch.nn.init.normal_(weight, std=1.5 * weight.shape[1] ** -0.5)
    return model


@torch.inference_mode()
def greedy(model: LlamaForCausalLM, ids: list[int]) -> tuple[list[int], float]:
    """Greedy tokens, past <eos>, and the smallest lead of a chosen logit over the next."""
    out, lead = list(ids), float("inf")
    for _ in range(GREEDY_TOKENS):
        best = model(input_ids=torch.tensor([out])).logits[0, -1].topk(2)
        lead = min(lead, (best.values[0] - best.values[1]).item())
        out.append(int(best.indices[0]))
    return out[len(ids) :], lead


@torch.inference_mode()
def write(folder: Path, model: LlamaForCausalLM, rng: random.Random) -> float:
    folder.mkdir(exist_ok=True)
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(folder)
    weights = {name: weight.contiguous() for name, weight in model.state_dict().items()}
    if model.config.tie_word_embeddings:
        del weights["lm_head.weight"]
    save_file(weights, folder / "model.safetensors")
    make_tokenizer().save(str(folder / "tokenizer.json"), pretty=False)

    prompts, logits, smallest = [], {}, float("inf")
    for n, length in enumerate((*PROMPT_LENGTHS, LONG_PROMPT)):
        ids = [BOS_ID] + [rng.randrange(256) for _ in range(length - 1)]
        tokens, lead = greedy(model, ids)
        smallest = min(smallest, lead)
        prompts.append({"ids": ids, "greedy": tokens, "greedy_smallest_lead": float(f"{lead:.4g}")})
        if length != LONG_PROMPT:
            logits[f"logits.{n}"] = model(input_ids=torch.tensor([ids])).logits[0].contiguous()
    save_file(logits, folder / "reference.safetensors")
    made_with = {"torch": torch.__version__, "transformers": transformers.__version__}
    (folder / "reference.json").write_text(json.dumps({"made_with": made_with, "prompts": prompts}) + "\n")
    for file in folder.iterdir():
        file.chmod(0o644)
    return smallest


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(1)
    for name, shape in MODELS.items():
        model = make_model(shape)
        # The first seed whose prompts leave no chosen token within rounding of another.
        seed = next(seed for seed in range(1000) if write(HERE / name, model, random.Random(seed)) > SMALLEST_LEAD)
        print(name, "seed", seed)


if __name__ == "__main__":
    main()
