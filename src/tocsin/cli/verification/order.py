"""The log by position: no gaps, every event readable, canonical, in its place, and answered for."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from uuid import UUID

import orjson

from tocsin.cli.verification.findings import Findings
from tocsin.cli.verification.tree import TreeCheck
from tocsin.domain.kernel import Recorded, aggregate_of
from tocsin.store.log import Log
from tocsin.store.mapper import Unreadable, decode, encode
from tocsin.store.sealing import MARK

PAGE = 2_000
CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z


@dataclass(slots=True)
class Tail:
    """One stream as far as it was read: a few bytes, however long its history."""

    kind: str = ""
    """The name of its aggregate; none when nothing of it can be read."""
    version: int = 0
    digest: bytes = b""
    sound: bool = True
    """Whether all of it could be read."""

    def add(self, body: bytes) -> None:
        """Chain the next event in."""
        self.digest = chained(self.digest, body)


def chained(digest: bytes, body: bytes) -> bytes:
    """A hash that stands for all bodies so far, in order."""
    return blake2b(digest + body, digest_size=16).digest()


def walk(
    log: Log, head: int, findings: Findings, tree: TreeCheck, progress: Callable[[int, int], None]
) -> dict[UUID, Tail]:
    """Read every event up to `head` in order; return the streams that were met."""
    tails: dict[UUID, Tail] = {}
    place = 0
    while place < head:
        page = [
            (position, body) for position, body in log.raw_page(place, PAGE) if position <= head
        ]
        if not page:
            findings.add("gap", f"positions {place + 1} to {head} are missing")
            break
        tree.add(page)
        asked: dict[UUID, int] = {}
        for position, body in page:
            if position != place + 1:
                findings.add("gap", f"positions {place + 1} to {position - 1} are missing")
            place = position
            _event(position, bytes(body), tails, asked, findings)
        _answered(log, asked, findings)
        progress(place, head)
    return tails


def _event(
    position: int,
    body: bytes,
    tails: dict[UUID, Tail],
    asked: dict[UUID, int],
    findings: Findings,
) -> None:
    try:
        recorded = decode(body)
    except Unreadable as fault:
        findings.add("unreadable", str(fault), position=position)
        _skip(body, tails)
        return
    stream = recorded.stream
    tail = tails.setdefault(stream, Tail())
    if recorded.position != position:
        findings.add(
            "displaced",
            f"the event says that it is at position {recorded.position}",
            position=position,
            stream=stream,
        )
    if recorded.version != tail.version + 1:
        findings.add(
            "version",
            f"version {recorded.version} follows version {tail.version}",
            position=position,
            stream=stream,
        )
    if not canonical(body, recorded):
        findings.add(
            "not-canonical", "its bytes are not what they encode", position=position, stream=stream
        )
    tail.kind = tail.kind or aggregate_of(recorded.event).name
    tail.version = recorded.version
    tail.add(body)
    asked.setdefault(recorded.command_id, position)


def canonical(body: bytes, recorded: Recorded[Any]) -> bool:
    """Whether decoding and encoding give the same bytes; where something is sealed, or of a retired
    shape, its JSON."""
    raw = orjson.loads(body)
    if raw["schema"] == recorded.event.schema and MARK not in body:
        return encode(recorded) == body
    return orjson.dumps(raw, option=CANONICAL) == body


def _skip(body: bytes, tails: dict[UUID, Tail]) -> None:
    """Go on behind an event that cannot be read, as far as its envelope can be."""
    try:
        raw = orjson.loads(body)
        tail = tails.setdefault(UUID(raw["stream"]), Tail())
        tail.version = int(raw["version"])
    except (ValueError, KeyError, TypeError):
        return
    tail.sound = False
    tail.add(body)


def _answered(log: Log, asked: dict[UUID, int], findings: Findings) -> None:
    """Every command that recorded something has an answer: a retry must not record it again."""
    answers = log.answers(list(asked))
    for command_id, position in asked.items():
        if command_id not in answers:
            findings.add(
                "unanswered", f"command {command_id} has no stored answer", position=position
            )
