"""Writes what torch and transformers compute with small decoders of every family, on the CPU.

    python make_reference.py [NAME...]    (torch 2.13.0, transformers 5.23.0)

NAME.json holds a model's config.json, its tensors as [name, shape, centre, spread], prompts, and per prompt: the greedy
continuation, how many tokens of it are `sure` (before the two best logits of a step are within 1e-4 of the largest
logit), its text, and the logits after some of the tokens. Weights are not stored: weight() makes them from their name,
and test/support/tiny_model.hpp does the same. tokenizer.json serves all models.
"""

import copy
import json
import random
import sys
from pathlib import Path

import numpy
import torch
import transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import GPT2Config, LlamaConfig, MistralConfig, Qwen2Config

HERE = Path(__file__).parent
BOS_ID, EOS_ID = 0, 1
VOCABULARY = 158
POSITIONS = 256
PROMPT_LENGTHS = (3, 9, 30)
GREEDY_TOKENS = 200
LOGITS_AFTER = (0, 77, 199)
SURE_LEAD = 1e-4

SMALL = dict(hidden_size=32, intermediate_size=44, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2)
LLAMA = SMALL | dict(rms_norm_eps=1e-5)
# Positions go far beyond the original context.
LLAMA3 = dict(rope_type="llama3", rope_theta=500.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=32)  # fmt: skip
YARN = dict(rope_type="yarn", rope_theta=1000.0, factor=4.0, original_max_position_embeddings=64)

MODELS = {
    "llama_tied": (LlamaConfig, LLAMA | dict(tie_word_embeddings=True)),
    "llama_untied": (LlamaConfig, LLAMA),
    "llama_biased": (LlamaConfig, LLAMA | dict(attention_bias=True, mlp_bias=True, head_dim=10)),
    "llama_linear": (LlamaConfig, LLAMA | dict(rope_parameters=dict(rope_type="linear", rope_theta=1e4, factor=4.0))),
    "llama_llama3": (LlamaConfig, LLAMA | dict(rope_parameters=LLAMA3)),
    "llama_bf16": (LlamaConfig, LLAMA | dict(dtype="bfloat16")),
    "llama_f16": (LlamaConfig, LLAMA | dict(dtype="float16")),
    "mistral": (MistralConfig, SMALL | dict(sliding_window=None)),
    "mistral_window": (MistralConfig, SMALL | dict(sliding_window=24)),
    "qwen2": (Qwen2Config, SMALL | dict(tie_word_embeddings=True)),
    "qwen2_window": (Qwen2Config, SMALL | dict(use_sliding_window=True, sliding_window=24, max_window_layers=1)),
    "qwen2_yarn": (Qwen2Config, SMALL | dict(rope_parameters=YARN)),
    "gpt2": (GPT2Config, dict(n_embd=32, n_layer=2, n_head=4, n_inner=52)),
    "gpt2_bf16": (GPT2Config, dict(n_embd=32, n_layer=2, n_head=4, dtype="bfloat16")),
}  # fmt: skip

# Bits of fp32 that a type does not have.
CUT_BITS = {"float32": 0, "bfloat16": 16, "float16": 13}


def make_tokenizer() -> Tokenizer:
    """Printable ASCII, space, line feed and some pairs, so that every text is valid UTF-8; the other bytes, which a
    tokenizer must have, lie behind the models' vocabulary."""
    characters = [chr(c) for c in range(0x21, 0x7F)] + ["\u0120", "\u010a"]
    merges = [(a, b) for a in "aeiou" for b in "nrstlmcdpbgk"]
    texts = ["<bos>", "<eos>"] + characters + [a + b for a, b in merges]
    assert len(texts) == VOCABULARY
    hidden = [chr(c) for c in (*range(0xA1, 0xAD), *range(0xAE, 0x100), *range(0x100, 0x144))]
    vocabulary = {text: i for i, text in enumerate(texts + [c for c in hidden if c not in characters])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in ("<bos>", "<eos>")])
    return tokenizer


