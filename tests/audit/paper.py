"""A signed log with a little of everything, exports of it, and what the verifier says of them."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.exports.kit import breach
from tests.ledger.kit import NOW, signed
from tests.whatif.kit import (
    APRIL,
    DAY,
    INCIDENTS,
    MARCH,
    STRICTER,
    by_hand,
    critical,
    high,
    published,
    record,
    still_open,
    stream_of,
    writing,
)
from tocsin.audit import verify
from tocsin.audit.chosen import Chosen, everything, of_incidents, recorded_in
from tocsin.audit.export import write
from tocsin.domain.clock.happening import clock_stream
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.domain.subject.events import SubjectForgotten
from tocsin.domain.subject.values import Basis, SubjectKind, texts_stream
from tocsin.ledger.notary import keys_ever
from tocsin.ledger.notes import cosign
from tocsin.ledger.vkeys import COSIGNATURE, Skey
from tocsin.replaying.period import Period
from tocsin.settings import Settings
from tocsin.store.log import Log

STREAMS: Mapping[str, UUID] = {reference: stream_of(reference) for reference in INCIDENTS}
FIRST, SECOND = INCIDENTS[:2]
MARCH_FIRST_WEEK = Period(since=MARCH, until=MARCH + 7 * DAY)
TOKEN = b"what an authority answered"


@dataclass(frozen=True)
class Paper:
    """A log, and what an auditor may have of it beside an export."""

    settings: Settings
    size: int
    key: str
    held: tuple[str, ...]
    """The checkpoints, oldest first."""
    witness: str

    def export(self, choose: "Choose", held: Iterable[int] = ()) -> bytes:
        """The file of what is chosen."""
        log = Log.open(self.settings)
        try:
            checkpoint = log.latest_checkpoint()
            assert checkpoint is not None
            out = BytesIO()
            write(log, choose(log, checkpoint.size), checkpoint, out, held=held)
            return out.getvalue()
        finally:
            log.close()

    def bodies(self) -> list[bytes]:
        """Every event as it is stored."""
        log = Log.open(self.settings)
        try:
            return [bytes(body) for _, body in log.raw_page(0, 1_000)]
        finally:
            log.close()


Choose = Callable[[Log, int], Chosen]


def whole(log: Log, size: int) -> Chosen:
    return everything(size)


def first_week(log: Log, size: int) -> Chosen:
    return recorded_in(log, MARCH_FIRST_WEEK, size)


def of(*names: str) -> Choose:
    """All about these incidents."""
    return lambda log, size: of_incidents(log, {name: STREAMS[name] for name in names}, size)


PARTS: Mapping[str, Choose] = {"all": whole, "period": first_week, "incident": of(FIRST)}


def made(home: Path) -> Paper:
    """A log of four incidents, a clock, a policy and an erasure, signed four times; a witness
    signed the second checkpoint as well, and an authority the third."""
    settings = Settings(home=home)
    skey = Skey.new("witness.example/w1", COSIGNATURE)
    with writing(settings) as log:
        held = []
        for step in _steps(log):
            step()
            held.append(signed(log, settings))
        line = cosign(skey, held[1].checkpoint.text, 1_772_366_400)
        log.add_attestation(
            held[1].checkpoint.size, "https://w1", "cosignature", str(line).encode(), NOW
        )
        log.add_attestation(held[2].checkpoint.size, "https://tsa", "timestamp", TOKEN, NOW)
        key, size = str(keys_ever(log)[0]), log.head()
    return Paper(settings, size, key, tuple(map(str, held)), str(skey.vkey))


def opened(home: Path, key: str, witness: str) -> Paper:
    """The same log again, as it was made before."""
    settings = Settings(home=home)
    log = Log.open(settings)
    held = tuple(each.note for each in log.checkpoints())
    size = log.head()
    log.close()
    return Paper(settings, size, key, held, witness)


def _steps(log: Log) -> list[Callable[[], None]]:
    def begin() -> None:
        record(log, STREAMS[FIRST], critical()[:5])
        record(log, POLICY_STREAM, published(2, STRICTER))

    def happen() -> None:
        record(log, STREAMS[SECOND], high())
        record(log, STREAMS[FIRST], critical()[5:])
        record(log, clock_stream(STREAMS[FIRST]), [(MARCH, breach())])

    def go_on() -> None:
        record(log, STREAMS[INCIDENTS[2]], by_hand())

    def forget() -> None:
        record(log, STREAMS[INCIDENTS[3]], still_open())
        forgotten = SubjectForgotten(
            kind=SubjectKind.TEXTS,
            incident_id=str(STREAMS[FIRST]),
            basis=next(iter(Basis)),
            request="DSR-7",
            values=3,
            until=20,
        )
        record(log, texts_stream(STREAMS[FIRST]), [(APRIL, forgotten)])

    return [begin, happen, go_on, forget]


def examined(
    raw: bytes,
    keys: Sequence[str] = (),
    held: Sequence[str] = (),
    witnesses: Sequence[str] = (),
) -> dict[str, Any]:
    """What the verifier says of a file.

    Raises:
        Unreadable: it says that it is none.
    """
    said: dict[str, Any] = verify.examine(
        verify.Export(BytesIO(raw)),
        [verify.key_of(key) for key in keys],
        [verify.note_of(note) for note in held],
        [verify.key_of(key, True) for key in witnesses],
    )
    return said


def says(raw: bytes, *keys: str, held: Sequence[str] = ()) -> list[str]:
    """What it finds wrong."""
    return [each["says"] for each in examined(raw, keys, held)["wrong"]]


def lines(raw: bytes) -> list[bytes]:
    """The lines of a file."""
    return raw.split(b"\n")[:-1]


def altered(raw: bytes, number: int, old: bytes, new: bytes) -> bytes:
    """The file with a change in one line."""
    all_lines = lines(raw)
    assert old in all_lines[number - 1]
    all_lines[number - 1] = all_lines[number - 1].replace(old, new)
    return b"\n".join([*all_lines, b""])


def events(raw: bytes) -> list[bytes]:
    """The events in a file, as they stand in it."""
    return [line for line in raw.split(b"\n")[1:-2] if not line.startswith(b'{"marks":')]


def sealed(lines: Sequence[bytes], *, marks: bool = True) -> bytes:
    """These lines as a file whose marks and last line fit, as a forger would mend them."""
    header, *rest = [x for x in lines if x and not x.startswith(b'{"end":')] or [b""]
    body = [line for line in rest if not line.startswith(b'{"marks":')]
    if marks:
        rest = [_marks(body), *body]
    text = b"".join(line + b"\n" for line in [header, *rest])
    end = {"end": True, "events": len(body), "sha256": sha256(text).hexdigest()}
    return text + json.dumps(end, separators=(",", ":")).encode() + b"\n"


def _marks(bodies: Sequence[bytes]) -> bytes:
    found = b"".join(sha256(b"\0" + body).digest()[:6] for body in bodies)
    return b'{"marks":"%b"}' % b64encode(found)


def header(raw: bytes) -> dict[str, Any]:
    """The first line."""
    said: dict[str, Any] = json.loads(raw.partition(b"\n")[0])
    return said


def with_header(raw: bytes, **changed: Any) -> bytes:
    """The same file with another header, and an end that fits."""
    said = {**header(raw), **changed}
    return sealed([json.dumps(said).encode(), *raw.split(b"\n")[1:]], marks=False)
