"""From "my_module:Class" to something that can be called."""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path
from typing import Any, Callable, Mapping

from ..errors import Unimplemented
from ..messages import Generate, ModelInterface
from ..models import ModelOptions, options_of
from .interface import interface_of


class LoadedModel:
    def __init__(self, target: Any, options: ModelOptions, entry: str):
        self.options = options
        self._target = target
        self._name = entry

    @property
    def name(self) -> str:
        return self._name

    @property
    def interface(self) -> ModelInterface:
        def has(method: str) -> bool:
            return callable(getattr(self._target, method, None)) or callable(self._target)

        return interface_of(self.options, answers_tensors=has("infer"), answers_texts=has("generate"))

    def function(self, kind: type) -> Callable[[Any], Any]:
        """What answers Infer or Generate. Raises Unimplemented where there is none."""
        method = "generate" if kind is Generate else "infer"
        own = getattr(self._target, method, None)
        if callable(own):
            return own
        if callable(self._target):
            return self._target
        wants = "text" if kind is Generate else "tensors"
        raise Unimplemented(f"this model does not serve {wants}: {self._name} has neither {method}() nor __call__()")

    def load(self, folder: Path) -> None:
        self._hook("load", folder)

    def warm_up(self) -> None:
        self._hook("warm_up")

    def unload(self) -> None:
        self._hook("unload")

    def _hook(self, name: str, *arguments: Any) -> None:
        hook = getattr(self._target, name, None)
        if callable(hook):
            hook(*arguments)


def load_model(entry: str, folder: Path, settings: Mapping[str, str]) -> LoadedModel:
    """Imports `entry` from `folder`, makes the object and loads it. Whatever goes wrong is raised."""
    module_name, colon, name = entry.partition(":")
    if not (module_name and colon and name):
        raise ValueError(f"'{entry}' names no model; write MODULE:CLASS, such as my_module:Scale")
    # The version's own files come first; the folder that Python was started in has nothing to do with it.
    sys.path[:] = [str(folder)] + [one for one in sys.path if one not in ("", str(folder))]
    module = importlib.import_module(module_name)
    marked = module
    for part in name.split("."):
        marked = getattr(marked, part)
    options = options_of(marked)
    if options is None:
        raise TypeError(f"{entry} is not marked as a model; put @troupe.model above it")
    if inspect.isclass(marked):
        target = marked(**settings)
    elif settings:
        raise TypeError(f"{entry} is a function and takes no settings, found {', '.join(settings)}; make it a class")
    else:
        target = marked
    model = LoadedModel(target, options, entry)
    model.load(folder)
    return model
