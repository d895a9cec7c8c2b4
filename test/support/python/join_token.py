"""Join tokens that nobody has issued."""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import Optional

PREFIX = "troupe-1."


def made_token(head_key: str = "0" * 40, id: int = 1, secret: bytes = b"s" * 32, expires: int = 0) -> str:
    payload = head_key.encode() + struct.pack(">QQ", id, expires) + secret
    return PREFIX + base64.urlsafe_b64encode(payload + hashlib.sha256(payload).digest()[:5]).decode()


def forged_token(token: str, head_key: Optional[str] = None, secret: Optional[bytes] = None) -> str:
    """Like `token`, but for what is given."""
    binary = base64.urlsafe_b64decode(token.removeprefix(PREFIX))
    id, expires = struct.unpack(">QQ", binary[40:56])
    return made_token(head_key or binary[:40].decode(), id, secret or binary[56:88], expires)
