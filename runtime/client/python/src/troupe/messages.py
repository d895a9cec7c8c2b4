"""What travels: the structs of docs/wire-protocol.md and docs/worker-protocol.md. The order of the fields is their
order on the wire."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Dict, List, Optional, Union


class MessageType(IntEnum):
    NONE = 0
    ERROR = 1
    SERVE_REQUEST = 10
    RESULT_PART = 11
    HELLO = 30
    WORKER_HELLO = 40
    LOAD_BACKEND = 41
    BACKEND_LOADED = 42
    BACKEND_WARM = 43
    EXECUTE = 45
    PROGRESS = 46
    UNLOAD = 47
    KEYED_REQUEST = 95
    RECORD_OUTCOMES = 140
    OUTCOMES_RECORDED = 141


class FinishReason(IntEnum):
    NONE = 0
    STOP = 1
    LENGTH = 2
    TOOL_CALLS = 3


@dataclass
class ErrorBody:
    code: int = 1
    message: str = ""
    field: str = ""
    retry_after_ms: int = 0


@dataclass
class ToolCall:
    """A call of a function that a model asks for. arguments: a JSON object as text."""

    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass
class ChatMessage:
    """tool_call_id: of role tool, the call that it answers; tool_calls: of role assistant."""

    role: str = ""
    content: str = ""
    name: str = ""
    tool_call_id: str = ""
    tool_calls: List[ToolCall] = field(default_factory=list)


@dataclass
class Tool:
    """A function that the model may call. parameters: the JSON schema of its arguments as text, empty = none."""

    name: str = ""
    description: str = ""
    parameters: str = ""
    strict: Optional[bool] = None


class ToolChoice(IntEnum):
    AUTOMATIC = 0
    NONE = 1
    REQUIRED = 2
    NAMED = 3


@dataclass
class PlainText:
    text: str = ""


@dataclass
class Conversation:
    """tool_name: of ToolChoice.NAMED; parallel_tool_calls: False = the answer ends after the first call."""

    messages: List[ChatMessage] = field(default_factory=list)
    tools: List[Tool] = field(default_factory=list)
    tool_choice: int = 0
    tool_name: str = ""
    parallel_tool_calls: bool = True


@dataclass
class TokenIds:
    ids: List[int] = field(default_factory=list)


@dataclass
class LogitBias:
    token: int = 0
    bias: float = 0.0


@dataclass
class Sampling:
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    seed: Optional[int] = None
    max_tokens: int = 16
    stop: List[str] = field(default_factory=list)
    min_p: float = 0.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    repetition_penalty: float = 1.0
    logit_bias: List[LogitBias] = field(default_factory=list)
    min_tokens: int = 0
    stop_token_ids: List[int] = field(default_factory=list)
    ignore_eos: bool = False


@dataclass
class PromptList:
    """Each answered for itself."""

    prompts: List[Union[PlainText, TokenIds]] = field(default_factory=list)


@dataclass
class FreeText:
    pass


@dataclass
class JsonObject:
    pass


@dataclass
class JsonSchema:
    """schema: JSON text."""

    schema: str = ""


@dataclass
class TextChoice:
    texts: List[str] = field(default_factory=list)


@dataclass
class Generate:
    """choices: answers to draw; top_logprobs: that many of the likeliest tokens beside each one's own; answer_format:
    what each answer is held to."""

    prompt: Union[PlainText, Conversation, TokenIds, PromptList] = field(default_factory=PlainText)
    sampling: Sampling = field(default_factory=Sampling)
    stream: bool = False
    choices: int = 1
    top_logprobs: Optional[int] = None
    echo: bool = False
    answer_format: Union[FreeText, JsonObject, JsonSchema, TextChoice] = field(default_factory=FreeText)


@dataclass
class TextPair:
    first: str = ""
    second: str = ""


class EmbedTask(IntEnum):
    VECTORS = 0
    SCORES = 1


@dataclass
class Embed:
    """dimensions: of the vectors; 0 = all."""

    inputs: List[Union[PlainText, TokenIds, TextPair]] = field(default_factory=list)
    task: int = 0
    dimensions: int = 0


@dataclass
class Tokenize:
    input: Union[PlainText, Conversation, TokenIds] = field(default_factory=PlainText)
    add_special_tokens: bool = True


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
    work: Union[Generate, Infer, Embed, Tokenize] = field(default_factory=Generate)
    session: str = ""
    key: str = ""
    features: Dict[str, str] = field(default_factory=dict)


@dataclass
class KeyedRequest:
    request: ServeRequest = field(default_factory=ServeRequest)
    idempotency_key: str = ""


class UnitKind(IntEnum):
    USER = 0
    SESSION = 1
    KEY = 2
    REQUEST = 3


@dataclass
class ReportedOutcome:
    """Something measured on a unit. time: Unix seconds, None = now; id: sent twice under it, it counts once."""

    unit: str = ""
    name: str = ""
    value: float = 1.0
    kind: int = 0
    time: Optional[float] = None
    id: Optional[str] = None


@dataclass
class RecordOutcomes:
    events: List[ReportedOutcome] = field(default_factory=list)


@dataclass
class OutcomesRecorded:
    recorded: int = 0


@dataclass
class Usage:
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass
class ScoredToken:
    id: int = 0
    text: bytes = b""
    logprob: Optional[float] = None


@dataclass
class TokenScores:
    chosen: ScoredToken = field(default_factory=ScoredToken)
    top: List[ScoredToken] = field(default_factory=list)


@dataclass
class ToolCallPart:
    """A piece of a call; id and name come with the first one."""

    index: int = 0
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass
class TextPart:
    text: str = ""
    finish: int = 0
    usage: Usage = field(default_factory=Usage)
    choice: int = 0
    scores: List[TokenScores] = field(default_factory=list)
    tool_calls: List[ToolCallPart] = field(default_factory=list)


@dataclass
class InferResult:
    outputs: List[Tensor] = field(default_factory=list)


@dataclass
class EmbedResult:
    """values: FP32, a row for each input."""

    values: Tensor = field(default_factory=Tensor)
    labels: List[str] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)


@dataclass
class TokenizeResult:
    ids: List[int] = field(default_factory=list)
    tokens: List[str] = field(default_factory=list)
    text: str = ""
    context_length: int = 0


@dataclass
class LoadReport:
    waiting: int = 0
    running: int = 0


@dataclass
class ResultPart:
    content: Union[TextPart, InferResult, EmbedResult, TokenizeResult] = field(default_factory=TextPart)
    version: str = ""
    load: Optional[LoadReport] = None
    cached: bool = False
    replayed: bool = False


@dataclass
class Hello:
    node: int = 0
    incarnation: int = 0
    control: str = ""
    request: str = ""
    bulk: str = ""


@dataclass
class Resources:
    cpu_millis: int = 0
    memory_bytes: int = 0
    gpus: int = 0


@dataclass
class BatchingSpec:
    """delay_max: nanoseconds."""

    size_max: int = 1
    delay_max: int = 0
    queue_max: int = 256


@dataclass
class EngineSpec:
    sequences_max: int = 16
    step_tokens_max: int = 512
    kv_cache_bytes: int = 64 << 20
    threads: int = 1


@dataclass
class EchoSpec:
    """delay: nanoseconds."""

    slots: int = 1024
    delay: int = 0


@dataclass
class WarmUpInput:
    """data: row by row, empty = zeros."""

    name: str = ""
    dtype: int = 12
    shape: List[int] = field(default_factory=list)
    data: List[float] = field(default_factory=list)


@dataclass
class WarmUpSpec:
    prompt: str = ""
    max_tokens: int = 8
    embed: str = ""
    inputs: List[WarmUpInput] = field(default_factory=list)


@dataclass
class ReplicaSpec:
    id: int = 0
    deployment: str = ""
    generation: int = 0
    model: str = ""
    version: str = ""
    folder: str = ""
    backend: int = 1
    resources: Resources = field(default_factory=Resources)
    batching: BatchingSpec = field(default_factory=BatchingSpec)
    engine: EngineSpec = field(default_factory=EngineSpec)
    isolation: int = 1
    entry: str = ""
    echo: EchoSpec = field(default_factory=EchoSpec)
    python: str = ""
    settings: Dict[str, str] = field(default_factory=dict)
    digest: str = ""
    warm_up: List[WarmUpSpec] = field(default_factory=list)


@dataclass
class WorkerHello:
    protocol: int = 1
    pid: int = 0
    software: str = ""


@dataclass
class LoadBackend:
    spec: ReplicaSpec = field(default_factory=ReplicaSpec)


@dataclass
class BackendLoaded:
    pass


class ModelTask(IntEnum):
    GENERATE = 1
    CHAT = 2
    VECTORS = 3
    SCORES = 4
    INFER = 5
    TOKENIZE = 6


@dataclass
class TensorSpec:
    """shape: -1 = any length."""

    name: str = ""
    dtype: int = 12
    shape: List[int] = field(default_factory=list)
    is_optional: bool = False


@dataclass
class ModelInterface:
    """What a model takes and gives. tasks: rising ModelTasks, empty = not declared; context_length: tokens, 0 = none."""

    tasks: List[int] = field(default_factory=list)
    inputs: List[TensorSpec] = field(default_factory=list)
    outputs: List[TensorSpec] = field(default_factory=list)
    context_length: int = 0


@dataclass
class BackendWarm:
    """longest_step_us: what one step may take; 0 = a second."""

    slots: int = 1
    longest_step_us: int = 0
    name: str = ""
    interface: ModelInterface = field(default_factory=ModelInterface)


@dataclass
class ExecuteItem:
    """credit: bytes of the answer that may be sent before more is given; None: as many as there are."""

    work_id: int = 0
    remaining_us: Optional[int] = None
    request: ServeRequest = field(default_factory=ServeRequest)
    credit: Optional[int] = None


@dataclass
class Execute:
    items: List[ExecuteItem] = field(default_factory=list)


@dataclass
class Progress:
    """steps: finished ones; step_running_us: age of the one that runs, 0 = none does."""

    steps: int = 0
    step_running_us: int = 0


@dataclass
class Unload:
    pass


#: The struct of each message type.
BODIES = {
    MessageType.ERROR: ErrorBody,
    MessageType.SERVE_REQUEST: ServeRequest,
    MessageType.RESULT_PART: ResultPart,
    MessageType.KEYED_REQUEST: KeyedRequest,
    MessageType.HELLO: Hello,
    MessageType.WORKER_HELLO: WorkerHello,
    MessageType.LOAD_BACKEND: LoadBackend,
    MessageType.BACKEND_LOADED: BackendLoaded,
    MessageType.BACKEND_WARM: BackendWarm,
    MessageType.EXECUTE: Execute,
    MessageType.PROGRESS: Progress,
    MessageType.UNLOAD: Unload,
    MessageType.RECORD_OUTCOMES: RecordOutcomes,
    MessageType.OUTCOMES_RECORDED: OutcomesRecorded,
}
