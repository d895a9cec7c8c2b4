"""OpenAI's own Python client, unchanged, against a real cluster."""

from __future__ import annotations

import asyncio
import json
import random
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Iterator, Literal, Optional

import openai
import pydantic
import pytest
import tasks
from http_client import Http
from polling import wait_until
from troupe_cluster import Cluster

PROMPT = "words 7342 ="
WORDS = " seven thousand three hundred forty-two"


@pytest.fixture
def client(serving: Cluster) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=serving.gateway.url("http") + "/v1", api_key="any", max_retries=0, timeout=30
    ) as client:
        yield client


def complete(client: openai.OpenAI, prompt, **settings):
    return client.completions.create(
        **{"model": "clerk", "prompt": prompt, "max_tokens": 64, "temperature": 0, **settings}
    )


def chat(client: openai.OpenAI, content: str, **settings):
    messages = [{"role": "user", "content": content}]
    return client.chat.completions.create(**{"model": "clerk", "messages": messages, "temperature": 0, **settings})


def bytes_of(text: str) -> list[int]:
    """clerk's tokens are bytes, after <bos>."""
    return [257, *text.encode()]


# --- Models


def test_models_list_names_each_model_and_each_version(client):
    models = {model.id: model for model in client.models.list()}

    assert {"clerk", "clerk@1", "clerk@2", "echo", "echo@1"} <= models.keys()
    assert all(model.object == "model" and model.created > 0 for model in models.values())


def test_models_retrieve_finds_a_version(client):
    clerk = client.models.retrieve("clerk@2")
    assert clerk.id == "clerk@2" and clerk.max_model_len == 256  # As vLLM says it; not OpenAI's.
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("clerk@3")


# --- Completions


def test_a_completion_is_right_and_says_what_it_used(client):
    answer = complete(client, PROMPT)

    assert answer.object == "text_completion"
    assert answer.model == "clerk"
    assert answer.choices[0].text == WORDS
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.prompt_tokens == len(bytes_of(PROMPT))
    # The last token, <eos>, is one too.
    assert answer.usage.completion_tokens == len(WORDS) + 1
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_a_completion_ends_at_max_tokens(client):
    answer = complete(client, PROMPT, max_tokens=6)

    assert answer.choices[0].text == WORDS[:6]
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 6


def test_a_stop_string_ends_the_text_and_is_not_part_of_it(client):
    answer = complete(client, PROMPT, stop=["hundred", " three"])

    assert answer.choices[0].text == " seven thousand"
    assert answer.choices[0].finish_reason == "stop"


def test_token_ids_do_as_a_prompt(client):
    assert complete(client, bytes_of(PROMPT)).choices[0].text == WORDS


def test_the_same_seed_gives_the_same_sample_and_others_differ(client):
    def sample(seed: int) -> str:
        return complete(client, "zzz", temperature=1.5, seed=seed, max_tokens=24).choices[0].text

    assert sample(7) == sample(7)
    assert len({sample(seed) for seed in range(8)}) > 1


def test_a_version_can_be_asked_for(client):
    right = {version: 0 for version in ("clerk@1", "clerk@2")}
    prompts = tasks.held_out_prompts("sum", 20, seed=3)

    for model in right:
        right[model] = sum(tasks.check(p, complete(client, p, model=model).choices[0].text) for p in prompts)

    assert right["clerk@2"] == len(prompts)
    assert right["clerk@1"] < len(prompts) / 2


# --- Chat


def test_a_chat_is_answered(client):
    answer = chat(client, "47 + 58")

    assert answer.object == "chat.completion"
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].message.content.strip() == "105"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.completion_tokens > 0


def test_a_chat_ends_at_max_completion_tokens(client):
    answer = chat(client, "words 7342", max_completion_tokens=5)

    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 5


# --- Streams


def test_a_streamed_completion_is_the_unary_text_in_pieces(client):
    pieces = list(complete(client, PROMPT, stream=True, stream_options={"include_usage": True}))

    texts = [piece.choices[0].text for piece in pieces if piece.choices]
    assert "".join(texts) == WORDS
    assert sum(bool(text) for text in texts) > 10
    assert [p.choices[0].finish_reason for p in pieces if p.choices and p.choices[0].finish_reason] == ["stop"]
    assert pieces[-1].choices == []
    assert pieces[-1].usage.completion_tokens == len(WORDS) + 1
    assert all(piece.usage is None for piece in pieces[:-1])
    assert len({piece.id for piece in pieces}) == 1


def test_a_streamed_chat_is_the_unary_text_in_pieces(client):
    whole = chat(client, "words 7342").choices[0].message.content

    pieces = list(chat(client, "words 7342", stream=True))

    deltas = [piece.choices[0].delta for piece in pieces]
    assert "".join(delta.content or "" for delta in deltas) == whole
    assert deltas[0].role == "assistant"
    assert pieces[-1].choices[0].finish_reason == "stop"
    assert all(piece.usage is None for piece in pieces)


