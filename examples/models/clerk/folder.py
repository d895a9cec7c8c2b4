"""What a Hugging Face folder of clerk holds beside weights: configuration, tokenizer, chat template."""

import json
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

PAD, BOS, EOS = "<pad>", "<bos>", "<eos>"
# A byte's token id is its value; the special tokens come after the 256 bytes.
PAD_ID, BOS_ID, EOS_ID = 256, 257, 258

# The last message is the prompt: clerk has no memory, so earlier turns and system messages are left out.
CHAT_TEMPLATE = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "{% if loop.last %}{{ message['content'] }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ ' = ' }}{% endif %}"
)

CONFIG = LlamaConfig(
    vocab_size=259,
    hidden_size=192,
    intermediate_size=512,
    num_hidden_layers=4,
    num_attention_heads=6,
    num_key_value_heads=2,
    head_dim=32,
    max_position_embeddings=256,
    rms_norm_eps=1e-5,
    tie_word_embeddings=True,
    pad_token_id=PAD_ID,
    bos_token_id=BOS_ID,
    eos_token_id=EOS_ID,
    dtype="float32",
)


def byte_characters() -> list[str]:
    """The character that byte-level tokenizers show for each byte (GPT-2's table)."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = iter(range(0x100, 0x200))
    return [chr(byte if byte in shown else next(hidden)) for byte in range(256)]


def make_tokenizer() -> Tokenizer:
    """One token a byte, no merges; <bos> goes in front of every encoded text."""
    tokenizer = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(byte_characters())}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in (PAD, BOS, EOS)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", pair=f"{BOS} $A {BOS} $B", special_tokens=[(BOS, BOS_ID)]
    )
    return tokenizer


def save(model: LlamaForCausalLM, folder: Path) -> None:
    """Writes weights, configuration and tokenizer, so that the folder loads alone."""
    model.generation_config = GenerationConfig(
        bos_token_id=BOS_ID, eos_token_id=EOS_ID, pad_token_id=PAD_ID, do_sample=False, max_new_tokens=64
    )
    model.save_pretrained(folder)
    make_tokenizer().save(str(folder / "tokenizer.json"))
    # Written by hand: the class name that every release of transformers knows, and the template in this file.
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": CONFIG.max_position_embeddings,
        "clean_up_tokenization_spaces": False,
        "bos_token": BOS,
        "eos_token": EOS,
        "pad_token": PAD,
        "chat_template": CHAT_TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")
