"""Is a read model that was folded in shares, and written in stretches, the one that pages make?"""

from collections.abc import Generator, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.readmodels import counting, spells
from tests.readmodels.conftest import Model, Open, follow, made
from tests.readmodels.streams import (
    INSTANTS,
    KINDS,
    LOGGED,
    REPORTED,
    Memory,
    Scribe,
    plausible,
    stream,
    told,
    wild,
)
from tests.readmodels.test_following import POISON, lenient
from tests.readmodels.test_rebuilding import forget
from tests.readmodels.test_states import CALLER, VENDOR
from tocsin.domain.clock.events import ClockEvent
from tocsin.domain.clock.happening import clock_stream
from tocsin.domain.kernel import Recorded
from tocsin.readmodels import Projection, each_event, found
from tocsin.readmodels.bulk.hands import Errand, Hands, parts
from tocsin.readmodels.bulk.harvest import Page
from tocsin.readmodels.bulk.making import Making
from tocsin.readmodels.bulk.share import Sizes
from tocsin.readmodels.database import Database
from tocsin.readmodels.projection import Misshapen
from tocsin.readmodels.rebuild import Build, Progress, RebuildHalted, rebuild
from tocsin.readmodels.registry import Role
from tocsin.settings import Settings

SMALL = Sizes(page=3, stretch=2, worth=1, cached_rows=1)
CLOCK = get_args(ClockEvent)
NEVER = Sizes(worth=1 << 40)
"""Page by page, all of it."""


class Together(Hands):
    """Does in turns, in this process, what several would do side by side."""

    def __init__(self, log: Memory, database: Database, processes: int) -> None:
        super().__init__(Settings(home=Path("nowhere")), processes, SMALL)
        self.__dict__.update(log=log, database=database)

    def send(self, errands: Sequence[Errand]) -> Generator[list[Page] | None]:
        log, database = vars(self)["log"], vars(self)["database"]
        running = [errand.pages(log, database) for errand in errands]
        for pages in zip_longest(*running):
            yield None
            yield [Page.read(page.plain()) for page in pages if page is not None]


@st.composite
def lives(draw: st.DrawFn) -> list[Recorded[Any]]:
    """Anything that a log could hold of a few incidents, and what time did to them."""
    scribe, history = Scribe(), []
    kinds = st.sampled_from(KINDS + CLOCK)
    for number, kind in draw(st.lists(st.tuples(st.integers(1, 5), kinds), max_size=40)):
        event, of = draw(wild(kind)), stream(number)
        if kind in CLOCK:
            event, of = replace(event, incident_id=str(of)), clock_stream(of)
        history.append(scribe.record(of, event, draw(INSTANTS | st.none())))
    return history


def everything(database: Database, projections: Sequence[Projection]) -> dict[str, Any]:
    """Every row and every state, and up to where."""
    models = {each.name: Model(database, each) for each in projections}
    return {
        name: (model.live.position, model.rows(), model.projection.states and model.states())
        for name, model in models.items()
    }


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=lives(), processes=st.integers(1, 3))
def test_shares_make_what_pages_make(database: Database, history: Any, processes: int) -> None:
    """Whatever happened, in whatever order: shares of the streams, written in stretches of six
    events with hardly a row kept in between, give every row and every state to the last column."""
    projections, log = found(), Memory(history)
    forget(database)
    assert rebuild(log, database, projections, sizes=NEVER)
    expected = everything(database, projections)
    hands = Together(log, database, processes)
    assert rebuild(log, database, projections, hands=hands)
    assert expected == everything(database, projections)
    assert rebuild(log, database, projections, sizes=SMALL)
    assert expected == everything(database, projections)


def test_every_projection_of_the_house_is_made_in_shares() -> None:
    """One whose module does not say which events it keys elsewhere would be made page by page."""
    assert [] == [each.name for each in found() if each.elsewhere is None]


