"""What a model declares to take and give, and whether the tensors of a request are that. Pure."""

from __future__ import annotations

from typing import List, Mapping, Sequence

from ..errors import InvalidArgument
from ..messages import ModelInterface, ModelTask, Tensor, TensorSpec
from ..models import ModelOptions
from ..tensors import dtype_name


def interface_of(options: ModelOptions, answers_tensors: bool, answers_texts: bool) -> ModelInterface:
    """answers_tensors, answers_texts: whether the model has a method that may."""
    tasks: List[int] = []
    if answers_texts:
        tasks += [ModelTask.GENERATE, ModelTask.CHAT]
    if answers_tensors:
        tasks.append(ModelTask.INFER)
    return ModelInterface(tasks, list(options.inputs), list(options.outputs))


def check_inputs(declared: Sequence[TensorSpec], tensors: Sequence[Tensor]) -> None:
    """Raises InvalidArgument about the first that is not as declared. Nothing declared: anything goes."""
    if not declared:
        return
    given: Mapping[str, Tensor] = {one.name: one for one in tensors}
    for name in given:
        if all(spec.name != name for spec in declared):
            raise InvalidArgument(f"there is no input '{name}'; this model takes {_list(declared)}", "inputs")
    for spec in declared:
        tensor = given.get(spec.name)
        if tensor is not None:
            _check(spec, tensor)
        elif not spec.is_optional:
            raise InvalidArgument(f"input '{spec.name}' is missing; this model takes {_list(declared)}", "inputs")


def _check(spec: TensorSpec, tensor: Tensor) -> None:
    if tensor.dtype != spec.dtype:
        raise InvalidArgument(
            f"input '{spec.name}' is {dtype_name(tensor.dtype)}, this model takes {_describe(spec)}", "inputs"
        )
    fits = len(tensor.shape) == len(spec.shape) and all(
        wanted in (-1, found) for wanted, found in zip(spec.shape, tensor.shape)
    )
    if not fits:
        raise InvalidArgument(
            f"input '{spec.name}' has shape {list(tensor.shape)}, this model takes {_describe(spec)}", "inputs"
        )


def _list(declared: Sequence[TensorSpec]) -> str:
    return ", ".join(f"'{spec.name}' {_describe(spec)}" for spec in declared)


def _describe(spec: TensorSpec) -> str:
    return f"{dtype_name(spec.dtype)} {list(spec.shape)}"
