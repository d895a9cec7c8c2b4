"""Writes chat_templates.json: chat templates with conversations and their renderings, or the text of raise_exception, as
`jinja2` computes them where it is set up as transformers does.

    pip install jinja2
    python make_chat_templates.py
"""

import datetime
import json
from typing import Any

import jinja2
from jinja2.ext import Extension
from jinja2.nodes import CallBlock
from jinja2.sandbox import ImmutableSandboxedEnvironment
from reference_file import write

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
# Templates with tools: ours, in the manner of four families, with the same constructs.
QWEN_TOOLS = """\
{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0]['role'] == 'system' %}
        {{- messages[0]['content'] }}
    {%- else %}
        {{- 'You help people.' }}
    {%- endif %}
    {{- "\\n\\n# Functions\\n\\nThese may be called:\\n<tools>" }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n</tools>\\n\\nWrite a call as\\n<tool_call>\\n{\\"name\\": NAME, \\"arguments\\": OBJECT}\\n</tool_call><|im_end|>\\n" }}
{%- elif messages[0]['role'] == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role }}
        {%- if message.content %}
            {{- '\\n' + message.content }}
        {%- endif %}
        {%- for tool_call in message.tool_calls %}
            {%- if tool_call.function is defined %}
                {%- set tool_call = tool_call.function %}
            {%- endif %}
            {{- '\\n<tool_call>\\n{"name": "' }}
            {{- tool_call.name }}
            {{- '", "arguments": ' }}
            {{- tool_call.arguments | tojson }}
            {{- '}\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\\n<tool_response>\\n' }}
        {{- message.content }}
        {{- '\\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""
LLAMA_TOOLS = """\
{{- bos_token }}
{%- if not tools_in_user_message is defined %}
    {%- set tools_in_user_message = true %}
{%- endif %}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "1 Jan 2024" %}
    {%- endif %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if builtin_tools is defined or tools is not none %}
    {{- "Environment: ipython\\n" }}
{%- endif %}
{%- if builtin_tools is defined %}
    {{- "Tools: " + builtin_tools | reject('equalto', 'code_interpreter') | join(", ") + "\\n\\n" }}
{%- endif %}
{{- "Date: " + date_string + "\\n\\n" }}
{{- system_message + "<|eot_id|>" }}
{%- if tools_in_user_message and not tools is none %}
    {%- if messages | length != 0 %}
        {%- set first_user_message = messages[0]['content']|trim %}
        {%- set messages = messages[1:] %}
    {%- else %}
        {{- raise_exception("There is no message to put the functions into!") }}
    {%- endif %}
    {{- '<|start_header_id|>user<|end_header_id|>\\n\\n' -}}
    {{- 'Answer with a call, {"name": NAME, "parameters": OBJECT}, of one of these functions:\\n\\n' }}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
    {{- first_user_message + "<|eot_id|>" }}
{%- endif %}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("This model makes one call at a time!") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}
        {%- if builtin_tools is defined and tool_call.name in builtin_tools %}
            {{- "<|python_tag|>" + tool_call.name + ".call(" }}
            {%- for arg_name, arg_val in tool_call.arguments | items %}
                {{- arg_name + '="' + arg_val + '"' }}
                {%- if not loop.last %}
                    {{- ", " }}
                {%- endif %}
            {%- endfor %}
            {{- ")" }}
        {%- else %}
            {{- '{"name": "' + tool_call.name + '", ' }}
            {{- '"parameters": ' }}
            {{- tool_call.arguments | tojson }}
            {{- "}" }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\\n\\n" }}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""
MISTRAL_TOOLS = """\
{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or message.role == "tool_results" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("Users and assistants must take turns!") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == user_messages[-1]) %}
            {{- "[AVAILABLE_TOOLS] [" }}
            {%- for tool in tools %}
                {%- set tool = tool.function %}
                {{- '{"type": "function", "function": {' }}
                {%- for key, val in tool.items() if key != "return" %}
                    {%- if val is string %}
                        {{- '"' + key + '": "' + val + '"' }}
                    {%- else %}
                        {{- '"' + key + '": ' + val|tojson }}
                    {%- endif %}
                    {%- if not loop.last %}
                        {{- ", " }}
                    {%- endif %}
                {%- endfor %}
                {{- "}}" }}
                {%- if not loop.last %}
                    {{- ", " }}
                {%- else %}
                    {{- "]" }}
                {%- endif %}
            {%- endfor %}
            {{- "[/AVAILABLE_TOOLS]" }}
        {%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message.tool_calls is defined and message.tool_calls is not none %}
        {{- "[TOOL_CALLS] [" }}
        {%- for tool_call in message.tool_calls %}
            {%- set out = tool_call.function|tojson %}
            {{- out[:-1] }}
            {%- if not tool_call.id is defined or tool_call.id|length != 9 %}
                {{- raise_exception("The id of a call must have 9 characters!") }}
            {%- endif %}
            {{- ', "id": "' + tool_call.id + '"}' }}
            {%- if not loop.last %}
                {{- ", " }}
            {%- else %}
                {{- "]" + eos_token }}
            {%- endif %}
        {%- endfor %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- elif message["role"] == "tool_results" or message["role"] == "tool" %}
        {%- if message.content is defined and message.content.content is defined %}
            {%- set content = message.content.content %}
        {%- else %}
            {%- set content = message.content %}
        {%- endif %}
        {{- '[TOOL_RESULTS] {"content": ' + content|string + ", " }}
        {%- if not message.tool_call_id is defined or message.tool_call_id|length != 9 %}
            {{- raise_exception("The id of a call must have 9 characters!") }}
        {%- endif %}
        {{- '"call_id": "' + message.tool_call_id + '"}[/TOOL_RESULTS]' }}
    {%- else %}
        {{- raise_exception("There is no such role!") }}
    {%- endif %}
{%- endfor %}
"""
HERMES_TOOLS = """\
{%- macro type_name(spec) %}
{%- set simple = {
    "string": "str",
    "number": "float",
    "integer": "int",
    "boolean": "bool"
} %}

{%- if simple[spec.type] is defined %}
    {{- simple[spec.type] }}
{%- elif spec.type == "array" %}
    {{- "list[" + type_name(spec|items) + "]"}}
{%- elif spec.type == "object" %}
    {%- if spec.additionalProperties is defined %}
        {{- "dict[str, " + type_name(spec.additionalProperties) + ']'}}
    {%- else %}
        {{- "dict" }}
    {%- endif %}
{%- elif spec.type is iterable %}
    {{- "Union[" }}
    {%- for t in spec.type %}
      {{- type_name({"type": t}) }}
      {%- if not loop.last %}
        {{- "," }}
      {%- endif %}
    {%- endfor %}
    {{- "]" }}
{%- else %}
    {{- "Any" }}
{%- endif %}
{%- endmacro %}

{{- bos_token }}
{{- "<|im_start|>system\\nYou may call the functions in <tools> tags: <tools> " }}
{%- for tool in tools %}
    {%- if tool.function is defined %}
        {%- set tool = tool.function %}
    {%- endif %}
    {{- '{"type": "function", "function": ' }}
    {{- '{"name": "' + tool.name + '", ' }}
    {{- '"description": "' + tool.name + '(' }}
    {%- for param_name, param_fields in tool.parameters.properties|items %}
        {{- param_name + ": " + type_name(param_fields) }}
        {%- if not loop.last %}
            {{- ", " }}
        {%- endif %}
    {%- endfor %}
    {{- ")" }}
    {%- if tool.return is defined %}
        {{- " -> " + type_name(tool.return) }}
    {%- endif %}
    {{- " - " + tool.description + "\\n\\n" }}
    {%- for param_name, param_fields in tool.parameters.properties|items %}
        {%- if loop.first %}
            {{- "    Args:\\n" }}
        {%- endif %}
        {{- "        " + param_name + "(" + type_name(param_fields) + "): " + param_fields.description|trim }}
    {%- endfor %}
    {{- '"' }}
    {{- ', "parameters": ' }}
    {%- if tool.parameters.properties | length == 0 %}
        {{- "{}" }}
    {%- else %}
        {{- tool.parameters|tojson }}
    {%- endif %}
    {{- "}" }}
    {%- if not loop.last %}
        {{- "\\n" }}
    {%- endif %}
{%- endfor %}
{{- " </tools>" }}
{{- 'A call has this schema: {"properties": {"name": {"type": "string"}, "arguments": {"type": "object"}}}
' }}
{{- "and stands in tags: <tool_call>
{'name': NAME, 'arguments': OBJECT}
</tool_call><|im_end|>
" }}
{%- for message in messages %}
    {%- if message.role == "user" or message.role == "system" or (message.role == "assistant" and message.tool_calls is not defined) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role }}
        {%- for tool_call in message.tool_calls %}
            {{- '\\n<tool_call>\\n' }}
            {%- if tool_call.function is defined %}
                {%- set tool_call = tool_call.function %}
            {%- endif %}
            {{- '{"name": "' + tool_call.name + '"' }}
            {%- if tool_call.arguments is defined %}
                {{- ', "arguments": ' }}
                {%- if tool_call.arguments is string %}
                    {{- tool_call.arguments }}
                {%- else %}
                    {{- tool_call.arguments|tojson }}
                {%- endif %}
            {%- endif %}
            {{- '}\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if loop.previtem and loop.previtem.role != "tool" %}
            {{- '<|im_start|>tool\\n' }}
        {%- endif %}
        {{- '<tool_response>\\n' }}
        {{- message.content }}
        {%- if not loop.last %}
            {{- '\\n</tool_response>\\n' }}
        {%- else %}
            {{- '\\n</tool_response>' }}
        {%- endif %}
        {%- if not loop.last and loop.nextitem.role != "tool" %}
            {{- '<|im_end|>' }}
        {%- elif loop.last %}
            {{- '<|im_end|>' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""
TOOL_FEATURES = {
    "tojson styles": "{% set p = tools[0].function.parameters %}{{ p|tojson(indent=2) }}|{{ p|tojson(indent=0) }}|{{ p|tojson(sort_keys=true) }}"
    "|{{ p|tojson(separators=(',', ':')) }}|{{ p|tojson(true) }}|{{ p|tojson(ensure_ascii=true, indent=1, separators=[';', '=']) }}"
    "|{{ [[], {}, [[]], {'a': {}}]|tojson(indent=3) }}|{{ ['\\x7f\\x1f\\u2028é🙂']|tojson(true) }}",
    "numbers": "{% for n in tools[1].function.parameters.numbers %}{{ n }} {{ n|tojson }} {{ n is float }} {{ n is number }} {{ n == 1 }} {{ n < 2 }}, {% endfor %}",
    "dictionaries": "{% set d = {'b': 1, 'a': [2, {'c': none}], 'b': 3,} %}{{ d|tojson }} {{ d.b }} {{ d['a'][1] is mapping }} {{ {}|length }} {{ d == {'a': [2, {'c': none}], 'b': 3} }}"
    " {% for k in d %}{{ k }}{% endfor %} {% for k, v in d.items() %}{{ k }}={{ v|tojson }};{% endfor %} {{ d.keys()|list|tojson }} {{ d.values()|list|tojson }} {{ 'a' in d }} {{ 1 in d }}"
    " {% for k, v in {'B': 1, 'a': 2, 'C': 3}|dictsort %}{{ k }}{{ v }}{% endfor %} {% for (k, v) in d|items %}{{ loop.index }}{{ k }}{% endfor %} {{ nothing|items|list|length }}",
    "macros": "{% macro f(a, b='x', c=a) %}[{{ a }}{{ b }}{{ c }}{{ outside }}{{ bos_token }}]{% endmacro %}{% set outside = 'o' %}{{ f(1) }}{{ f(1, 2) }}{{ f(b=3, a=4) }}{{ f() }}"
    "{% for m in messages %}{{ f(m.role) }}{% endfor %}{% macro g(n) %}{% if n > 0 %}{{ n }}{{ g(n - 1) }}{% endif %}{% endmacro %}{{ g(5) }} {{ f is defined }} {{ h is defined }} {{ g(2)|upper ~ '!' }}",
    "set blocks": "{% set x %}a{% for m in messages %}{{ m.role }} {% endfor %}{% endset %}[{{ x|trim }}] {{ x is string }}",
    "jumps": "{% for m in messages %}{% if loop.index == 2 %}{% continue %}{% endif %}{% if m.role == 'tool' %}{% break %}{% endif %}{{ m.role }}{% for c in 'ab' %}{% break %}{% endfor %}{% endfor %}.",
    "generation": "{% for m in messages %}{% generation %}{{ m.role }}{% set x = 1 %}{% endgeneration %}{{ x is defined }} {% endfor %}",
    "selections": "{{ messages|selectattr('role', 'equalto', 'user')|list|length }} {{ messages|rejectattr('role', 'in', ['user', 'tool'])|map(attribute='role')|join(',') }}"
    " {{ messages|selectattr('tool_calls')|list|length }} {{ messages|selectattr('tool_calls', 'defined')|map(attribute='tool_calls')|first|length }}"
    " {{ ['a', 'b', none, '']|select|join('-') }} {{ [1, 2, 3]|reject('eq', 2)|join('-') }} {{ [1, 'b']|select('string')|list|tojson }} {{ [' a ', 'b']|map('trim')|join('|') }}"
    " {{ ['aXb']|map('replace', 'X', '-')|first }} {{ tools|map(attribute='function.name')|join(',') }} {{ 3|string ~ 'x' }} {{ 'a' is in ['a'] }} {{ 2 is not equalto 3 }} {{ 2 is ne(2) }}",
    "neighbours": "{% for m in messages %}{{ loop.previtem.role if loop.previtem is defined else '-' }}{{ loop.nextitem.role if loop.nextitem else '-' }} {% endfor %}",
    "times": "{{ strftime_now('%Y-%m-%d %H:%M:%S %b %B %a %A %y %j %p %I %e %%') }} {{ strftime_now is defined }} {{ strftime_then is defined }} {{ strftime_now('') }}.",
    "messages": "{{ messages|tojson }} {{ messages[0].tool_calls is defined }} {{ messages|last|tojson }}",
}  # fmt: skip
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


class Generation(Extension):
    """As transformers': a block that renders its body."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


NOW = datetime.datetime(2026, 3, 7, 9, 5, 1)


def tojson(value: Any, ensure_ascii: bool = False, indent=None, separators=None, sort_keys: bool = False) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def environment() -> ImmutableSandboxedEnvironment:
    extensions = ["jinja2.ext.loopcontrols", Generation]
    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=extensions)
    made.filters["tojson"] = tojson
    made.globals["raise_exception"] = raise_exception
    made.globals["strftime_now"] = NOW.strftime
    return made