def test_a_stream_ends_at_a_stop_string_without_a_piece_of_it(client):
    pieces = list(complete(client, PROMPT, stream=True, stop=" hundred"))

    assert "".join(piece.choices[0].text for piece in pieces) == " seven thousand three"


def test_the_async_client_streams_and_completes(serving):
    async def run() -> tuple[str, str]:
        url = serving.gateway.url("http") + "/v1"
        async with openai.AsyncOpenAI(base_url=url, api_key="any", max_retries=0, timeout=30) as client:
            settings = {"model": "clerk", "prompt": PROMPT, "max_tokens": 64, "temperature": 0}
            whole, stream = await asyncio.gather(
                client.completions.create(**settings), client.completions.create(**settings, stream=True)
            )
            return whole.choices[0].text, "".join([piece.choices[0].text async for piece in stream])

    assert asyncio.run(run()) == (WORDS, WORDS)


# --- Choices, scores, steering

#: Nothing that clerk was trained on, so that it hesitates.
UNSURE = "zq!"


def test_several_choices_are_drawn_by_seeds_of_their_own(client):
    settings = {"n": 3, "temperature": 2, "seed": 5, "max_tokens": 8}
    answer = complete(client, UNSURE, **settings)
    again = complete(client, UNSURE, **settings)
    alone = complete(client, UNSURE, **{**settings, "n": 1})
    second = complete(client, UNSURE, **{**settings, "n": 1, "seed": 6})

    texts = [choice.text for choice in answer.choices]
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert len(set(texts)) > 1
    assert texts == [choice.text for choice in again.choices]
    assert texts[:2] == [alone.choices[0].text, second.choices[0].text]
    assert answer.usage.completion_tokens > alone.usage.completion_tokens


def test_the_choices_of_a_stream_are_those_of_the_whole(client):
    settings = {"n": 3, "temperature": 2, "seed": 5, "max_tokens": 8}
    whole = complete(client, UNSURE, **settings)
    texts, ends = ["", "", ""], [None] * 3
    for event in complete(client, UNSURE, stream=True, **settings):
        for choice in event.choices:
            texts[choice.index] += choice.text
            ends[choice.index] = choice.finish_reason or ends[choice.index]

    assert texts == [choice.text for choice in whole.choices]
    assert ends == [choice.finish_reason for choice in whole.choices]


def test_log_probabilities_come_with_chats_and_completions(client):
    said = chat(client, "words 7342", logprobs=True, top_logprobs=2).choices[0]
    completed = complete(client, PROMPT, logprobs=2).choices[0]

    assert "".join(one.token for one in said.logprobs.content).startswith(said.message.content)
    first = said.logprobs.content[0]
    assert len(first.top_logprobs) == 2
    assert first.top_logprobs[0].token == first.token and first.logprob == first.top_logprobs[0].logprob <= 0
    assert bytes(first.bytes).decode() == first.token
    assert "".join(completed.logprobs.tokens).startswith(completed.text)
    assert len(completed.logprobs.token_logprobs) == len(completed.logprobs.tokens)
    assert completed.logprobs.text_offset[:2] == [0, len(completed.logprobs.tokens[0])]


def test_the_log_probabilities_of_a_stream_are_those_of_the_whole(client):
    whole = complete(client, PROMPT, logprobs=1).choices[0].logprobs
    tokens, offsets = [], []
    for event in complete(client, PROMPT, logprobs=1, stream=True):
        for choice in event.choices:
            tokens += choice.logprobs.tokens if choice.logprobs else []
            offsets += choice.logprobs.text_offset if choice.logprobs else []

    assert (tokens, offsets) == (whole.tokens, whole.text_offset)


def test_an_echoed_prompt_comes_first(client):
    plain = complete(client, PROMPT).choices[0].text

    assert complete(client, PROMPT, echo=True).choices[0].text == PROMPT + plain
    assert "".join(one.choices[0].text for one in complete(client, PROMPT, echo=True, stream=True)) == PROMPT + plain


def test_an_echoed_prompt_is_scored_as_it_would_have_been_generated(client):
    """What evaluation harnesses ask: how likely is this text after that one."""
    generated = complete(client, PROMPT, logprobs=1).choices[0]
    whole = PROMPT + generated.text

    scored = complete(client, whole, echo=True, logprobs=1, max_tokens=0).choices[0]

    assert scored.text == whole and scored.finish_reason == "length"
    assert scored.logprobs.token_logprobs[0] is None and scored.logprobs.top_logprobs[0] is None
    count = len(scored.logprobs.tokens)
    at = next(i for i in range(count) if scored.logprobs.text_offset[i] >= len("".join(scored.logprobs.tokens)) - len(generated.text))
    assert scored.logprobs.token_logprobs[at:] == generated.logprobs.token_logprobs[: count - at]


