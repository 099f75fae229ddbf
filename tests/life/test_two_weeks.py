"""Does all that time does in two weeks come out as the rules say, worked out by hand?"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from tests.clock.oracle import Window, minutes, verdicts
from tests.life import days, nights, records
from tests.life.house import END, UP, Life
from tests.life.lived import Lived
from tests.life.rendered import acts, stood
from tests.life.rules import shown
from tests.life.story import Story
from tests.postgres import Postgres
from tocsin.domain.clock.agenda import key_of, pending
from tocsin.domain.clock.events import BreachWithdrawn, ClosingFellDue, EscalationFellDue
from tocsin.domain.clock.happening import clock_stream
from tocsin.domain.clock.plan import SECOND
from tocsin.domain.clock.state import CLOCK
from tocsin.domain.clock.timer import Timer
from tocsin.domain.clock.values import TIMEKEEPER
from tocsin.domain.kernel import Recorded
from tocsin.domain.openings import MINUTE_US, microseconds
from tocsin.readmodels import found
from tocsin.readmodels.digest import verify
from tocsin.settings import Settings

STORIES = (*days.STORIES, *nights.STORIES, *records.STORIES)
HERE = tuple(story for story in STORIES if story is not records.LEGACY)
"""Those that somebody could have watched: the other one was elsewhere at first."""
WATCHED = Window(minutes(datetime(2026, 3, 24, tzinfo=UTC)), 16 * 24 * 60)
NAMED = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def lived(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lived]:
    """The two weeks, on either store."""
    folder, database = tmp_path_factory.mktemp("life"), ""
    if request.param == "postgres":
        postgres: Postgres = request.getfixturevalue("postgres")
        database = postgres.create(f"tocsin_{uuid4().hex}")
    life = Life(Settings(home=folder, database=database), folder)
    asyncio.run(life.live(STORIES))
    with Lived.of(life) as left:
        yield left


@NAMED
def test_time_does_what_the_rules_say_when_they_say_it_and_nothing_else(
    lived: Lived, story: Story
) -> None:
    assert story.acts == acts([*lived.incident(story.name), *lived.struck(story.name)])


@NAMED
def test_promises_stand_as_the_rules_say(lived: Lived, story: Story) -> None:
    assert story.verdicts == sorted(map(stood, lived.reckoned(story.name).timers))


@pytest.mark.parametrize("story", HERE, ids=lambda story: story.name)
def test_somebody_who_watched_all_the_time_says_the_same(lived: Lived, story: Story) -> None:
    """A minute at a time, without any arithmetic of calendars."""
    watched = verdicts(lived.incident(story.name), lived.published, minutes(END), WATCHED)
    seen = sorted((v.target, v.cycle, v.state, v.spent, v.breached or 0) for v in watched)
    timers = lived.reckoned(story.name).timers
    assert seen == sorted(
        (t.target, t.cycle, t.state.value, t.spent_us // MINUTE_US, (t.breached or 0) // MINUTE_US)
        for t in timers
    )


def test_the_clocks_in_the_read_model_are_those_of_the_log(lived: Lived) -> None:
    """Replayed from scratch, with a memory of nothing."""
    (projection,) = (each for each in found() if each.name == "sla_timers")
    with lived.models.view(projection) as view:
        rows = list(view.connection.execute(select(view.table)))
    kept = sorted((row.incident_id, *_said(row)) for row in rows)
    as_of = {row.incident_id: microseconds(row.as_of) for row in rows}
    replayed = (
        (incident, *_told(timer))
        for name, incident in lived.incidents.items()
        for timer in lived.reckoned(name, as_of[incident]).timers
    )
    assert kept == sorted(replayed)


def _said(row: Any) -> tuple[Any, ...]:
    breached = microseconds(row.breached_at) if row.breached_at else 0
    return (
        row.measure, row.target, row.cycle, row.state, row.policy_version, row.spent_seconds,
        row.paused_seconds, row.overall_spent_seconds, breached,
    )  # fmt: skip


def _told(timer: Timer) -> tuple[Any, ...]:
    return (
        timer.measure, timer.target, timer.cycle, timer.state, timer.policy_version,
        timer.spent_us // SECOND, timer.paused_us // SECOND, timer.overall_us // SECOND,
        timer.breached or 0,
    )  # fmt: skip


@pytest.mark.parametrize("name", [each.name for each in found()])
def test_a_read_model_that_is_built_anew_is_the_live_one(lived: Lived, name: str) -> None:
    (projection,) = (each for each in found() if each.name == name)
    verdict = verify(lived.log, lived.database, projection)
    assert (True, lived.log.head()) == (verdict.equal, verdict.position)


def test_nothing_is_left_to_be_done(lived: Lived) -> None:
    now = microseconds(END)
    for name in lived.incidents:
        struck = _struck(lived, name)
        assert [] == pending(lived.happenings(name), lived.rules, struck, now), name


def _struck(lived: Lived, name: str) -> Mapping[str, int]:
    events = lived.struck(name)
    return CLOCK.fold(clock_stream(lived.incidents[name]), events).struck


def test_each_act_is_on_record_once_or_was_taken_back_in_between(lived: Lived) -> None:
    for name in lived.incidents:
        standing: set[str] = set()
        for recorded in lived.struck(name):
            key = key_of(recorded.event)
            if isinstance(recorded.event, BreachWithdrawn):
                standing.remove(str(key))
            elif key is not None:
                assert key not in standing, f"{name}: {key} twice"
                standing.add(key)
        assert standing == _struck(lived, name).keys()


def test_what_is_recorded_at_one_time_is_in_the_order_in_which_it_was_due(lived: Lived) -> None:
    """Also when it is all that an outage has left to be done."""
    for name in lived.incidents:
        struck = lived.struck(name)
        due = [(recorded.recorded_at, _due(recorded)) for recorded in struck]
        assert sorted(due) == due, name


def test_it_is_recorded_when_it_is_due_unless_nobody_could_have_known(lived: Lived) -> None:
    """Lateness has two reasons here: the outage, and people who tell late."""
    late = Counter(
        shown(recorded.recorded_at)
        for name in lived.incidents
        for recorded in lived.struck(name)
        if recorded.recorded_at != recorded.occurred_at
    )
    assert {shown(UP), "Thu 26 Mar 11:30", "Tue 31 Mar 08:00"} == late.keys()


def _due(recorded: Recorded[Any]) -> datetime:
    event = recorded.event
    return event.breached_at if isinstance(event, BreachWithdrawn) else recorded.occurred_at


def test_what_follows_from_an_act_names_it_and_happens_when_it_was_due(lived: Lived) -> None:
    """At most one event of the incident for each step and each closing that fell due."""
    for name in lived.incidents:
        facts = {each.position: each for each in lived.struck(name)}
        answers = [each for each in lived.incident(name) if each.actor == TIMEKEEPER]
        causes = [each.causation for each in answers]
        assert len(set(causes)) == len(causes), name
        for answer in answers:
            assert answer.causation is not None
            fact = facts[answer.causation]
            assert isinstance(fact.event, EscalationFellDue | ClosingFellDue)
            assert fact.occurred_at == answer.occurred_at
