"""A lake in which something stands out, made of a log as every lake is."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid5

import pytest

from tests.whatif.kit import record, writing
from tocsin.domain.incident import events as e
from tocsin.domain.incident.values import LinkKind, Source
from tocsin.lake import open_lake
from tocsin.lake.lake import Lake
from tocsin.lake.writer import Writer
from tocsin.settings import Settings

FIRST = datetime(2026, 1, 5, 9, tzinfo=UTC)
"""A Monday."""
SPACE = UUID("8f0c7a54-3d0e-4c53-8d0f-6a4c1c5b2f11")


@dataclass(frozen=True)
class Told:
    """One incident: on which day, of what kind, in whose words."""

    day: int
    category: str
    service: str = "mail"
    title: str = "It is slow"
    description: str = ""
    resolution: str | None = "Restarted it."
    hours: float = 2.0
    priority: int = 3
    item: str | None = None
    problem: bool = False
    void: bool = False


def stream_of(number: int) -> UUID:
    """The incident of that number."""
    return uuid5(SPACE, str(number))


def written(home: Path, stories: Sequence[Told]) -> Settings:
    """A log of these incidents in the order in which they were reported, and its lake."""
    settings = Settings(home=home)
    with writing(settings) as log:
        for number, told in enumerate(stories, 1):
            record(log, stream_of(number), _happened(number, told))
        Writer(log, settings, processes=1).catch_up(threading.Event())
    return settings


def _happened(number: int, told: Told) -> Iterator[tuple[datetime, e.IncidentEvent]]:
    at = FIRST + timedelta(days=told.day, seconds=number)
    items = (told.item,) if told.item is not None else ()
    yield (
        at,
        e.IncidentReported(
            title=told.title,
            description=told.description,
            source=Source.MONITORING,
            services=(told.service,),
            configuration_items=items,
        ),
    )
    yield at, e.IncidentLogged(reference=f"INC{number:07}")
    yield at, e.IncidentCategorised(category=told.category)
    yield at, e.IncidentPrioritised(priority=told.priority, override_reason="So.")
    if told.problem:
        yield at, e.IncidentLinked(kind=LinkKind.PROBLEM, target="PRB1")
    end = at + timedelta(hours=told.hours)
    if told.void:
        yield end, e.IncidentCancelled(reason="A test.")
    elif told.resolution is not None:
        yield end, e.IncidentResolved(resolution_code=None, resolution=told.resolution)


@pytest.fixture(scope="session")
def standing_out(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Half a year: printers rise in the last four weeks, one proxy fails again and again."""
    return written(tmp_path_factory.mktemp("standing"), sorted(half_a_year(), key=_day))


def _day(told: Told) -> tuple[int, str]:
    return told.day, told.title


def half_a_year() -> Iterator[Told]:
    for day in range(196):
        yield Told(day, "mail", title="Mail is slow", hours=1 + day % 7)
        yield Told(day, "network", service="vpn", title="No connection to the VPN", priority=2)
        if day % 7 == 0:
            yield Told(day, "printers", service="print", title="Paper jam on floor 3")
    for day in range(168, 196):
        yield Told(day, "printers", service="print", title="Toner is empty", priority=4)
    for day in (100, 101, 102, 104, 105, 107):
        yield Told(
            day, "network", service="web", item="proxy-7", title="proxy-7 answers 502 ORA-00600",
            description="The pool of proxy-7 is exhausted", resolution="Raised the pool size.",
        )  # fmt: skip
    yield Told(110, "network", service="web", item="proxy-7", title="proxy-7 test", void=True)
    yield Told(195, "network", service="vpn", title="Still open", resolution=None)


@pytest.fixture(scope="session")
def lake(standing_out: Settings) -> Iterator[Lake]:
    with closing(open_lake(settings=standing_out)) as opened:
        yield opened