@pytest.mark.parametrize("projection", [p for p in found() if p.keys], ids=lambda p: p.name)
@settings(max_examples=60, deadline=None)
@given(history=lives())
def test_what_is_not_said_to_be_elsewhere_is_keyed_by_its_stream(
    projection: Projection, history: Any
) -> None:
    """Shares rest on it: an event goes to the share of its stream alone, unless its class is
    named."""
    assert projection.keys is not None
    if projection.keys is each_event:
        return
    assert projection.elsewhere is not None
    for recorded in history:
        if type(recorded.event) in projection.events - projection.elsewhere:
            assert [recorded.stream] == list(projection.keys(recorded))


def test_a_projection_may_leave_out_what_it_keys_elsewhere(database: Database) -> None:
    """Then nobody knows how to share it, and it is made page by page, as it always was."""

    def keys(recorded: Recorded[Any]) -> tuple[UUID, ...]:
        return (recorded.stream,)

    projection = made("counting", keys=keys)
    assert projection.elsewhere is None
    log = Memory(plausible(20))
    seen: list[Progress] = []
    assert rebuild(log, database, [projection], progress=seen.append, page=10, sizes=SMALL)
    assert [10, 20] == [at.position for at in seen][:2]


def test_a_projection_cannot_key_elsewhere_what_it_never_sees() -> None:
    def keys(recorded: Recorded[Any]) -> tuple[UUID, ...]:
        return (recorded.stream,)

    with pytest.raises(Misshapen, match="ELSEWHERE names events that its fold does not take"):
        made("counting", keys=keys, ELSEWHERE=CLOCK[0])


def test_what_is_made_in_bulk_goes_on_where_its_last_stretch_ended(reopen: Open) -> None:
    """Interrupted between two stretches it does the pages since the last one again, no others."""
    log, projections = Memory(plausible(12)), [each for each in found() if each.keys is None]
    assert rebuild(log, reopen(), projections, sizes=NEVER)
    expected = everything(reopen(), projections)
    stop = iter([False, False, True]).__next__
    database = reopen()
    assert not rebuild(log, database, projections, sizes=SMALL, stop=stop), "stopped"
    building = Model(database, projections[0]).generation(Role.BUILDING)
    assert building is not None
    assert 6 == building.position, "two pages are a stretch, the third one was not written"
    seen: list[Progress] = []
    assert rebuild(log, database, projections, progress=seen.append, sizes=SMALL)
    assert 9 == seen[0].position
    assert expected == everything(database, projections)


def test_those_that_stand_at_different_places_meet_and_go_on_together(database: Database) -> None:
    """Rows that never change are written with each page, so after a stop they are ahead."""
    log, projections = Memory(plausible(12)), found()
    assert rebuild(log, database, projections, sizes=NEVER)
    expected = everything(database, projections)
    for pages in (iter([False, True]), iter([False] * 3 + [True])):
        rebuild(log, database, projections, sizes=SMALL, stop=pages.__next__)
    assert rebuild(log, database, projections, sizes=SMALL)
    assert expected == everything(database, projections)


def halted(log: Memory, database: Database, *projections: Projection, sizes: Sizes) -> list[Any]:
    """How a rebuild of them says that it halted."""
    with pytest.raises(RebuildHalted) as caught:
        rebuild(log, database, projections, sizes=sizes, fresh=True)
    return [
        (each.name, each.position, each.error, each.error_position, each.error_event)
        for each in caught.value.broken
    ]


def test_an_event_that_cannot_be_applied_halts_it_as_page_by_page(database: Database) -> None:
    """At that event, after all that came before, with the same words. The others are finished."""
    history = plausible(3)
    history = told(*[(1, REPORTED), (1, LOGGED), (3, REPORTED), (2, POISON), (2, LOGGED)] * 2)
    log, broken, sound = Memory(history), made("counting"), made("sound", fold=lenient)
    expected = halted(log, database, broken, sound, sizes=NEVER)
    assert [("counting", 3)] == [each[:2] for each in expected]
    assert expected == halted(log, database, broken, sound, sizes=SMALL)
    assert Model(database, sound).live.position == len(history)


def test_an_unreadable_event_halts_all_of_them_before_it(database: Database) -> None:
    history = plausible(4)
    log, names = Memory(history), [each.name for each in found()]
    log.bodies[7] = log.bodies[7].replace(b'"schema":1', b'"schema":99')
    expected = halted(log, database, *found(), sizes=NEVER)
    assert [(name, 7) for name in names] == [each[:2] for each in expected]
    assert expected == halted(log, database, *found(), sizes=SMALL)


