"""Client of Troupe, a model serving cluster."""

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
from .messages import Usage
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
    "Lost",
    "NotFound",
    "Overloaded",
    "PermissionDenied",
    "ResourceExhausted",
    "TextStream",
    "TooLarge",
    "TroupeError",
    "Unauthenticated",
    "Unavailable",
    "Unimplemented",
    "Usage",
    "tensor",
]
