"""Whom a list could tell of: nobody is left out, whatever happened and whoever says so."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from projections.open_queue import shows
from tests.lake.memory import scribe
from tests.past import kit
from tests.readmodels.streams import INSTANTS, histories
from tocsin.domain.incident.values import Status
from tocsin.domain.kernel import Recorded
from tocsin.domain.openings import microseconds
from tocsin.lake.tables import INCIDENTS, SPELLS
from tocsin.past.moments import Moment
from tocsin.past.scan import CORRECTED, REOPENED, scan
from tocsin.past.wanted import NUMBERS, parts, tells

Wild = Sequence[Recorded[Any]]
TIMES = st.none() | INSTANTS
SEEDS = st.integers(1, 40)


@st.composite
def moments(draw: st.DrawFn, latest: int = 400) -> Moment:
    """A moment in the world, of what was known, or of both; or none at all."""
    minutes = st.none() | st.integers(0, latest).map(kit.minute)
    return Moment(as_of=draw(minutes), known_at=draw(minutes))


@given(histories(), TIMES, st.none() | st.integers(0, 35))
def test_a_look_at_the_log_leaves_out_nobody(wild: Wild, as_of: Any, known: int | None) -> None:
    """Of anything that a log could hold."""
    moment = Moment(as_of=as_of, known_at=None if known is None else kit.minute(known))
    found = scan(kit.memory(wild), shows, kit.wanted(wild, moment), range(NUMBERS))
    assert set(kit.waiting(wild, moment)) <= set(found)


@given(SEEDS, moments())
def test_of_a_plausible_history_it_names_hardly_anybody_else(seed: int, moment: Moment) -> None:
    """Only those of whom it cannot tell what came first: reopened, with an end that was moved."""
    told = kit.bent(12, seed)
    found = set(scan(kit.memory(told), shows, kit.wanted(told, moment), range(NUMBERS)))
    wanted = set(kit.waiting(told, moment))
    assert wanted <= found
    for stream in found - wanted:
        names = {each.event.event_name for each in kit.by_stream(told)[stream]}
        assert CORRECTED in names


@given(SEEDS, moments(), st.integers(1, 7))
def test_in_parts_it_finds_the_same(seed: int, moment: Moment, count: int) -> None:
    told = kit.bent(12, seed)
    log, wanted = kit.memory(told), kit.wanted(told, moment)
    whole = scan(log, shows, wanted, range(NUMBERS))
    some = [stream for part in parts(count) for stream in scan(log, shows, wanted, part)]
    assert sorted(whole) == sorted(some)


@given(histories(), INSTANTS)
def test_the_spells_of_the_lake_leave_out_nobody(wild: Wild, at: Any) -> None:
    """Added up as they are asked: what was open then, and whose order nobody but the log knows."""
    drafts = scribe(wild).write(0, len(wild))
    place = {name: SPELLS.place(name) for name in ("sign", "spell", "began_us", "ended_us")}
    named, us = SPELLS.place("incident_id"), microseconds(at)
    held: dict[str, int] = {}
    for row in drafts[SPELLS.name]:
        if row[place["spell"]] == "open" and row[place["began_us"]] <= us:
            ended = row[place["ended_us"]]
            if ended is None or ended > us:
                held[row[named]] = held.get(row[named], 0) + row[place["sign"]]
    doubtful = {
        str(stream)
        for stream, told in kit.by_stream(wild).items()
        if {CORRECTED, REOPENED} <= {each.event.event_name for each in told}
    }
    known = {stream for stream, sum_ in held.items() if sum_} | doubtful
    assert {str(stream) for stream in kit.waiting(wild, Moment(as_of=at))} <= known


@given(histories())
def test_what_the_lake_says_is_open_is_what_waits_by_the_record(wild: Wild) -> None:
    drafts = scribe(wild).write(0, len(wild))
    place, named = INCIDENTS.place("open"), INCIDENTS.place("incident_id")
    known = {row[named] for row in drafts[INCIDENTS.name] if row[place]}
    assert {str(stream) for stream in kit.waiting(wild, Moment())} <= known


def test_the_lake_is_asked_for_nothing_but_what_is_open() -> None:
    assert tells(shows)
    assert not tells(None)
    assert not tells(lambda status, *, logged: logged and status is Status.RESOLVED)
