"""A year of a real company: its open queue at past moments, from the log and with the lake.

What the export's rows said when they were written is not always what it says in the end: an
incident is over when the last row in a row says so, and that is what the corrections in the log
say, too. As of a moment those are heeded. As the rows were written first, they give the answers
that come with the export, which `tests.readmodels.test_uci` folds.
"""

import json
import threading
from collections import Counter
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.past import kit
from tests.readmodels.figures import micros
from tests.trends.test_uci import OVER, state_at
from tests.uci import FILE, Imported, exported
from tocsin.domain.openings import microseconds
from tocsin.lake.writer import Writer
from tocsin.past.asking import Source
from tocsin.past.moments import Moment
from tocsin.settings import Settings

pytestmark = pytest.mark.slow
BACK_IN_TIME = "Group 70"
"""Of INC0000137: its second row is earlier than its first, and New again after Resolved."""


class Export:
    """The file of the company, asked without any code of ours."""

    def __init__(self, file: Path) -> None:
        self._incidents = exported(file)

    @cache  # noqa: B019 - there is one of it
    def unresolved(self, moment: Moment, *, moved: bool) -> Counter[str]:
        """How many incidents of each group the rows call open; under `on hold`, how many wait."""
        assert moment.as_of is not None
        at, found = microseconds(moment.as_of), Counter[str]()
        for rows in self._incidents.values():
            state = state_at(rows, at, moved=moved)
            if state not in (None, *OVER):
                held = [row for row in rows if micros(row["sys_updated_at"]) <= at]
                found[held[-1]["assignment_group"].replace("?", "(none)")] += 1
                found["on hold"] += str(state).startswith("Awaiting")
        return +found


@pytest.fixture(scope="module")
def settings(imported_uci: Imported, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = replace(imported_uci.settings, lake_folder=tmp_path_factory.mktemp("uci_lake"))
    assert Writer(imported_uci.log, settings, processes=1).catch_up(threading.Event())
    return settings


@pytest.fixture(scope="module")
def export(uci: Path) -> Export:
    return Export(uci / FILE)


@pytest.fixture(scope="module")
def answers(uci: Path) -> list[dict[str, Any]]:
    found: dict[str, Any] = json.loads((uci / "answers.json").read_text())
    moments: list[dict[str, Any]] = found["answers"]["open_queue"]
    return moments


def moment_of(answer: dict[str, Any]) -> Moment:
    return Moment(as_of=datetime.fromisoformat(f"{answer['ts']}+00:00"))


def test_the_open_queue_is_that_of_the_export(
    settings: Settings, export: Export, answers: list[dict[str, Any]]
) -> None:
    """Group by group, at every moment that the answers name."""
    for answer in answers:
        moment = moment_of(answer)
        mine = queues(settings, moment, Source.LOG)
        assert mine == export.unresolved(moment, moved=True), answer["ts"]


def test_where_nothing_was_set_right_later_it_is_what_the_answers_say(
    settings: Settings, export: Export, answers: list[dict[str, Any]]
) -> None:
    """And where something was, the answers and it differ by exactly that."""
    same = 0
    for answer in answers:
        moment = moment_of(answer)
        first, right = (export.unresolved(moment, moved=moved) for moved in (False, True))
        assert first["on hold"] == answer["of_which_on_hold"]
        assert sum(first.values()) - first["on hold"] == answer["unresolved"]
        page = asked(settings, "queues", moment, Source.LOG)
        mine = sum(queue.open for queue in page.items)
        assert mine - answer["unresolved"] == sum((right - first).values()) - sum(
            (first - right).values()
        ) - (right["on hold"] - first["on hold"])
        same += mine == answer["unresolved"]
    assert same >= 4


@pytest.mark.parametrize("place", range(11))
def test_by_what_was_known_then_it_is_what_the_answers_say(
    settings: Settings, export: Export, answers: list[dict[str, Any]], place: int
) -> None:
    """What stood in the rows by then is what was known: every answer, and group by group."""
    answer = answers[place]
    moment = moment_of(answer)
    expected = export.unresolved(moment, moved=False)
    for source in Source:
        found = queues(settings, Moment(known_at=moment.as_of), source)
        assert found["on hold"] == answer["of_which_on_hold"]
        assert found.total() - found["on hold"] == answer["unresolved"]
        assert found == expected
        # Told in the order of the world, only the record differs whose rows go back in time.
        both = queues(settings, replace(moment, known_at=moment.as_of), source)
        assert both - found == (Counter({BACK_IN_TIME: 1}) if place == 0 else Counter())
        assert not found - both


@cache
def asked(settings: Settings, name: str, moment: Moment, source: Source, **where: str) -> Any:
    """A page of the past, asked for once: nobody writes this log."""
    return kit.asked(settings, name, moment, source=source, **where).page


def queues(settings: Settings, moment: Moment, source: Source) -> Counter[str]:
    """How many incidents are open in each group; under `on hold`, how many wait."""
    page = asked(settings, "queues", moment, source)
    found = Counter({queue.group: queue.open for queue in page.items})
    found["on hold"] = sum(queue.on_hold for queue in page.items)
    return +found


@pytest.mark.parametrize("place", range(11))
def test_with_the_lake_it_is_the_same_row_by_row(
    settings: Settings, answers: list[dict[str, Any]], place: int
) -> None:
    moment = moment_of(answers[place])
    by_log = asked(settings, "queues", moment, Source.LOG)
    assert asked(settings, "queues", moment, Source.LAKE) == by_log
    if by_log.items:
        longest = max(by_log.items, key=lambda queue: queue.open).group
        rows = asked(settings, "queue", moment, Source.LOG, group=longest)
        assert asked(settings, "queue", moment, Source.LAKE, group=longest) == rows
        assert {row.group for row in rows.items} == {longest}