def test_a_policy_that_cannot_be_understood_halts_what_needs_it(database: Database) -> None:
    """The page by page way says where; in bulk, the policies are read before anything else."""
    from tests.readmodels.streams import published

    log = Memory(told((1, REPORTED), (1, CALLER), (0, published("poison")), (1, VENDOR)))
    holding = made("spells", spells)
    expected = halted(log, database, holding, sizes=NEVER)
    assert [("spells", 2, 3)] == [(name, at, bad) for name, at, _, bad, _ in expected]
    assert expected == halted(log, database, holding, sizes=SMALL)


def test_a_state_whose_rows_cannot_be_made_halts_it_as_page_by_page(database: Database) -> None:
    def rows(state: Any, context: Any) -> Any:
        if state.incident_id == stream(2):
            raise ValueError("no such reason")
        return spells.rows(state, context)

    log = Memory(told((1, REPORTED), (1, CALLER), (2, REPORTED), (2, VENDOR), (1, VENDOR)))
    holding = made("spells", spells, rows=rows)
    expected = halted(log, database, holding, sizes=NEVER)
    assert [("spells", "ValueError: no such reason")] == [(e[0], e[2]) for e in expected]
    assert expected == halted(log, database, holding, sizes=SMALL)


def test_two_states_that_stand_for_one_row_are_the_last_ones_as_page_by_page(
    database: Database,
) -> None:
    """A projection that shares keys among its states gets what it always got."""

    def rows(state: Any, context: Any) -> Any:
        return [replace(row, incident_id=stream(9)) for row in spells.rows(state, context)]

    log = Memory(told((1, REPORTED), (1, CALLER), (2, REPORTED), (2, CALLER), (2, CALLER)))
    holding = made("spells", spells, rows=rows)
    assert rebuild(log, database, [holding], sizes=NEVER)
    expected = everything(database, [holding])
    assert rebuild(log, database, [holding], sizes=SMALL)
    assert expected == everything(database, [holding])


def test_who_was_overtaken_writes_nothing(database: Database) -> None:
    """The position is checked in the transaction of the rows, as for every page."""
    log, projection = Memory(plausible(12)), made("counting")
    build = Build(database, projection, Role.BUILDING)
    follower = build.begin()
    assert follower is not None
    steps = Making(log, database, [follower], sizes=SMALL).run()
    next(steps)
    with database.writing() as connection:
        build._registry.move(connection, follower.generation, 0, 5)
    assert [] == [events for events in steps if events > 3]
    assert follower.lost
    with database.reading() as connection:
        assert [] == list(follower.rows.in_order(connection))
    build.abandon()


def test_rows_that_go_away_and_come_back_are_written_as_they_stand(database: Database) -> None:
    """Within a stretch, across stretches, and when the row was let go of in between."""
    from tests.readmodels.test_following import CANCELLED

    again = [(1, REPORTED), (2, REPORTED), (1, CANCELLED), (3, REPORTED), (4, REPORTED)]
    again += [(1, LOGGED), (2, CANCELLED), (5, REPORTED), (2, LOGGED), (1, CANCELLED)]
    log, projection = Memory(told(*again * 3)), made("counting", counting)
    assert rebuild(log, database, [projection], sizes=NEVER)
    expected = everything(database, [projection])
    assert rebuild(log, database, [projection], sizes=SMALL)
    assert expected == everything(database, [projection])


def test_a_live_one_made_in_bulk_follows_on(database: Database) -> None:
    """Its states were unfolded once for all; what comes then brings its rows along."""
    history = plausible(12)
    log, projections = Memory(history[:40]), found()
    assert rebuild(log, database, projections, sizes=SMALL)
    log.add(history[40:])
    follow(log, database, *projections)
    grown = everything(database, projections)
    while_whole = Memory(history)
    assert rebuild(while_whole, database, projections, sizes=NEVER)
    assert grown == everything(database, projections)


def test_parts_are_all_streams_and_none_twice() -> None:
    assert list(range(65_536)) == [number for part in parts(7) for number in part]
