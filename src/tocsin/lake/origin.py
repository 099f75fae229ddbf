"""Is this the log that the lake was written from? And how far behind it is the lake?"""

import fcntl
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

import orjson

from tocsin.lake.segments import LOCK, LakeRefused, Segments
from tocsin.store.log import Log

WAY_OUT = (
    "A log that was restored from a backup, or another one, begins another lake: remove that"
    " folder, and it is written anew; or set TOCSIN_LAKE_FOLDER to an empty folder."
)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How far a lake has come."""

    position: int
    sealed: int
    """The position up to which nothing of it is ever written again."""
    head: int
    lag_events: int
    lag_seconds: float
    """The age of the oldest event to come."""


def mark_at(log: Log, position: int) -> str | None:
    """sha256 of the stored bytes of an event; none where there is no such event."""
    body = _body(log, position)
    return sha256(body).hexdigest() if body is not None else None


def check(log: Log, segments: Segments) -> None:
    """Make sure that a lake, if there is one, is of this log.

    Raises:
        LakeRefused: it is of another one.
    """
    said = segments.identity()
    if said is None:
        return
    if said["log"] != mark_at(log, 1):
        raise LakeRefused(f"The lake {segments.folder} is of another log than this. {WAY_OUT}")
    last = segments.last
    if last is not None and last.mark != mark_at(log, last.last):
        raise LakeRefused(
            f"The lake {segments.folder} was written from a log that had another event at position"
            f" {last.last} than this log. {WAY_OUT}"
        )


def tail_differs(log: Log, segments: Segments) -> bool:
    """Whether what came after the last segment is not what this log says."""
    tail = segments.tail()
    return tail is not None and tail.mark != mark_at(log, tail.last)


def standing(log: Log, segments: Segments) -> Standing:
    """How far the lake is behind the log; at 0 where there is none yet."""
    sealed, position = segments.end, segments.position
    head = max(log.head(), position)
    return Standing(
        position=position,
        sealed=sealed,
        head=head,
        lag_events=head - position,
        lag_seconds=_age(log, position + 1),
    )


def written_now(segments: Segments) -> bool:
    """Whether a process of this machine writes the lake."""
    try:
        lock = os.open(segments.folder / LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(lock)


def _age(log: Log, position: int) -> float:
    body = _body(log, position)
    if body is None:
        return 0.0
    recorded_at = datetime.fromisoformat(orjson.loads(body)["recorded_at"])
    return max(0.0, (datetime.now(UTC) - recorded_at).total_seconds())


def _body(log: Log, position: int) -> bytes | None:
    return next((body for at, body in log.raw_page(position - 1, 1) if at == position), None)
