"""A tiny language model that calls tools: a folder for the native engine, made without training.

Each token is followed by one that depends on it alone: the embedding of a token is a unit vector, the layers add nothing,
and the head maps each unit vector to the next token's. So what comes first after the prompt decides the whole answer, and
the chat template chooses that: a call where there are tools, an answer where a tool has spoken, else a greeting.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any, Dict, List, Sequence

import numpy as np

END = "<|end|>"
#: Special ones, which are not written out unless they mark calls.
SPECIAL = [END, "<call>", "<answer>", "<talk>", "<tool_call>", "</tool_call>"]
#: Texts in tokens; a byte of a character may be one.
CHAINS: List[List[Any]] = [
    [
        *("<call>", "<tool_call>", '\n{"na', 'me": "get_wea', 'ther", "argu', 'ments": {"place": "Br', b"\xc3", b"\xbc"),
        *('n", "days": ', "2}}", "\n", "</tool_call>", "\n<tool_c", 'all>{"name": "now", "arguments"', ": {", "}}</tool_"),
        *("call>", END),
    ],
    ["<answer>", "It is ", "sunny", ".", END],
    ["<talk>", "Hel", "lo", "!", END],
]
CALLS = [("get_weather", '{"place": "Brün", "days": 2}'), ("now", "{}")]
ANSWER = "It is sunny."
GREETING = "Hello!"

TEMPLATE = """\
{%- if tools %}{{ tools | tojson(indent=1) }}
{% endif %}
{%- for message in messages %}
{{- message.role + ': ' + message.content }}
{%- for call in message.tool_calls %}
{{- '<tool_call>' + call.function | tojson + '</tool_call>' }}
{%- endfor %}
{{- '\\n' }}
{%- endfor %}
{{- '<answer>' if messages[-1].role == 'tool' else '<call>' if tools else '<talk>' }}
"""

WIDTH = 320  # Tokens, and the vectors' length.
HEADS, HEAD, INNER = 2, 16, 16


def write_tool_model(folder: Path) -> None:
    folder.mkdir(parents=True)
    vocabulary = _vocabulary()
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": WIDTH, "hidden_size": WIDTH,
        "intermediate_size": INNER, "num_hidden_layers": 1, "num_attention_heads": HEADS, "num_key_value_heads": HEADS,
        "head_dim": HEAD, "hidden_act": "silu", "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "attention_bias": False,
        "mlp_bias": False, "tie_word_embeddings": False, "max_position_embeddings": 2048,
        "eos_token_id": vocabulary[END], "dtype": "float32",
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(json.dumps(_tokenizer(vocabulary)))
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": TEMPLATE, "eos_token": END}))
    _write_tensors(folder / "model.safetensors", _weights(vocabulary))


def _byte_characters() -> List[str]:
    """The character that byte-level tokenizers show for each byte (GPT-2's table)."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = iter(range(0x100, 0x200))
    return [chr(byte if byte in shown else next(hidden)) for byte in range(256)]


def _spelled(piece: Any) -> str:
    if piece in SPECIAL:
        return piece
    characters = _byte_characters()
    return "".join(characters[byte] for byte in (piece if isinstance(piece, bytes) else piece.encode()))


def _vocabulary() -> Dict[str, int]:
    ids = {character: byte for byte, character in enumerate(_byte_characters())}
    pieces = [piece for chain in CHAINS for piece in chain if piece not in SPECIAL]
    for piece in pieces + SPECIAL:  # As the library counts: added tokens follow the model's own.
        ids.setdefault(_spelled(piece), len(ids))
    return ids


def _tokenizer(vocabulary: Dict[str, int]) -> Dict[str, Any]:
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    return {
        "version": "1.0",
        "added_tokens": [{"id": vocabulary[token], "content": token, **plain} for token in SPECIAL],
        "pre_tokenizer": byte_level,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "vocab": {token: id for token, id in vocabulary.items() if token not in SPECIAL},
            "merges": [],
        },
    }


def _weights(vocabulary: Dict[str, int]) -> Dict[str, np.ndarray]:
    head = np.zeros((WIDTH, WIDTH), np.float32)
    for chain in CHAINS:
        for token, following in zip(chain, chain[1:]):
            head[vocabulary[_spelled(following)], vocabulary[_spelled(token)]] = 1
    assert head.sum(axis=0).max() == 1, "a token is followed by two"
    layer = "model.layers.0."
    shapes: Dict[str, Sequence[int]] = {
        "self_attn.q_proj": (HEADS * HEAD, WIDTH),
        "self_attn.k_proj": (HEADS * HEAD, WIDTH),
        "self_attn.v_proj": (HEADS * HEAD, WIDTH),
        "self_attn.o_proj": (WIDTH, HEADS * HEAD),
        "mlp.gate_proj": (INNER, WIDTH),
        "mlp.up_proj": (INNER, WIDTH),
        "mlp.down_proj": (WIDTH, INNER),
    }
    weights = {f"{layer}{name}.weight": np.zeros(shape, np.float32) for name, shape in shapes.items()}
    for name in (f"{layer}input_layernorm", f"{layer}post_attention_layernorm", "model.norm"):
        weights[f"{name}.weight"] = np.ones(WIDTH, np.float32)
    return {**weights, "model.embed_tokens.weight": np.eye(WIDTH, dtype=np.float32), "lm_head.weight": head}


def _write_tensors(file: Path, tensors: Dict[str, np.ndarray]) -> None:
    header, data = {}, b""
    for name, tensor in tensors.items():
        end = len(data) + tensor.nbytes
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), end]}
        data += tensor.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    file.write_bytes(struct.pack("<Q", len(text)) + text + data)
