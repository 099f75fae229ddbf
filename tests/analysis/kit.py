"""A history in which something happened: thirty weeks of incidents, and a lake over them.

Every weekday brings four incidents, and from the twentieth week on twelve; in the last three weeks
most of what is new is about the VPN; one Wednesday brings forty; one printer fails fifteen times in
a week.
"""

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.whatif.kit import When, entry_of, stream_of, writing
from tocsin.domain.incident import events as e
from tocsin.domain.incident.values import Source
from tocsin.lake.writer import Writer
from tocsin.settings import Settings
from tocsin.store.entries import Stored
from tocsin.store.log import Log

FIRST = date(2026, 1, 5)
WEEKS, STEP, VPN = 30, 20, 27
"""How many there are, from which on there are more, and from which on the VPN fails."""
FLOOD = FIRST + timedelta(weeks=14, days=2)
PRINTER = FIRST + timedelta(weeks=10)
CATEGORIES = ("network", "e-mail", "storage")
INCIDENTS, LAST = 1_051, "INC0001051"
WORDS = {
    "network": "Switch in building {} drops packets",
    "e-mail": "Outlook cannot send mail to customer {}",
    "storage": "Volume {} is nearly full",
    "vpn": "VPN tunnel {} breaks off after the gateway update",
    "printing": "Paper jam in printer {}",
}


def days() -> Iterator[tuple[date, str]]:
    """Each incident of the history: its day and its category."""
    for number in range(7 * WEEKS):
        day, week = FIRST + timedelta(days=number), number // 7
        if day.weekday() < 5:
            count = 40 if day == FLOOD else 12 if week >= STEP else 4
            for place in range(count):
                vpn = week >= VPN and place % 3
                yield day, "vpn" if vpn else CATEGORIES[(number + place) % 3]
        if PRINTER <= day < PRINTER + timedelta(days=5):
            yield from [(day, "printing")] * 3


def story(number: int, day: date, category: str) -> list[When]:
    """Reported in the morning, resolved an hour later, or a few."""
    begun = datetime(day.year, day.month, day.day, 8, tzinfo=UTC) + timedelta(minutes=number % 300)
    printing = category == "printing"
    reported = e.IncidentReported(
        title=WORDS[category].format(number % 7),
        source=Source.USER_REPORT,
        services=("print",) if printing else ("office",),
        configuration_items=("PRN-7",) if printing else (f"CI-{number % 400}",),
    )
    resolved = e.IncidentResolved(resolution_code="fixed", resolution=f"Fixed the {category}.")
    return [
        (begun, reported),
        (begun, e.IncidentLogged(reference=f"INC{number:07d}")),
        (begun, e.IncidentCategorised(category=category)),
        (begun + timedelta(hours=1 + number % 5), resolved),
    ]


def record(settings: Settings) -> None:
    """Write the history."""
    entries = [
        entry_of(stream_of(f"INC{number:07d}"), 0, story(number, *each))
        for number, each in enumerate(days(), 1)
    ]
    with writing(settings) as log:
        for start in range(0, len(entries), 250):
            outcomes = log.commit(entries[start : start + 250])
            assert all(isinstance(outcome, Stored) for outcome in outcomes)


def write_lake(settings: Settings) -> None:
    """Take all of the log into the lake."""
    with closing(Log.open(settings)) as log:
        assert Writer(log, settings, processes=1).catch_up(threading.Event())


@pytest.fixture(scope="session")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with the history and its lake. Read it, never write it."""
    home = tmp_path_factory.mktemp("analysed") / "home"
    home.mkdir()
    settings = Settings(home=home)
    record(settings)
    write_lake(settings)
    return settings


def copied(settings: Settings, to: Path) -> Settings:
    """The same in a home of one's own."""
    import shutil

    shutil.copytree(settings.home, to)
    return Settings(home=to)
