"""Troupe, a model serving cluster: its client (Client) and models in Python (model)."""

from .answers import Choice, Generation, Scores
from .client import Client, TextStream
from .errors import (
    AlreadyExists,
    Cancelled,
    CorruptData,
    DeadlineExceeded,
    FailedPrecondition,
    InternalError,
    InvalidArgument,
    IoError,
    Lost,
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
    "Choice",
    "Client",
    "CorruptData",
    "DeadlineExceeded",
    "FailedPrecondition",
    "Generation",
    "InternalError",
    "InvalidArgument",
    "IoError",
    "ItemError",
    "Lost",
    "ModelBroken",
    "NotFound",
    "Overloaded",
    "PermissionDenied",
    "Prompt",
    "Request",
    "ResourceExhausted",
    "Sampling",
    "Scores",
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
