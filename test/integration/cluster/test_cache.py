"""The result cache at the gateway."""

from __future__ import annotations

import pytest
from http_client import Answer
from troupe_cluster import Cluster, deployment


@pytest.fixture(scope="module")
def caching(shared: Cluster) -> Cluster:
    shared.start_head()
    shared.add_clerk("1", "2")
    shared.apply(
        deployment("clerk-2", "clerk@2", cache={"enabled": True, "ttl": "1h"}) + deployment("clerk-1", "clerk@1")
    )
    shared.wait_for_traffic("clerk@1", "clerk@2")
    return shared


def told(answer: Answer) -> tuple[str, str]:
    assert answer.status == 200, answer
    return answer.headers["x-troupe-cache"], answer.json()["choices"][0]["text"]


def test_a_repeated_request_is_answered_from_the_cache(caching: Cluster):
    assert told(caching.ask("47 + 58 =")) == ("miss", " 105")
    assert told(caching.ask("47 + 58 =")) == ("hit", " 105")
    assert told(caching.ask("47 + 58 =", "clerk")) == ("hit", " 105")


def test_what_is_asked_for_differently_is_computed(caching: Cluster):
    assert told(caching.ask("words 1234 =", max_tokens=9)) == ("miss", " one thou")
    assert told(caching.ask("words 1234 =", max_tokens=4)) == ("miss", " one")


def test_a_sampled_answer_is_never_from_the_cache(caching: Cluster):
    answers = [told(caching.ask("roman 14 =", temperature=0.7, seed=1))[0] for _ in range(3)]

    assert answers == ["miss"] * 3


def test_a_deployment_without_a_cache_computes_each_time(caching: Cluster):
    assert [told(caching.ask("47 + 58 =", "clerk@1"))[0] for _ in range(2)] == ["miss", "miss"]


def test_a_stream_from_the_cache_has_the_same_text(caching: Cluster):
    def streamed() -> Answer:
        return caching.ask("words 4321 =", stream=True)

    first, second = streamed(), streamed()

    assert (first.headers["x-troupe-cache"], second.headers["x-troupe-cache"]) == ("miss", "hit")
    assert second.body.endswith(b"data: [DONE]\n\n")
    assert told(caching.ask("words 4321 =")) == ("hit", " four thousand three hundred twenty-one")
