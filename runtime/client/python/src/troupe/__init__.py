"""Troupe, a model serving cluster: its client (Client) and models in Python (model)."""

from .client import Client, Generation, TextStream
from .errors import (
    AlreadyExists,
    Cancelled,
    CorruptData,
    DeadlineExceeded,
    FailedPrecondition,
    InternalError,
    InvalidArgument,
    IoError,
    NotFound,
    Overloaded,
    PermissionDenied,
    ResourceExhausted,
    TooLarge,
    TroupeError,
    Unauthenticated,
    Unavailable,
    Unimplemented,
)
from .messages import Sampling, Usage
from .models import ItemError, ModelBroken, Prompt, Request, TensorBatch, Text, TextBatch, model
from .tensors import tensor

__all__ = [
    "AlreadyExists",
    "Cancelled",
    "Client",
    "CorruptData",
    "DeadlineExceeded",
    "FailedPrecondition",
    "Generation",
    "InternalError",
    "InvalidArgument",
    "IoError",
    "ItemError",
    "ModelBroken",
    "NotFound",
    "Overloaded",
    "PermissionDenied",
    "Prompt",
    "Request",
    "ResourceExhausted",
    "Sampling",
    "TensorBatch",
    "Text",
    "TextBatch",
    "TextStream",
    "TooLarge",
    "TroupeError",
    "Unauthenticated",
    "Unavailable",
    "Unimplemented",
    "Usage",
    "model",
    "tensor",
]
