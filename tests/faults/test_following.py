"""Do those who judge readers and long runs see what was missed, torn, or growing?"""

from dataclasses import replace
from typing import Any, cast
from uuid import UUID

import pytest

from tests.faults.following import Followed
from tests.faults.oracle import rows
from tests.faults.readers import Met, Sight
from tests.faults.soak import ROLES, Watch, WithLake
from tests.readmodels.streams import LOGGED, REPORTED, RESOLVED, told
from tocsin.readmodels import found

STREAM, OTHER = UUID(int=1), UUID(int=2)
A, B = UUID(int=10), UUID(int=11)
LOG: list[Met] = [(1, STREAM, 1, A), (2, STREAM, 2, A), (3, OTHER, 1, B)]


def seen(events: list[Met]) -> Sight:
    sight = Sight()
    sight.see(events)
    return sight


def followed(reader: list[Met], *lines: str) -> Followed:
    """A log, what one reader saw of it, and what writers were told."""
    sight = seen(LOG)
    commands = {A: [1, 2], B: [3]}
    return Followed(sight, commands, {"page": seen(reader).told}, [line.split() for line in lines])


def test_a_reader_that_saw_everything_missed_nothing() -> None:
    judged = followed(LOG, f"{A.hex} 1.0 2.0 2 2", f"{B.hex} 1.5 3.0 3 1")
    assert (judged.missed, judged.gaps, judged.wrong()) == (0, [], (0, 0, 0))


@pytest.mark.parametrize(
    "reader", [LOG[:2], [LOG[0], LOG[2]], [LOG[0], LOG[2], LOG[1]], [*LOG, LOG[2]]]
)
def test_a_reader_that_missed_or_reordered_something_is_found(reader: list[Met]) -> None:
    judged = followed(reader)
    assert judged.missed or judged.gaps


def test_an_event_that_was_taken_back_and_seen_all_the_same_is_found() -> None:
    judged = followed([*LOG[:2], (3, UUID(int=3), 1, B)])
    assert judged.missed == 1


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        (f"{B.hex} 1.5 3.0 2 1", (1, 0, 0)),
        (f"{UUID(int=9).hex} 1.5 3.0 4 1", (1, 0, 0)),
        (f"{B.hex} refused", (0, 1, 0)),
        (f"{A.hex} 5.0 6.0 2 2", (0, 0, 1)),
    ],
    ids=["elsewhere", "not-there", "refused-and-there", "before-what-was-answered"],
)
def test_what_a_writer_was_told_is_held_against_the_log(
    line: str, wrong: tuple[int, int, int]
) -> None:
    assert wrong == followed(LOG, f"{B.hex} 1.5 3.0 3 1", line).wrong()


def test_the_fold_of_all_events_misses_the_one_that_is_left_out() -> None:
    history = told((1, REPORTED), (1, LOGGED), (2, REPORTED), (1, RESOLVED))
    torn = [replace(each, position=place) for place, each in enumerate(history[:3], 1)]
    (incidents,) = (each for each in found() if each.name == "incidents")
    assert len(rows(incidents, history)) == 2
    assert rows(incidents, history) != rows(incidents, torn)


def watched(
    mb_per_minute: float = 0.0, files: float = 0.0, wal: float = 9, lag: float = 0
) -> Watch:
    """An hour in which the API grew so."""
    watch = Watch(cast(WithLake, None))
    for minute in range(60):
        watch.minutes.append(float(minute))
        for role in ROLES:
            grows = role == "API"
            watch.memory[role].append(100.0 + (minute * mb_per_minute if grows else 0.0))
            watch.files[role].append(20.0 + (minute * files if grows else 0.0))
        watch.logs.append(wal)
        watch.lags.append(lag)
    return watch


def test_what_stays_as_it_is_may_go_on_for_ever() -> None:
    assert watched(mb_per_minute=0.2).kept


@pytest.mark.parametrize(
    "growth", [{"mb_per_minute": 1.5}, {"files": 0.5}, {"wal": 80.0}, {"lag": 2.0}]
)
def test_whatever_grows_is_seen(growth: dict[str, Any]) -> None:
    watch = watched(**growth)
    assert not watch.kept
    assert watch.slope("projector") == pytest.approx(0.0)
