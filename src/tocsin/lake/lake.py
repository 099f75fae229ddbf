"""The lake as people ask it: trends by name, its tables for whoever wants more.

from tocsin.lake import open_lake

with open_lake() as lake:
    print(lake.trend("volume", by=("category",)).csv())
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import Any, Self

import orjson

from tocsin.domain.openings import DAY_US, instant, microseconds
from tocsin.domain.policy import DEFAULT_POLICY, Policy
from tocsin.domain.policy.record import restored
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.lake.engines import connect
from tocsin.lake.engines.engine import IbisEngine
from tocsin.lake.segments import Segment, Segments
from tocsin.lake.tables import TABLES
from tocsin.settings import Settings
from tocsin.trends.answer import Answer
from tocsin.trends.asking import Progress, ask, named
from tocsin.trends.catalogue import trends
from tocsin.trends.definition import Trend
from tocsin.trends.question import Question
from tocsin.trends.source import Stretch, View

MARGIN_US = 366 * DAY_US
"""The clocks of a zone are laid out for so long before and after all that is known."""


class NoLake(LookupError):
    """There is no lake at that place. The sentence says how to make one."""


class Lake:
    """One lake and the engine that reads it. It may be asked from several threads, which wait for
    each other."""

    def __init__(self, segments: Segments, engine: IbisEngine, settings: Settings) -> None:
        self.segments, self.engine, self.settings = segments, engine, settings
        self.kept = segments.folder / "kept"
        self.most_kept = settings.trends_kept
        self._lock = RLock()
        self._policies: tuple[int, Policy] = 0, DEFAULT_POLICY
        self._stretches: dict[str, tuple[Stretch, int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the engine."""
        with self._lock:
            self.engine.close()

    @property
    def position(self) -> int:
        """Everything up to this event of the log is in it."""
        return self.segments.position

    @property
    def as_of(self) -> datetime:
        """When that event was recorded."""
        return instant(self.view().as_of_us)

    @cached_property
    def trends(self) -> Mapping[str, Trend]:
        """Every trend that can be asked for, by its name."""
        return trends(self.settings.trends)

    @property
    def tables(self) -> dict[str, Any]:
        """Every table as an Ibis table, as far as it is written now."""
        with self._lock:
            return {
                table.name: self.engine.parquet(table.name, files)
                for table in TABLES
                if (files := self.segments.files(table.name))
            }

    def ask(self, question: Question, *, progress: Progress | None = None) -> Answer:
        """The answer to a question.

        Raises:
            BadQuestion: it cannot be answered; the sentence says what can.
        """
        return ask(self, question, progress=progress)

    def trend(self, name: str, **fields: Any) -> Answer:
        """The answer of a trend; the fields are those of `Question`.

        Raises:
            BadQuestion: it cannot be answered; the sentence says what can.
        """
        return self.ask(replace(named(self, name).question, **fields))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else asks meanwhile: an engine answers one question at a time."""
        with self._lock:
            yield

    def view(self) -> View:
        """The lake as it stands now."""
        parts = self.segments.parts()
        known = [self._stretch(part) for part in parts]
        stretches = [stretch for stretch, _ in known]
        tail = stretches.pop() if parts and _passing(parts[-1]) else None
        now = max((part.recorded_us[1] for part in parts), default=0)
        begins = [begin for _, begin in known]
        identity = self.segments.identity() or {}
        return View(
            identity=f"{identity.get('log')} {identity.get('segment')} {self.segments.folder.name}",
            sealed=stretches,
            tail=tail,
            reach=(min([now, *begins]) - MARGIN_US, now + MARGIN_US),
            as_of_us=now,
        )

    def _stretch(self, part: Segment) -> tuple[Stretch, int]:
        """The files of a part, and when the first month begins that its rows are about. Thousands
        of segments are looked at for every question, and no segment ever changes."""
        known = self._stretches.get(part.name)
        if known is None:
            known = _stretch(self.segments.folder, part), min(_months(part))
            if not _passing(part):
                self._stretches[part.name] = known
        return known

    def policy(self, view: View) -> Policy:
        """The policy in force at the end of a view: the last one whose publication is in it."""
        position, policy = self._policies
        if position == view.position:
            return policy
        stretches = [*view.sealed, *([view.tail] if view.tail else [])]
        fresh = [each for each in stretches if each.last > position]
        files = [file for each in fresh for file in each.files["events"]]
        rows = self.engine.parquet("policies", files)
        rows = rows.filter(rows.stream == str(POLICY_STREAM)).select("position", "data")
        told = sorted(self.engine.arrow(rows).to_pylist(), key=lambda row: row["position"])
        if told:
            event = orjson.loads(told[-1]["data"])
            policy = restored(event["compiled"], event["version"])
        self._policies = view.position, policy
        return policy


def open_lake(
    folder: Path | None = None, *, settings: Settings | None = None, engine: str | None = None
) -> Lake:
    """Open the lake in a folder, or that of the settings; `engine` is `duckdb` or the address of
    another one, instead of that of the settings.

    Raises:
        NoLake: there is none.
        EngineRefused: there is no such engine, its libraries are missing, or it does not answer.
    """
    settings = settings or Settings.from_environment()
    place = Path(folder) if folder is not None else settings.lake_place
    segments = Segments(place)
    if segments.identity() is None:
        raise NoLake(
            f"There is no lake in {place}. `tocsin serve` writes it beside the service, and"
            " `tocsin lake follow` on its own; TOCSIN_LAKE_FOLDER says where."
        )
    spill = segments.folder / "kept" / "spill"
    return Lake(segments, connect(engine or settings.engine, settings, spill), settings)


def _stretch(folder: Path, part: Segment) -> Stretch:
    files: dict[str, list[Path]] = {}
    for file in part.files:
        files.setdefault(file.table, []).append(folder / file.path)
    return Stretch(part.first, part.last, files)


def _passing(part: Segment) -> bool:
    """Whether it is the tail, which will be written anew."""
    return any(file.path.startswith("tail") for file in part.files)


def _months(part: Segment) -> Iterator[int]:
    """When the months begin that its rows are about."""
    yield part.occurred_us[0]
    for name in {
        file.path.rpartition("month=")[2][:7] for file in part.files if "month=" in file.path
    }:
        yield microseconds(datetime.fromisoformat(f"{name}-01").replace(tzinfo=UTC))
