"""What happened, in the order of the world: late facts, and facts that were set right."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain import examples as x
from tests.domain.kit import MONDAY, STREAM, Told, at, recorded
from tests.readmodels.streams import histories
from tocsin.domain.clock.happening import happening, in_order
from tocsin.domain.incident import events as e
from tocsin.domain.incident.chronicle import Deed, chronicle, happened_by
from tocsin.domain.incident.events import IncidentEvent
from tocsin.domain.incident.state import INCIDENT, Incident
from tocsin.domain.incident.values import Fact, Status
from tocsin.domain.kernel import Recorded, replace
from tocsin.domain.openings import microseconds

LIVED = (x.REPORTED, x.LOGGED, x.ACKNOWLEDGED, x.HELD, x.RESUMED, x.RESOLVED, x.CLOSED)
"""A minute apart, from Monday nine o'clock on."""


def minute(count: float) -> datetime:
    return MONDAY + timedelta(minutes=count)


def correct(fact: Fact, now: datetime | str, was: datetime | None = None) -> e.IncidentCorrected:
    """Set a fact right."""
    text = now.isoformat() if isinstance(now, datetime) else now
    before = was.isoformat() if was else None
    return e.IncidentCorrected(fact=fact, was=before, now=text, reason="It was so.")


def history(*events: IncidentEvent | Told) -> list[Recorded[IncidentEvent]]:
    return [recorded(version, each) for version, each in enumerate(events, 1)]


def after(deeds: Sequence[Deed]) -> Incident:
    return INCIDENT.fold(STREAM, [deed.recorded for deed in deeds])


def then(past: Sequence[Recorded[IncidentEvent]], moment: datetime) -> Incident:
    return after(happened_by(past, moment))


def versions(deeds: Sequence[Deed]) -> list[int]:
    return [deed.recorded.version for deed in deeds]


def test_what_was_recorded_as_it_happened_is_its_own_chronicle() -> None:
    past = history(*LIVED)
    assert [deed.recorded for deed in chronicle(past)] == past
    assert [deed.told_by for deed in chronicle(past)] == [(n,) for n in range(1, 8)]


def test_what_was_told_late_stands_where_it_happened() -> None:
    past = history(*x.IN_PROGRESS, x.RESOLVED, at(minute(2.5), x.CATEGORISED))
    assert versions(chronicle(past)) == [1, 2, 3, 5, 4]
    assert then(past, minute(2)).category is None
    assert then(past, minute(2.5)).category == "messaging"


def test_the_last_word_is_that_of_the_world_and_not_of_the_record() -> None:
    """That somebody else had it before says nothing of who has it now."""
    second = e.IncidentAssigned(group="Network")
    past = history(*x.NEW, at(minute(20), second), at(minute(10), x.ASSIGNED))
    assert then(past, minute(15)).group == "Service Desk"
    assert then(past, minute(25)).group == "Network"


def test_nothing_had_happened_before_it_was_reported() -> None:
    past = history(*LIVED)
    assert happened_by(past, MONDAY - timedelta(seconds=1)) == []
    later = history(*LIVED, correct(Fact.REPORTED_AT, minute(1.5)))
    assert happened_by(later, minute(1)) == [], "it was logged, but reported only afterwards"
    assert then(later, minute(1.5)).reported_at == minute(1.5)


@pytest.mark.parametrize(
    ("fact", "now", "field"),
    [
        (Fact.TITLE, "Outlook is down", "title"),
        (Fact.DESCRIPTION, "Only Outlook.", "description"),
        (Fact.REPORTER, "bob", "reporter"),
        (Fact.SOURCE, "monitoring", "source"),
        (Fact.IMPACT_BEGAN_AT, minute(-40), "impact_began_at"),
        (Fact.DETECTED_AT, minute(-5), "detected_at"),
    ],
)
def test_what_a_report_says_was_always_so(fact: Fact, now: datetime | str, field: str) -> None:
    past = history(*LIVED, correct(fact, now))
    for moment in (MONDAY, minute(3), minute(30)):
        assert getattr(then(past, moment), field) == now
    assert chronicle(past)[0].told_by == (1, 8), "both events say so"


