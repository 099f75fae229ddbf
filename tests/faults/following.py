"""Does a reader that follows the log miss anything, whoever writes, aborts, and dies meanwhile?

Twelve callers write at the desks of three processes (of one, on the embedded store), which are
killed now and then; sessions are cut, and transactions take places in the log and give them back.
Three readers follow from the beginning: one decodes, one takes stored bytes, one asks over HTTP.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any
from uuid import UUID, uuid4

from tests.faults.linearity import Point, overtaken
from tests.faults.processes import Reader, Writer, prepared
from tests.faults.readers import Sight, raw
from tests.faults.trials import Result, Site, Trial
from tests.faults.upset import Upset
from tocsin.settings import Settings
from tocsin.store.log import Log

CALLERS, PROCESSES = 12, 3
KINDS = ("page", "raw", "feed")
PAGE = 5_000
LOOK_SECONDS = 0.05
LIFE_SECONDS = (6.0, 12.0)
"""How long a writing process lives, about."""
FIRST_LIFE_SECONDS = 2.0


@dataclass
class Followed:
    """What is in the log after all, what its readers saw, and what its writers were told."""

    log: Sight
    commands: dict[UUID, list[int]]
    """Positions of the events of each command."""
    readers: dict[str, Any]
    told: list[list[str]]

    @property
    def missed(self) -> int:
        """Events that a reader did not see, or not as they are."""
        sights = self.readers.values()
        unlike = [each for each in sights if each["digest"] != self.log.digest]
        return sum(self.log.last - int(each["last"]) for each in sights) + len(unlike)

    @property
    def gaps(self) -> list[str]:
        return [*self.log.gaps, *(gap for each in self.readers.values() for gap in each["gaps"])]

    def wrong(self) -> tuple[int, int, int]:
        """Commands whose events are not there as they were told; refused ones that are there; and
        those that stand before what was answered before they were asked."""
        lost = refused = 0
        points = []
        for command, *said in self.told:
            there = self.commands.get(UUID(command), [])
            if said == ["refused"]:
                refused += bool(there)
                continue
            called, returned, position, events = map(float, said)
            first, last = int(position - events), int(position)
            lost += there != list(range(first + 1, last + 1))
            if events:
                points.append(Point(called, returned, first, last, command))
        return lost, refused, len(list(overtaken(points)))


@dataclass
class Following:
    """One run of it."""

    settings: Sequence[Settings]
    writers: list[Writer]
    readers: list[Reader]
    chance: Random
    deaths: list[float] = field(default_factory=list)
    """Seconds until each writer that was killed was answered again."""

    def storm(self, events: int) -> int:
        """Until so many events are there, kill one writer after the other; return the head."""
        next_death = time.monotonic() + FIRST_LIFE_SECONDS
        with closing(Log.open(self.settings[0], veiled=True)) as log:
            while log.head() < events or not self.deaths:
                time.sleep(LOOK_SECONDS)
                if time.monotonic() > next_death and log.head():
                    self.deaths.append(self.chance.choice(self.writers).die())
                    next_death = time.monotonic() + self.chance.uniform(*LIFE_SECONDS)
            for writer in self.writers:
                writer.calm()
            return log.head()

    def seen(self, head: int) -> Followed:
        """What everybody saw, once all have come to the end."""
        readers = {each.kind: each.end(head) for each in self.readers}
        for writer in self.writers:
            writer.end()
        sight, commands = Sight(), dict[UUID, list[int]]()
        with closing(Log.open(self.settings[0], veiled=True)) as log:
            while page := log.raw_page(sight.last, PAGE):
                met = [raw(body) for _, body in page]
                sight.see(met)
                for position, _, _, command in met:
                    commands.setdefault(command, []).append(position)
        told = [line for writer in self.writers for line in writer.told]
        return Followed(sight, commands, readers, told)


def followed(processes: int, site: Site, events: int) -> Result:
    """Let them write so much, and compare what everybody saw."""
    database = site.postgres.create(f"tocsin_{uuid4().hex}") if processes > 1 else ""
    settings, token = prepared(site.folder / "home", database, processes)
    with ExitStack() as ends:
        writers, readers = [], []
        for number, each in enumerate(settings):
            writers.append(Writer(each, CALLERS // processes, site.folder / f"writer-{number}"))
            ends.callback(writers[-1].kill)
        for kind in KINDS:
            readers.append(Reader(settings, kind, token))
            ends.callback(readers[-1].kill)
        following = Following(settings, writers, readers, Random(site.seed))
        began = time.monotonic()
        with Upset(settings[0], site.seed) as upset:
            head = following.storm(events)
        seconds = time.monotonic() - began
        found = following.seen(head)
    lost, refused, early = found.wrong()
    remark = (
        f"{found.log.last} events in {seconds:.0f} s, {len(following.deaths)} writers killed,"
        f" {upset.cut} sessions cut, {upset.aborted} transactions aborted; {len(KINDS)} readers"
        f" missed {found.missed}; {early} before what was answered earlier"
    )
    clean = not (lost or refused or early or found.missed or found.gaps)
    return Result(
        runs=found.log.last,
        ok=clean and found.log.last >= events and bool(following.deaths and upset.aborted),
        acknowledged=len(found.told),
        lost=lost + found.missed,
        doubled=refused,
        gaps=len(found.gaps),
        recoveries=tuple(following.deaths),
        remark=remark,
    )


TRIALS = (
    Trial("T5", "readers miss nothing, 3 processes on PostgreSQL", partial(followed, PROCESSES),
          20_000, 1_000_000),
    Trial("T5b", "readers miss nothing, SQLite", partial(followed, 1), 10_000, 1_000_000),
)  # fmt: skip
