"""The model in Python that goes through the conformance suite: says a prompt word by word, hands tensors back."""

import time

import troupe


@troupe.model(slots=8)
class Words:
    def __init__(self, delay="0"):
        self.delay = float(delay)

    def infer(self, batch):
        return dict(batch)

    def generate(self, batch):
        words = [prompt.split(" ") for prompt in batch]
        for i in range(max(map(len, words))):
            time.sleep(self.delay)
            yield [" " * (i > 0) + said[i] if i < len(said) else None for said in words]
