"""A lake of as many million events as one likes: one made-up history, copy after copy.

The first copy is written by the Scribe, from bytes as a log holds them. Every other one has the
same rows, with positions, incidents and times of its own: it begins so many whole weeks after the
one before it that the log grows at an even pace, and the incidents of one copy end while those of
the next begin. What `data` says is that of the first copy. Files, manifests and sums are those of
any lake: `tocsin lake verify` accepts it.
"""

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from operator import itemgetter
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from lives import BEGIN, WEEKS, life

from tocsin.domain.clock.plan import Rulebooks
from tocsin.domain.kernel import Recorded
from tocsin.domain.openings import DAY_US, microseconds
from tocsin.lake import columns
from tocsin.lake.placing import Placing
from tocsin.lake.scribe import Scribe
from tocsin.lake.segments import FORMAT, IDENTITY, SEGMENT, Segments
from tocsin.lake.tables import TABLES
from tocsin.process import unswept
from tocsin.store.mapper import encode, placed

SEED = 4
COPY = 16
"""Segments of one copy."""
APART_US = WEEKS * 7 * DAY_US
DRAIN_DAYS = 28
"""What of a copy would happen later than so long after the next one began, does not."""
DURATIONS = ("goal_us", "spent_us", "paused_us", "major_us")
NAMED = {"incident_id": (0, 8, "{:08x}"), "stream": (0, 8, "{:08x}"),
         "command_id": (0, 8, "{:08x}"), "reference": (3, 6, "{:03d}")}  # fmt: skip
"""Texts that differ from copy to copy: from where to where, and how."""

Progress = Callable[[str], None]


@dataclass
class Told:
    """A log in memory, as far as a Scribe asks."""

    bodies: list[tuple[str, UUID, bytes]] = field(default_factory=list)
    streams: dict[UUID, list[bytes]] = field(default_factory=dict)

    def add(self, recorded: Recorded[Any]) -> None:
        """Append an event."""
        body = placed(encode(recorded), len(self.bodies) + 1)
        self.bodies.append((recorded.event.event_name, recorded.stream, body))
        self.streams.setdefault(recorded.stream, []).append(body)

    def raw_share(
        self, names: Collection[str], part: range, after: int, until: int
    ) -> list[tuple[bytes, bytes]]:
        """What a log answers."""
        return [
            (stream.bytes, body) for name, stream, body in self.bodies[after:until] if name in names
        ]

    def raw_named(
        self, names: Sequence[str], after: int, until: int, limit: int
    ) -> list[tuple[int, bytes]]:
        """What a log answers."""
        there = enumerate(self.bodies[after:until], after + 1)
        return [(place, body) for place, (name, _, body) in there if name in names][:limit]

    def raw_histories(self, streams: Collection[UUID]) -> dict[UUID, list[bytes]]:
        """What a log answers."""
        return {stream: self.streams.get(stream, []) for stream in streams}