def weight(name: str, count: int, centre: float, spread: float, cut_bits: int) -> numpy.ndarray:
    """Uniform in [centre - spread, centre + spread): FNV-1a of the name, then SplitMix64, then 24 bits of each."""
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = (state ^ byte) * 0x100000001B3 % 2**64
    z = numpy.uint64(state) + numpy.arange(1, count + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    z = (z ^ (z >> numpy.uint64(31))) >> numpy.uint64(40)
    units = z.astype(numpy.float32) * numpy.float32(2**-23) - numpy.float32(1)
    values = numpy.float32(centre) + numpy.float32(spread) * units
    if cut_bits:
        values[numpy.abs(values) < 2**-14] = 0
        values = (values.view(numpy.uint32) >> cut_bits << cut_bits).view(numpy.float32)
    return values


def spread_of(name: str, shape: list[int]) -> tuple[float, float]:
    if len(shape) == 1:
        return (0.0, 0.25) if name.endswith("bias") else (1.0, 0.5)
    if "wpe" in name:
        return 0.0, 0.5
    if "wte" in name or "embed_tokens" in name or "lm_head" in name:
        return 0.0, 0.5
    inputs = shape[0] if ".c_" in name else shape[1]
    return 0.0, float(numpy.float32(2.5 * inputs**-0.5))


def make_model(name: str) -> tuple[torch.nn.Module, list]:
    config_class, shape = MODELS[name]
    lengths = dict(n_positions=POSITIONS) if config_class is GPT2Config else dict(max_position_embeddings=POSITIONS)
    config = config_class(vocab_size=VOCABULARY, bos_token_id=BOS_ID, eos_token_id=EOS_ID, **(lengths | shape))
    cut_bits = CUT_BITS[shape.get("dtype", "float32")]
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    state = dict(model.state_dict())
    if config.tie_word_embeddings:
        del state["lm_head.weight"]
    tensors = []
    for tensor, values in state.items():
        centre, spread = spread_of(tensor, list(values.shape))
        tensors.append([tensor, list(values.shape), centre, spread])
        made = weight(tensor, values.numel(), centre, spread, cut_bits)
        values.copy_(torch.from_numpy(made).reshape(values.shape))
    model.config.architectures = [type(model).__name__]
    return model, tensors


@torch.inference_mode()
def continue_greedily(model: torch.nn.Module, ids: list[int]) -> tuple[list[int], int, torch.Tensor]:
    """Greedy tokens past <eos>, how many are sure, and the logits of every position."""
    out, sure = list(ids), None
    for step in range(GREEDY_TOKENS):
        logits = model(input_ids=torch.tensor([out]), use_cache=False).logits[0, -1]
        best = logits.topk(2)
        if sure is None and (best.values[0] - best.values[1]).item() < SURE_LEAD * logits.abs().max().item():
            sure = step
        out.append(int(best.indices[0]))
    logits = model(input_ids=torch.tensor([out[:-1]]), use_cache=False).logits[0]
    return out[len(ids) :], GREEDY_TOKENS if sure is None else sure, logits


def narrowed(model: torch.nn.Module) -> torch.nn.Module:
    """The model as transformers loads it in bf16: the frequencies of positions stay in fp32."""
    narrow = copy.deepcopy(model).to(torch.bfloat16)
    wide = dict(model.named_buffers())
    for name, buffer in narrow.named_buffers():
        buffer.data = wide[name].data
    return narrow


def rounded(logits: torch.Tensor) -> list[float]:
    return [float(f"{value:.7g}") for value in logits.float().tolist()]


@torch.inference_mode()
def write(name: str, tokenizer: Tokenizer) -> None:
    model, tensors = make_model(name)
    rng = random.Random(name)
    config = json.loads(model.config.to_json_string(use_diff=True))
    config["dtype"] = MODELS[name][1].get("dtype", "float32")
    prompts = []
    for length in PROMPT_LENGTHS:
        # A continuation in which rounding may decide says less; most do not have such a step.
        for _ in range(10):
            ids = [BOS_ID] + [rng.randrange(2, VOCABULARY) for _ in range(length - 1)]
            tokens, sure, logits = continue_greedily(model, ids)
            if sure == GREEDY_TOKENS:
                break
        prompt = {"ids": ids, "greedy": tokens, "sure": sure, "text": tokenizer.decode(tokens[:sure])}
        prompt["logits_after"] = LOGITS_AFTER
        prompt["logits"] = [rounded(logits[length - 1 + i]) for i in LOGITS_AFTER]
        if config["dtype"] == "bfloat16":
            narrow = narrowed(model)(input_ids=torch.tensor([ids + tokens[:-1]]), use_cache=False).logits[0]
            prompt["logits_computed_in_bf16"] = [rounded(narrow[length - 1 + i]) for i in LOGITS_AFTER]
        prompts.append(prompt)
        print(name, length, "sure", sure, "different tokens", len(set(tokens)))
    made_with = {"torch": torch.__version__, "transformers": transformers.__version__}
    data = {"made_with": made_with, "config": config, "tensors": tensors, "prompts": prompts}
    (HERE / f"{name}.json").write_text(json.dumps(data, separators=(",", ":")) + "\n")


def main() -> None:
    torch.set_num_threads(1)
    tokenizer = make_tokenizer()
    tokenizer.save(str(HERE / "tokenizer.json"), pretty=False)
    for name in sys.argv[1:] or MODELS:
        write(name, tokenizer)


if __name__ == "__main__":
    main()
