"""Requests that came before the one in front was answered: they wait in line, and not without end.

Each takes a hundred times the memory of its bytes, so what comes is looked at piece by piece, and
no further than to the first who has to wait.
"""

from asyncio import Transport
from collections.abc import Collection

from uvicorn.protocols.http.flow_control import FlowControl

PIECE = 8_192
"""Bytes that are looked at before it is seen whether somebody has to wait."""


class Queued(FlowControl):
    """Nothing is read while somebody waits in line, whoever would have more of their own."""

    def __init__(self, transport: Transport, line: Collection[object]) -> None:
        super().__init__(transport)
        self._line = line
        self.later = b""
        """What has come and is looked at when those who wait in line have had their turn."""

    def resume_reading(self) -> None:
        """Read on, if the line is empty."""
        if not (self._line or self.later):
            super().resume_reading()
