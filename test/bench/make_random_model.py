"""Writes a Llama of random weights as a model folder, to time the engine with.

    python make_random_model.py FOLDER F32|BF16 [hidden 640] [layers 8]    (numpy)

Tokenizer: copied from test/data/llama_tiny, 300 tokens. The defaults give 36 million parameters.
"""

import json
import shutil
import struct
import sys
from pathlib import Path

import numpy


def tensors(hidden: int, inner: int, layers: int, kv: int, vocabulary: int):
    yield "model.embed_tokens.weight", (vocabulary, hidden)
    for layer in range(layers):
        path = f"model.layers.{layer}."
        yield path + "input_layernorm.weight", (hidden,)
        yield path + "self_attn.q_proj.weight", (hidden, hidden)
        yield path + "self_attn.k_proj.weight", (kv, hidden)
        yield path + "self_attn.v_proj.weight", (kv, hidden)
        yield path + "self_attn.o_proj.weight", (hidden, hidden)
        yield path + "post_attention_layernorm.weight", (hidden,)
        yield path + "mlp.gate_proj.weight", (inner, hidden)
        yield path + "mlp.up_proj.weight", (inner, hidden)
        yield path + "mlp.down_proj.weight", (hidden, inner)
    yield "model.norm.weight", (hidden,)


def main() -> None:
    folder, dtype = Path(sys.argv[1]), sys.argv[2]
    hidden, layers = (int(a) for a in (sys.argv[3:5] + ["640", "8"][len(sys.argv) - 3 :]))
    heads, kv_heads, inner, vocabulary = hidden // 64, hidden // 128, hidden * 8 // 3, 300
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "architectures": ["LlamaForCausalLM"], "hidden_act": "silu", "hidden_size": hidden, "intermediate_size": inner,
        "num_hidden_layers": layers, "num_attention_heads": heads, "num_key_value_heads": kv_heads, "head_dim": 64,
        "vocab_size": vocabulary, "max_position_embeddings": 2048, "rms_norm_eps": 1e-5, "tie_word_embeddings": True,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    shutil.copy(Path(__file__).parent.parent / "data/llama_tiny/tied/tokenizer.json", folder)

    rng = numpy.random.default_rng(1)
    header, parts, end = {}, [], 0
    for name, shape in tensors(hidden, inner, layers, 64 * kv_heads, vocabulary):
        values = numpy.ones(shape) if len(shape) == 1 else rng.standard_normal(shape) * shape[1] ** -0.5
        bits = values.astype(numpy.float32).view(numpy.uint32)
        parts.append(bits.tobytes() if dtype == "F32" else (bits >> 16).astype(numpy.uint16).tobytes())
        begin, end = end, end + len(parts[-1])
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


if __name__ == "__main__":
    main()