def test_set_right_twice_it_is_what_was_said_last() -> None:
    past = history(*LIVED, correct(Fact.TITLE, "Mail"), correct(Fact.TITLE, "Post"))
    assert then(past, MONDAY).title == "Post"
    assert chronicle(past)[0].told_by == (1, 8, 9)


@pytest.mark.parametrize(
    ("fact", "to"),
    [
        (Fact.REPORTED_AT, -3),
        (Fact.ACKNOWLEDGED_AT, 2.5),
        (Fact.RESOLVED_AT, 5.5),
        (Fact.CLOSED_AT, 9),
    ],
)
def test_a_corrected_time_moves_what_happened_then(fact: Fact, to: float) -> None:
    """It holds from the right time on, and not from the wrong one, nor from the correction."""
    past = history(*LIVED, correct(fact, minute(to)))
    just_before = happened_by(past, minute(to) - timedelta(seconds=1))
    assert getattr(after(just_before), fact.value) is None
    assert getattr(then(past, minute(to)), fact.value) == minute(to)
    (moved,) = [deed for deed in chronicle(past) if len(deed.told_by) == 2]
    assert moved.told_by[1] == 8
    assert moved.recorded.occurred_at == minute(to)


def test_the_first_acknowledgement_moves_and_of_ends_the_last() -> None:
    again = (x.REOPENED, x.ACKNOWLEDGED, x.RESOLVED)
    moved = (correct(Fact.ACKNOWLEDGED_AT, minute(2.5)), correct(Fact.RESOLVED_AT, minute(9.5)))
    told = {deed.told_by for deed in chronicle(history(*LIVED, *again, *moved))}
    assert {(3, 11), (10, 12)} <= told


def test_an_end_that_was_sooner_is_the_end_of_what_was_on_record_before() -> None:
    """Otherwise the hold that everybody knew of would open again what was over."""
    past = history(*LIVED[:6], correct(Fact.RESOLVED_AT, minute(2.5)))
    assert then(past, minute(2)).status is Status.IN_PROGRESS
    for moment in (2.5, 3, 4, 10):
        assert then(past, minute(moment)).status is Status.RESOLVED


@pytest.mark.parametrize("follows", [x.REOPENED, x.CLOSED])
def test_what_followed_an_end_still_does_when_the_end_was_later(follows: IncidentEvent) -> None:
    past = history(*LIVED[:6], follows, correct(Fact.RESOLVED_AT, minute(8)))
    assert then(past, minute(9)).status is INCIDENT.fold(STREAM, past).status
    assert versions(chronicle(past))[-2:] == [6, 7]


def test_what_was_told_of_the_time_before_an_end_that_moved_stays_there() -> None:
    late = at(minute(4.5), x.CLOSED)
    past = history(*LIVED[:6], late, correct(Fact.RESOLVED_AT, minute(8)))
    assert versions(chronicle(past))[-2:] == [7, 6]


@pytest.mark.parametrize(
    ("fact", "status"),
    [
        (Fact.ACKNOWLEDGED_AT, Status.IN_PROGRESS),
        (Fact.RESOLVED_AT, Status.RESOLVED),
        (Fact.CLOSED_AT, Status.CLOSED),
    ],
)
def test_a_correction_tells_of_a_step_that_nobody_had_told(fact: Fact, status: Status) -> None:
    """Other systems say the time alone."""
    past = history(*x.NEW, correct(fact, minute(10)))
    assert getattr(then(past, minute(9)), fact.value) is None
    moved = then(past, minute(10))
    assert (getattr(moved, fact.value), moved.status) == (minute(10), status)


