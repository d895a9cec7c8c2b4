"""Writes what the tests of gpu/tokenizer compare with, as `tokenizers` and `jinja2` compute it.

    pip install tokenizers jinja2
    python make_reference.py

tokenizer.json         a small byte-level BPE with merges, trained on text made here
encodings.json         mixed lines with their ids, with and without special tokens, and decodings, also of broken bytes
variants.json          the same vocabulary with other options (prefix space, old merge spelling, plain characters, …)
chat_templates.json    chat templates with conversations and their renderings, or the text of raise_exception
"""

import json
import random
from pathlib import Path
from typing import Any

import jinja2
import tokenizers
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

HERE = Path(__file__).parent
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


CHATML = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
LLAMA_2 = (
    "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
    "{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}"
    "{% set system_message = false %}{% endif %}{% for message in loop_messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{% if loop.index0 == 0 and system_message != false %}"
    "{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}"
    "{% else %}{% set content = message['content'] %}{% endif %}"
    "{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"
)
LLAMA_3 = (
    "{% set loop_messages = messages %}{% for message in loop_messages %}"
    "{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}"
    "{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
ZEPHYR = """\
{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>\\n' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>\\n' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>\\n'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}
"""
QWEN = """\
{%- if tools %}
    {{- 'tools' }}
{%- else %}
    {%- if messages[0].role == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- set ns = namespace(multi_step=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step and message.role == "user" and message.content is string %}
        {%- set ns.multi_step = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set content = message.content %}
        {%- if '</think>' in content %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {{- '<|im_start|>' ~ message.role ~ '\\n' ~ content ~ '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{{- ns.last_query_index }}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""
FEATURES = {
    "scopes": "{% set x = 'out' %}{% for m in messages %}{{ x }}{% set x = m.role %}{{ x }},{% endfor %}{{ x }}",
    "loop": "{% for m in messages %}{{ loop.index }}/{{ loop.index0 }}/{{ loop.length }}/{{ loop.revindex }}/{{ loop.revindex0 }}"
    "/{{ loop.first }}/{{ loop.last }}|{% endfor %}{% for m in [] %}x{% else %}none{% endfor %}",
    "nested loops": "{% for m in messages %}{% for c in ['a', \"b\"] %}{{ loop.index }}{{ c }}{% endfor %}{{ loop.index }};{% endfor %}",
    "loop filter": "{% for m in messages if m.role != 'system' %}{{ loop.index }}{{ m.role }} {% endfor %}",
    "white space": "  {% if true %}  \n  a\n  {%- if true -%}  \n b \n {%- endif +%} \n c {%+ if true %}d{% endif %}\n\n{% endif %}\n x \n",
    "line ends": "a\r\n{% if true %}\r\nb\r{% endif %}\r\nc\n\n",
    "comments": "a {# one #} b\n  {# two\n lines #}\nc {#- three -#}  d {#+ four +#}\ne",
    "signs of outputs": "a  {{- 'b' -}}  \n c  {{ 'd' }}  \n e",
    "expressions": "{{ 1 + 2 * 3 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 2 - 5 }} {{ 'a' ~ 1 ~ none ~ true }} {{ 1 < 2 <= 2 }} {{ 3 > 2 > 2 }} {{ not false and 1 == 2 or 'or' }}",
    "logic": "{{ '' or 'b' }} {{ 'a' and 'b' }} {{ not '' }} {{ not not 1 }} {{ 1 == true }} {{ 'a' == 1 }} {{ [1, 'x'] == [1, 'x'] }} {{ none == false }} {{ undefined_name == other }}",
    "membership": "{{ 'a' in 'cat' }} {{ 'x' not in 'cat' }} {{ 'user' in ['user', 'system'] }} {{ 2 in [1, 3] }} {{ 'role' in messages[0] }} {{ 'x' in messages[0] }} {{ 'a' in ('a', 'b') }}",
    "indices": "{{ messages[0]['role'] }} {{ messages[-1].content }} {{ messages[9] is defined }} {{ messages[0].nothing is defined }} {{ 'žlu'[1] }} {{ 'žluť'[-1] }} {{ 'abc'[7] }}|{{ messages[0]['x'] }}|",
    "slices": "{{ 'žluťoučký'[1:4] }} {{ 'abcdef'[::-1] }} {{ 'abcdef'[-3:] }} {{ 'abcdef'[:-2] }} {{ 'abcdef'[1:5:2] }} {{ 'abcdef'[4:1:-1] }} {{ 'abc'[5:] }}| {{ messages[1:]|length }} {{ messages[:-1]|length }} {{ 'abc'[-9:9] }} {{ 'abc'[9:-9:-1] }} {{ 'abc'[:0:-1] }}",
    "filters": "[{{ '  \\u00a0é \\n\\t'|trim }}] {{ 'žlutý'|length }} {{ messages|length }} {{ 'aBc'|upper }} {{ 'aBc'|lower }} {{ nothing|default('d') }} {{ ''|default('e', true) }} {{ [1, 'b', none]|join('-') }} {{ [1, 2]|first }} {{ [1, 2]|last }} {{ nothing|length }}[{{ nothing|trim }}] {{ -1|length if false else 'x'|length }} {{ 'xxaxx'|trim('x') }}",
    "tojson": "{{ messages|tojson }} {{ 'a\"\\\\\\n\\u0001é<>&'|tojson }} {{ [1, true, none, []]|tojson }}",
    "tests": "{{ x is defined }} {{ x is not defined }} {{ none is none }} {{ 1 is not none }} {{ 'a' is string }} {{ messages is iterable }} {{ messages[0] is mapping }} {{ 1 is number }} {{ true is boolean }} {{ not x is defined }} {{ tools is defined }} {{ tools is none }} {{ x is undefined }} {{ true is true }} {{ 1 is true }} {{ 1 is integer }}",
    "methods": "[{{ ' a '.strip() }}] [{{ ' a '.lstrip() }}] [{{ ' a '.rstrip() }}] {{ 'xxaxyx'.strip('xy') }} {{ 'a,b,,c'.split(',')|join('|') }} {{ ' a  b\\u3000c '.split()|join('|') }} {{ 'abc'.startswith('ab') }} {{ 'abc'.endswith('ab') }} {{ 'aXa'.upper() }} {{ 'banana'.replace('an', '<>') }} {{ messages[0].get('role') }} {{ messages[0].get('x') }} {{ messages[0].get('x', 'y') }}",
    "conditional": "{{ 'a' if true else 'b' }} {{ 'a' if false }}| {{ 'a' if false else 'b' if false else 'c' }} {% for m in (messages if false else [1, 2]) %}{{ m }}{% endfor %}",
    "strings": "{{ 'it\\'s' }} {{ \"q\\\"q\" }} {{ 'a' 'b' }} {{ '\\u00e9\\x41\\U0001F642\\q\\\\' }} {{ '{{ }} {% %}' }} {{ '' }}|",
    "namespace": "{% set ns = namespace(found=false, n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% if m.role == 'user' %}{% set ns.found = true %}{% endif %}{% endfor %}{{ ns.found }} {{ ns.n }} {{ ns.nothing is defined }}",
    "range": "{% for i in range(3) %}{{ i }}{% endfor %} {% for i in range(2, 8, 3) %}{{ i }},{% endfor %} {{ range(5, 0, -2)|join(' ') }}",
    "if chains": "{% for m in messages %}{% if m.role == 'system' %}S{% elif m.role == 'user' %}U{% elif m.role == 'assistant' %}A{% else %}?{% endif %}{% endfor %}",
    "raise": "{% if messages[0].role != 'bishop' %}{{ raise_exception('Only bishops, not ' + messages[0].role + '!') }}{% endif %}",
    "loop over text and keys": "{% for c in 'žl' %}<{{ c }}>{% endfor %}{% for k in messages[0] %}{{ k }} {% endfor %}{% for x in nothing %}x{% endfor %}",
}  # fmt: skip

USER = {"role": "user", "content": " What is 2 + 2?\n"}
ASSISTANT = {"role": "assistant", "content": "<think>easy</think>\n\nFour, naïve friend 🙂 "}
SYSTEM = {"role": "system", "content": "You are a clerk."}
CHATS = [[USER], [SYSTEM, USER], [SYSTEM, USER, ASSISTANT, USER], [USER, ASSISTANT], [ASSISTANT, ASSISTANT]]


class Raised(Exception):
    pass


def raise_exception(text: str) -> None:
    raise Raised(text)


def environment() -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    made.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    made.globals["raise_exception"] = raise_exception
    return made


def rendered(source: str, messages: list[dict[str, str]], generate: bool) -> dict[str, Any]:
    case: dict[str, Any] = {"messages": messages, "add_generation_prompt": generate}
    variables = {"bos_token": "<s>", "eos_token": "</s>", "tools": None, "documents": None}
    try:
        compiled = environment().from_string(source)
        case["text"] = compiled.render(messages=messages, add_generation_prompt=generate, **variables)
    except Raised as raised:
        case["raised"] = str(raised)
    return case


def chat_templates() -> list[dict[str, Any]]:
    whole = {"chatml": CHATML, "llama 2": LLAMA_2, "llama 3": LLAMA_3, "zephyr": ZEPHYR, "qwen": QWEN}
    made = []
    for name, source in whole.items():
        cases = [rendered(source, chat, generate) for chat in CHATS for generate in (True, False)]
        made.append({"name": name, "template": source, "cases": cases})
    for name, source in FEATURES.items():
        made.append({"name": name, "template": source, "cases": [rendered(source, CHATS[2], True)]})
    return made


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def write(name: str, value: dict[str, Any]) -> None:
    """One line per member, and per item of a list."""
    members = []
    for key, member in value.items():
        lines_of_list = ",\n".join(compact(item) for item in member) if isinstance(member, list) else ""
        members.append(f"{compact(key)}:" + (f"[\n{lines_of_list}\n]" if isinstance(member, list) else compact(member)))
    (HERE / name).write_text("{" + ",\n".join(members) + "}\n")


def main() -> None:
    rng = random.Random(0)
    tokenizer = train(rng)
    write("tokenizer.json", json.loads(tokenizer.to_str()))
    versions = {"tokenizers": tokenizers.__version__, "jinja2": jinja2.__version__}
    cases = [encoded(tokenizer, line) for line in lines(rng)]
    write("encodings.json", {"made_with": versions, "encode": cases, "decode": broken(tokenizer, rng)})
    write("variants.json", {"made_with": versions, "variants": variants(tokenizer)})
    write("chat_templates.json", {"made_with": versions, "templates": chat_templates()})


if __name__ == "__main__":
    main()