def with_objects(message: dict[str, Any]) -> dict[str, Any]:
    """Arguments of calls as mappings."""
    if "tool_calls" not in message:
        return message
    calls = []
    for call in message["tool_calls"]:
        function = {"name": call["name"], "arguments": json.loads(call["arguments"])}
        calls.append({"id": call["id"], "type": "function", "function": function})
    return {**message, "tool_calls": calls}


def tool_object(tool: dict[str, Any]) -> dict[str, Any]:
    return {"type": "function", "function": {**tool, "parameters": json.loads(tool["parameters"])}}


def rendered(
    source: str, messages: list[dict[str, Any]], generate: bool, tools: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    is_tool_chat = tools or messages not in CHATS
    case: dict[str, Any] = {"tool_chat": TOOL_CHATS.index(messages)} if is_tool_chat else {"messages": messages}
    case["add_generation_prompt"] = generate
    variables: dict[str, Any] = {"bos_token": "<s>", "eos_token": "</s>", "tools": None, "documents": None}
    if tools:
        case["has_tools"] = True
        variables["tools"] = [tool_object(tool) for tool in tools]
    variables["messages"] = [with_objects(message) for message in messages]
    try:
        compiled = environment().from_string(source)
        case["text"] = compiled.render(add_generation_prompt=generate, **variables)
    except Raised as raised:
        case["raised"] = str(raised)
    return case


# Parameters and arguments are JSON text, in the order of their keys.
TOOLS = [
    {
        "name": "get_weather",
        "description": "Says what the weather is, in °C.",
        "parameters": json.dumps(
            {
                "type": "object",
                "properties": {
                    "place": {"type": "string", "description": " Where, é or \"quoted\" <&> ' "},
                    "days": {"type": "integer", "description": "How many", "minimum": 1, "default": 0.5},
                    "tags": {"type": "array", "items": {"type": "string"}, "description": "Which"},
                    "either": {"type": ["string", "integer"], "description": "Or not"},
                    "map": {"type": "object", "additionalProperties": {"type": "number"}, "description": "More"},
                    "any": {"type": "object", "description": "Anything"},
                },
                "required": ["place"],
            }
        ),
    },
    {
        "name": "numbers",
        "description": "Counts.",
        "parameters": '{"type": "object", "properties": {}, "numbers": [1, 1.0, -0.0, 0.1, 1e16, 123456789012345680.0, '
        "1e-5, 0.0001, 1.5e300, 5e-324, -2.5, 100.0, 9007199254740993, true]}",
        "strict": True,
    },
]
WEATHER = {"id": "abcdefgh1", "name": "get_weather", "arguments": '{"place": "Brno", "days": 2, "map": {"b": 1.0, "a": []}}'}
COUNT = {"id": "abcdefgh2", "name": "numbers", "arguments": "{}"}
CALLS = {"role": "assistant", "content": "", "tool_calls": [WEATHER, COUNT]}
ONE_CALL = {"role": "assistant", "content": "Let me see.", "tool_calls": [WEATHER]}
SUNNY = {"role": "tool", "content": '{"sun": true, "note": "žluté"}', "tool_call_id": "abcdefgh1"}
COUNTED = {"role": "tool", "content": "7", "name": "numbers", "tool_call_id": "abcdefgh2"}
TOOL_CHATS = [
    [USER],
    [SYSTEM, USER, ASSISTANT, USER],
    [SYSTEM, USER, ONE_CALL, SUNNY],
    [USER, ONE_CALL, SUNNY, ASSISTANT, USER],
    [USER, CALLS, SUNNY, COUNTED],
    [USER, CALLS, SUNNY, COUNTED, ASSISTANT, USER, ONE_CALL],
    [USER, {**ONE_CALL, "tool_calls": [{**WEATHER, "arguments": '{"place": "Brno", "day": "Monday"}'}]}, SUNNY],
]


def chat_templates() -> list[dict[str, Any]]:
    whole = {"chatml": CHATML, "llama 2": LLAMA_2, "llama 3": LLAMA_3, "zephyr": ZEPHYR, "qwen": QWEN}
    made = []
    for name, source in whole.items():
        cases = [rendered(source, chat, generate) for chat in CHATS for generate in (True, False)]
        made.append({"name": name, "template": source, "cases": cases})
    for name, source in FEATURES.items():
        made.append({"name": name, "template": source, "cases": [rendered(source, CHATS[2], True)]})
    families = {"qwen": QWEN_TOOLS, "llama": LLAMA_TOOLS, "mistral": MISTRAL_TOOLS, "hermes": HERMES_TOOLS}
    for name, source in families.items():
        cases = [rendered(source, chat, True, TOOLS) for chat in TOOL_CHATS[:6]]
        if name != "hermes":  # Which has another template where there are none.
            cases.append(rendered(source, TOOL_CHATS[3], False))
        made.append({"name": f"{name} with tools", "template": source, "cases": cases})
    builtin = "{% set builtin_tools = ['get_weather', 'code_interpreter', 'numbers'] %}" + LLAMA_TOOLS
    cases = [rendered(builtin, TOOL_CHATS[6], True, TOOLS)]
    made.append({"name": "llama with built-in tools", "template": builtin, "cases": cases})
    for name, source in TOOL_FEATURES.items():
        made.append({"name": name, "template": source, "cases": [rendered(source, TOOL_CHATS[5], True, TOOLS)]})
    return made


if __name__ == "__main__":
    made_with = {"jinja2": jinja2.__version__}
    templates = chat_templates()
    write("chat_templates.json", {"made_with": made_with, "templates": templates, "tools": TOOLS, "tool_chats": TOOL_CHATS})