def test_without_a_report_a_correction_says_what_it_says() -> None:
    """Histories from elsewhere may lack the beginning."""
    titled = at(minute(1), correct(Fact.TITLE, "Mail"))
    past = history(x.LOGGED, titled, correct(Fact.REPORTED_AT, minute(5)))
    assert then(past, minute(0)).title == ""
    assert then(past, minute(1)).title == "Mail"
    assert then(past, minute(5)).reported_at == minute(5)


@pytest.mark.parametrize(("now", "since"), [(3, 3), (7, 5)])
def test_users_can_work_again_when_they_really_could(now: float, since: float) -> None:
    """Which is said from the sooner of both times on; who shows it leaves out what is to come."""
    was = minute(5)
    past = history(*LIVED[:6], correct(Fact.MITIGATED_AT, minute(now), was))
    assert then(past, minute(since) - timedelta(seconds=1)).mitigated_at is None
    assert then(past, minute(since)).mitigated_at == minute(now)
    told = history(*x.IN_PROGRESS, correct(Fact.MITIGATED_AT, minute(now)))
    assert then(told, minute(now)).mitigated_at == minute(now)


@pytest.mark.parametrize("ended", [Status.RESOLVED, Status.CLOSED])
def test_a_record_taken_over_as_ended_says_no_more_when_once_that_is_known(ended: Status) -> None:
    taken = replace(x.IMPORTED, status=ended)
    past = history(x.REPORTED, x.LOGGED, taken, correct(Fact.RESOLVED_AT, minute(9)))
    assert then(past, minute(5)).status is Status.IN_PROGRESS
    assert then(past, minute(9)).status is Status.RESOLVED
    again = history(x.REPORTED, taken, x.REOPENED, x.RESOLVED, correct(Fact.RESOLVED_AT, minute(9)))
    assert then(again, minute(1)).status is ended, "the correction is about a later end"


def test_a_record_taken_over_while_it_was_open_stays_so() -> None:
    past = history(x.REPORTED, x.IMPORTED, correct(Fact.CLOSED_AT, minute(9)))
    assert then(past, minute(5)).status is Status.IN_PROGRESS


def streams(of: Sequence[Recorded[IncidentEvent]]) -> list[list[Recorded[IncidentEvent]]]:
    found: dict[object, list[Recorded[IncidentEvent]]] = {}
    for each in of:
        found.setdefault(each.stream, []).append(each)
    return list(found.values())


@given(histories())
def test_the_times_are_those_that_clocks_go_by(
    wild: Sequence[Recorded[IncidentEvent]],
) -> None:
    """Whatever happened: a step that both know of happened at one time."""
    for past in streams(wild):
        clocks = in_order([each for one in past if (each := happening(one, 1)) is not None])
        theirs = {(each.version, each.kind): each.at for each in clocks}
        for deed in chronicle(past):
            event = deed.recorded.event
            kind = event.event_name.partition(".")[2]
            known = theirs.get((deed.recorded.version, kind))
            if known is not None and not isinstance(event, e.IncidentCorrected):
                assert known == microseconds(deed.recorded.occurred_at)


@given(histories(), st.data())
def test_a_chronicle_only_grows_with_the_moment(
    wild: Sequence[Recorded[IncidentEvent]], data: st.DataObject
) -> None:
    for past in streams(wild):
        deeds = chronicle(past)
        first, second = sorted(
            data.draw(st.lists(st.sampled_from(past), min_size=2, max_size=2)),
            key=lambda each: each.occurred_at,
        )
        early = happened_by(past, first.occurred_at)
        late = happened_by(past, second.occurred_at)
        assert set(versions(early)) <= set(versions(late))
        assert [deed for deed in deeds if deed in early] == early


@given(histories())
def test_told_in_the_order_of_the_world_the_chronicle_is_the_history(
    wild: Sequence[Recorded[IncidentEvent]],
) -> None:
    """Then how it is by now is how the record says that it is."""
    for past in streams(wild):
        uncorrected = [
            replace(each, occurred_at=minute(each.version))
            for each in past
            if not isinstance(each.event, e.IncidentCorrected)
        ]
        assert [deed.recorded for deed in chronicle(uncorrected)] == uncorrected