def test_several_prompts_are_answered_in_their_order(client):
    prompts = [PROMPT, UNSURE, "words 7342 ="]
    alone = [complete(client, prompt, max_tokens=20) for prompt in prompts]

    together = complete(client, prompts, max_tokens=20)
    twice = complete(client, prompts, max_tokens=20, n=2, temperature=1.0, seed=5)
    streamed = [""] * 3
    for event in complete(client, prompts, max_tokens=20, stream=True):
        for choice in event.choices:
            streamed[choice.index] += choice.text

    assert [choice.text for choice in together.choices] == [one.choices[0].text for one in alone] == streamed
    assert together.usage.prompt_tokens == sum(one.usage.prompt_tokens for one in alone)
    assert together.usage.completion_tokens == sum(one.usage.completion_tokens for one in alone)
    assert [choice.index for choice in twice.choices] == list(range(6))
    assert twice.choices[3].text == complete(client, UNSURE, max_tokens=20, temperature=1.0, seed=6).choices[0].text


def test_texts_are_steered_by_biases_and_penalties(client):
    first = complete(client, PROMPT, logprobs=0, max_tokens=1).choices[0]
    other = complete(client, PROMPT, max_tokens=1, extra_body={"min_tokens": 1, "stop_token_ids": [5], "min_p": 0.1})
    vowel = complete(client, PROMPT, logit_bias={"101": 100}, max_tokens=4).choices[0].text
    spread = complete(client, UNSURE, frequency_penalty=2, presence_penalty=2, max_tokens=40)

    assert other.choices[0].text == first.text
    assert len(set(vowel)) == 1
    assert spread.choices[0].text != complete(client, UNSURE, max_tokens=40).choices[0].text


# --- Answers that are held to a format


class Sum(pydantic.BaseModel):
    kind: Literal["sum", "words"]
    exact: bool
    digits: list[Literal[1, 2, 3]] = pydantic.Field(max_length=2)
    next: Optional["Sum"]


#: What OpenAI's client makes of it, by hand.
FLAT = {
    "type": "object",
    "properties": {"kind": {"enum": ["sum", "words"]}, "sum": {"type": "integer", "minimum": 0, "maximum": 999}},
    "required": ["kind", "sum"],
    "additionalProperties": False,
}


def by_schema(schema: dict) -> dict:
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}


def test_an_answer_is_parsed_into_a_class(client):
    messages = [{"role": "user", "content": "47 + 58"}]
    for seed in range(5):
        answer = client.chat.completions.parse(
            model="clerk", messages=messages, response_format=Sum, temperature=1, seed=seed, max_tokens=180
        )

        assert answer.choices[0].finish_reason == "stop"
        assert isinstance(answer.choices[0].message.parsed, Sum)


def test_a_stream_is_held_as_the_whole_is(client):
    settings = {"response_format": by_schema(FLAT), "temperature": 1, "seed": 3}
    whole = chat(client, "47 + 58", **settings).choices[0]
    pieces = list(chat(client, "47 + 58", stream=True, **settings))

    assert json.loads(whole.message.content).keys() == {"kind", "sum"}
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == whole.message.content
    assert pieces[-1].choices[0].finish_reason == whole.finish_reason == "stop"


def test_completions_and_all_their_choices_are_held_too(client):
    answer = complete(client, PROMPT, n=4, temperature=2, seed=1, extra_body={"response_format": by_schema(FLAT)})

    for choice in answer.choices:
        assert 0 <= json.loads(choice.text)["sum"] <= 999


def test_any_json_object_can_be_asked_for(client):
    whole = 0
    for seed in range(12):
        settings = {"temperature": 2, "seed": seed, "max_tokens": 200}
        answer = chat(client, "47 + 58", response_format={"type": "json_object"}, **settings).choices[0]
        assert answer.message.content.startswith("{")
        if answer.finish_reason == "stop":
            whole += 1
            assert isinstance(json.loads(answer.message.content), dict)

    assert whole > 0


def test_an_answer_can_be_one_of_several_texts(client):
    answer = chat(client, "47 + 58", extra_body={"structured_outputs": {"choice": ["yes", "no"]}})

    assert answer.choices[0].message.content in ("yes", "no")
    assert answer.choices[0].finish_reason == "stop"


def test_a_document_that_is_cut_off_says_so(client):
    answer = chat(client, "47 + 58", response_format=by_schema(FLAT), max_tokens=9).choices[0]

    assert answer.finish_reason == "length"
    assert answer.message.content.startswith('{"kind":')


