"""What travels: the structs of docs/wire-protocol.md. The order of the fields is their order on the wire."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Dict, List, Optional, Union


class MessageType(IntEnum):
    NONE = 0
    ERROR = 1
    SERVE_REQUEST = 10
    RESULT_PART = 11
    HELLO = 30


class FinishReason(IntEnum):
    NONE = 0
    STOP = 1
    LENGTH = 2


@dataclass
class ErrorBody:
    code: int = 1
    message: str = ""
    field: str = ""
    retry_after_ms: int = 0


@dataclass
class ChatMessage:
    role: str = ""
    content: str = ""


@dataclass
class PlainText:
    text: str = ""


@dataclass
class Conversation:
    messages: List[ChatMessage] = field(default_factory=list)


@dataclass
class TokenIds:
    ids: List[int] = field(default_factory=list)


@dataclass
class Sampling:
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    seed: Optional[int] = None
    max_tokens: int = 16
    stop: List[str] = field(default_factory=list)


@dataclass
class Generate:
    prompt: Union[PlainText, Conversation, TokenIds] = field(default_factory=PlainText)
    sampling: Sampling = field(default_factory=Sampling)
    stream: bool = False


@dataclass
class Tensor:
    """`data` may be any contiguous buffer of bytes."""

    name: str = ""
    dtype: int = 12
    shape: List[int] = field(default_factory=list)
    data: bytes = b""


@dataclass
class Infer:
    inputs: List[Tensor] = field(default_factory=list)
    outputs: List[str] = field(default_factory=list)
    parameters: Dict[str, str] = field(default_factory=dict)


@dataclass
class ServeRequest:
    request_id: str = ""
    model: str = ""
    version: str = ""
    unit: str = ""
    work: Union[Generate, Infer] = field(default_factory=Generate)


@dataclass
class Usage:
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass
class TextPart:
    text: str = ""
    finish: int = 0
    usage: Usage = field(default_factory=Usage)


@dataclass
class InferResult:
    outputs: List[Tensor] = field(default_factory=list)


@dataclass
class LoadReport:
    waiting: int = 0
    running: int = 0


@dataclass
class ResultPart:
    content: Union[TextPart, InferResult] = field(default_factory=TextPart)
    version: str = ""
    load: Optional[LoadReport] = None
    cached: bool = False


@dataclass
class Hello:
    node: int = 0
    incarnation: int = 0
    control: str = ""
    request: str = ""


#: The struct of each message type.
BODIES = {
    MessageType.ERROR: ErrorBody,
    MessageType.SERVE_REQUEST: ServeRequest,
    MessageType.RESULT_PART: ResultPart,
    MessageType.HELLO: Hello,
}