@dataclass(frozen=True)
class Tiles:
    """A first copy in a folder of its own, and lakes made of it."""

    folder: Path
    copy: int = COPY
    """Segments of a copy."""
    size: int = SEGMENT
    """Positions of a segment."""
    progress: Progress = lambda _: None

    def lake(self, segments: int, name: str = "tiles") -> Segments:
        """A lake of so many segments at least; what is there of it is kept."""
        there = Segments(self.folder / name)
        with _placing(there, self.size) as placing:
            for place in range(there.end // self.size, segments):
                self.progress(f"segment {place + 1} of {segments}")
                first = place * self.size + 1
                last = first + self.size - 1
                placing.seal(first, last, _mark(last), self._rows(place))
        return there

    def view(self, segments: int, name: str = "view") -> Segments:
        """A lake of so many segments exactly, of links to the files of the one that has them."""
        source, there = self.lake(segments), Segments(self.folder / name)
        for part in source.sealed()[:segments]:
            manifest = f"segments/{part.name}.json"
            for path in (*(file.path for file in part.files), manifest):
                place = there.folder / path
                place.parent.mkdir(parents=True, exist_ok=True)
                os.link(source.folder / path, place)
        os.link(source.folder / IDENTITY, there.folder / IDENTITY)
        return there

    def trail(self, there: Segments, events: int) -> None:
        """Add a tail of so many events to a lake."""
        rows, first = self._rows(there.end // self.size), there.end + 1
        last = first + events - 1
        few = {
            name: table.filter(pc.less_equal(table.column("position"), last))
            for name, table in rows.items()
        }
        with _placing(there, self.size) as placing:
            placing.trail(first, last, _mark(last), few)

    def seal(self, there: Segments) -> None:
        """Add one whole segment to a lake."""
        first = there.end + 1
        last = first + self.size - 1
        with _placing(there, self.size) as placing:
            placing.seal(first, last, _mark(last), self._rows(there.end // self.size))

    def first(self) -> Segments:
        """The first copy, written once."""
        there = Segments(self.folder / "first")
        if there.end == self.copy * self.size:
            return there
        self.progress(f"a history of {self.copy * self.size:,} events")
        log: Any = written(self.copy * self.size)
        scribe = Scribe(log, Rulebooks())
        with _placing(there, self.size) as placing:
            for place in range(self.copy):
                self.progress(f"segment {place + 1} of {self.copy} of the first copy")
                after, until = place * self.size, (place + 1) * self.size
                rows = columns.of(scribe.write(after, until))
                if until > there.end:
                    placing.seal(after + 1, until, _mark(until), rows)
        return there

    def _rows(self, place: int) -> columns.Arrow:
        """The rows of one segment of all the copies."""
        copy, segment = divmod(place, self.copy)
        base = self.first()
        part = base.sealed()[segment]
        found = {}
        for table in TABLES:
            files = [base.folder / file.path for file in part.files if file.table == table.name]
            read = [pq.ParquetFile(file).read() for file in files]
            rows = columns.ordered(table, read or [columns.schema(table).empty_table()])
            found[table.name] = _shifted(rows, copy, copy * self.copy * self.size)
        return found


def written(events: int) -> Told:
    """A history of so many events, in the order in which they were recorded."""
    with unswept():
        steps, number, dice = [], 0, Random(SEED)
        end = microseconds(BEGIN) + APART_US + DRAIN_DAYS * DAY_US
        while len(steps) < events:
            number += 1
            stream = UUID(int=dice.getrandbits(96), version=4)
            for version, (at, event) in enumerate(life(number, dice), 1):
                if microseconds(at) < end:
                    steps.append((at, number, version, stream, event))
        log = Told()
        for at, number, version, stream, event in sorted(steps, key=itemgetter(0, 1, 2))[:events]:
            log.add(
                Recorded(
                    stream=stream, version=version, position=0, actor=f"person {number % 400}",
                    occurred_at=at, recorded_at=at,
                    command_id=UUID(int=dice.getrandbits(96), version=4), event=event,
                )
            )  # fmt: skip
        return log


@contextmanager
def _placing(there: Segments, size: int) -> Iterator[Placing]:
    """A lake of segments of that size, while nobody else writes it."""
    placing = Placing(there)
    with placing.held():
        if there.identity() is None:
            said = {"format": FORMAT, "segment": size, "log": _mark(1)}
            (there.folder / IDENTITY).write_bytes(orjson.dumps(said))
        yield placing


def _mark(position: int) -> str:
    return sha256(f"tiled {position}".encode()).hexdigest()


def _shifted(rows: pa.Table, copy: int, positions: int) -> pa.Table:
    """The rows of another copy."""
    made = {}
    for name in rows.column_names:
        column = rows.column(name)
        if name == "position":
            column = pc.add(column, positions)
        elif name.endswith("_us") and name not in DURATIONS:
            column = pc.add(column, copy * APART_US)
        elif name in NAMED:
            start, stop, form = NAMED[name]
            column = pc.utf8_replace_slice(column, start, stop, form.format(copy))
        made[name] = column
    return pa.table(made, schema=rows.schema)