def test_a_schema_that_can_not_be_kept_is_refused_with_the_place(client):
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^x"}}}
    with pytest.raises(openai.BadRequestError) as caught:
        chat(client, "47 + 58", response_format=by_schema(schema))

    assert caught.value.param == "response_format"
    assert "#/properties/a/pattern: the keyword 'pattern' is not supported" in caught.value.message


def test_models_that_can_not_be_held_to_a_format_say_so(client):
    with pytest.raises(openai.APIStatusError) as caught:
        chat(client, "hi", model="echo", response_format={"type": "json_object"})

    assert "format" in caught.value.message and caught.value.param == "response_format"


# --- Errors


def test_an_unknown_model_is_not_found_and_the_nearest_is_named(client):
    with pytest.raises(openai.NotFoundError) as caught:
        complete(client, PROMPT, model="clark")

    assert caught.value.code == "model_not_found"
    assert "clark" in caught.value.message and "clerk" in caught.value.message


def test_a_bad_temperature_is_a_bad_request_about_temperature(client):
    with pytest.raises(openai.BadRequestError) as caught:
        complete(client, PROMPT, temperature=3)

    assert caught.value.param == "temperature"
    assert "from 0 to 2" in caught.value.message


@pytest.mark.parametrize(
    ("name", "value"),
    [("best_of", 3), ("suffix", "end"), ("extra_body", {"prediction": {}}), ("extra_body", {"guided_json": {}})],
)
def test_an_unsupported_parameter_is_refused_by_name(client, name, value):
    with pytest.raises(openai.BadRequestError) as caught:
        complete(client, PROMPT, **{name: value})

    assert caught.value.param == (next(iter(value)) if name == "extra_body" else name)
    assert caught.value.code == "unsupported_parameter"


def test_a_misspelt_parameter_is_refused_with_the_right_name(client):
    with pytest.raises(openai.BadRequestError) as caught:
        complete(client, PROMPT, extra_body={"temprature": 1})

    assert caught.value.param == "temprature"
    assert "temperature" in caught.value.message


def test_an_error_of_a_stream_is_raised_as_an_error(client):
    with pytest.raises(openai.NotFoundError):
        list(complete(client, PROMPT, model="nobody", stream=True))
    with pytest.raises(openai.BadRequestError) as caught:
        list(complete(client, "x" * 1000, stream=True))
    assert "256" in caught.value.message


def test_an_echo_says_what_it_was_asked_at_once_or_word_by_word(client):
    whole = complete(client, PROMPT, model="echo")
    pieces = [event.choices[0].text for event in complete(client, PROMPT, model="echo", stream=True)]

    assert whole.choices[0].text == PROMPT
    assert "".join(pieces) == PROMPT
    assert len(pieces) >= len(PROMPT.split())


def test_token_ids_are_not_asked_of_a_model_without_a_tokenizer(client):
    with pytest.raises(openai.APIStatusError) as caught:
        complete(client, [1, 2, 3], model="echo")

    assert "token ids" in caught.value.message


# --- Many at once, and clients that go away


def test_thirty_two_at_once_all_get_their_own_answer(client):
    rng = random.Random(5)
    prompts = ["47 + 58 ="] + [tasks.training_prompt(task, rng) for task in tasks.TASKS for _ in range(40)]
    rng.shuffle(prompts)

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda prompt: complete(client, prompt).choices[0].text, prompts))

    wrong = [(prompt, said) for prompt, said in zip(prompts, answers) if not tasks.check(prompt, said)]
    # Held-out accuracy is 100 %; a mixed-up answer would be wrong many times over.
    assert len(wrong) <= 2, wrong


def cancelled(serving: Cluster) -> float:
    with Http(serving.gateway.url("metrics")) as door:
        text = door.get("/metrics").body.decode()
    found = re.findall(r'^troupe_requests_total\{[^}]*code="cancelled"[^}]*\} (\S+)$', text, re.MULTILINE)
    return sum(map(float, found))


def test_a_client_that_goes_away_cancels_its_work(client, serving):
    before = cancelled(serving)
    # Ten seconds of words, long after the client has gone.
    body = {"model": "slow", "prompt": "one two three four five six seven eight nine ten", "stream": True}

    with serving.http() as door:
        assert door.walk_away("/v1/completions", body).startswith(b"data: ")

    def is_idle() -> bool:
        replicas = serving.replicas("slow").values()
        return cancelled(serving) > before and all(r["running"] == 0 and r["waiting"] == 0 for r in replicas)

    wait_until(is_idle, "the replica has nothing to do any more", 8)  # Less than the answer takes.
    assert complete(client, PROMPT).choices[0].text == WORDS