"""Any Hugging Face pipeline as a model. Which one is said by the deployment's settings.

A text-generation pipeline answers /v1/completions and /v1/chat/completions. Every pipeline that takes texts answers
/v2/models/NAME/infer: input "text" (BYTES), output "json" (BYTES): what the pipeline said of each text, as JSON.
"""

import json
import os

import numpy as np
import troupe


def make_pipeline(task, model, device):
    # Importing transformers takes seconds: only where it is needed.
    from transformers import pipeline

    return pipeline(task, model=model or None, device=device)


@troupe.model(longest_step=60)
class Pipeline:
    """task: as in transformers.pipeline(), e.g. text-classification; model: a name on the hub or a folder on the workers,
    empty = what is stored beside this file as `weights`, else the task's default; device: cpu, cuda:0, …; arguments: JSON
    object of what the pipeline is called with."""

    def __init__(self, task, model="", device="cpu", arguments="{}"):
        self.task = task
        self.model = model
        self.device = device
        self.arguments = json.loads(arguments)

    def load(self, folder):
        stored = folder / "weights"
        model = self.model or (str(stored) if stored.is_dir() else "")
        if stored.is_dir():
            os.environ.setdefault("HF_HUB_OFFLINE", "1")
        self.pipeline = make_pipeline(self.task, model, self.device)

    def infer(self, batch):
        if "text" not in batch:
            return [troupe.ItemError(f"the input is 'text', found {', '.join(batch)}", field="inputs")] * batch.size
        texts = [[one.decode() for one in np.ravel(item)] for item in batch["text"]]
        said = iter(self.pipeline([text for item in texts for text in item], **self.arguments))
        return [{"json": np.array([json.dumps(next(said), default=_plain) for _ in item], object)} for item in texts]

    def generate(self, batch):
        if self.task not in ("text-generation", "text2text-generation"):
            error = troupe.ItemError(f"a pipeline of {self.task} does not generate; ask /v2 for it", "unimplemented")
            return [error] * batch.size
        return [self._generated(prompt) for prompt in batch]

    def _generated(self, prompt):
        sampling = prompt.request.sampling
        arguments = {"max_new_tokens": sampling.max_tokens, "do_sample": sampling.temperature > 0}
        if sampling.temperature > 0:
            arguments.update(temperature=sampling.temperature, top_p=sampling.top_p)
        if self.task == "text-generation":
            arguments["return_full_text"] = False
        (said,) = self.pipeline([str(prompt)], **{**arguments, **self.arguments})
        text = (said[0] if isinstance(said, list) else said)["generated_text"]
        cuts = [text.index(stop) for stop in sampling.stop if stop in text]
        return text[: min(cuts)] if cuts else text


def _plain(value):
    """NumPy's and PyTorch's numbers and arrays for JSON."""
    return value.tolist() if hasattr(value, "tolist") else str(value)
