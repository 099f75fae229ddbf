"""The trace of a command: its ids are made of the command's id, so that who knows the one knows
the other. A projector links to the trace of a command that it never saw, and nothing is stored."""

from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

_TRACE, _SPAN = 16, 8


class CommandSpan(NamedTuple):
    """Where the command was recorded."""

    trace_id: int
    span_id: int


def command_span(command_id: UUID) -> CommandSpan:
    """The first 16 bytes of the SHA-256 of the command id's 16 bytes are the trace's id, the next
    8 the span's. Not the bytes themselves: samplers want chance, and a UUID holds its version."""
    made = sha256(command_id.bytes).digest()
    trace = int.from_bytes(made[:_TRACE], "big")
    return CommandSpan(trace or 1, int.from_bytes(made[_TRACE : _TRACE + _SPAN], "big") or 1)
