"""How an incident stood: as it was, as it was believed, and when there is nothing to be seen."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain import examples as x
from tests.domain.kit import MONDAY, STREAM, Told, at, recorded
from tests.past import kit
from tests.readmodels.streams import histories
from tocsin.domain.incident import events as e
from tocsin.domain.incident.state import INCIDENT, Incident
from tocsin.domain.incident.values import Fact, Status
from tocsin.domain.kernel import Event, Recorded, replace
from tocsin.domain.review.events import LessonRecorded, ReviewOpened
from tocsin.domain.review.state import REVIEW
from tocsin.past.moments import (
    Moment,
    NoSuchVersion,
    NotBegun,
    NothingKnown,
    NotYet,
    then,
)

LIVED = (x.REPORTED, x.LOGGED, x.ACKNOWLEDGED, x.ASSIGNED, x.RESOLVED)
NEVER_THE_SAME = {"version", "mitigated_at"}
"""What a corrected end moves along with it as of a moment, and the record keeps as it was told."""


def minute(count: float) -> datetime:
    return MONDAY + timedelta(minutes=count)


def history(*events: e.IncidentEvent | Told) -> list[Recorded[e.IncidentEvent]]:
    """Recorded a minute apart, whenever it happened."""
    told = [recorded(version, each) for version, each in enumerate(events, 1)]
    return [replace(each, recorded_at=minute(each.version - 1)) for each in told]


def stood(past: Sequence[Recorded[e.IncidentEvent]], moment: Moment) -> Incident:
    state: Incident = then(INCIDENT, past, moment).state
    return state


def facts(state: Incident) -> dict[str, object]:
    return {name: value for name, value in vars(state).items() if name not in NEVER_THE_SAME}


def test_told_late_it_moves_what_was_and_not_what_was_believed() -> None:
    before = history(*LIVED)
    after = history(*LIVED, at(minute(2.5), x.CATEGORISED))
    moment = minute(3)
    assert stood(before, Moment(as_of=moment)).category is None
    assert stood(after, Moment(as_of=moment)).category == "messaging"
    assert stood(after, Moment(known_at=moment)) == stood(before, Moment(known_at=moment))


def test_set_right_it_moves_what_was_and_not_what_was_believed() -> None:
    right = e.IncidentCorrected(
        fact=Fact.RESOLVED_AT, was=None, now=minute(2.5).isoformat(), reason="Sooner."
    )
    past = history(*LIVED, at(minute(30), right))
    assert stood(past, Moment(as_of=minute(3))).status is Status.RESOLVED
    assert stood(past, Moment(known_at=minute(3))).status is Status.IN_PROGRESS
    both = Moment(as_of=minute(3), known_at=minute(4))
    assert stood(past, both).status is Status.IN_PROGRESS, "nobody had set it right yet"


@given(histories(), st.integers(1, 30))
def test_what_was_known_is_the_beginning_of_the_history(
    wild: Sequence[Recorded[e.IncidentEvent]], known: int
) -> None:
    """At each moment and each version, and never more than at a later one."""
    for told in kit.by_stream(wild).values():
        moment = Moment(known_at=kit.minute(known))
        count = sum(each.recorded_at <= kit.minute(known) for each in told)
        if not count:
            with pytest.raises(NothingKnown):
                then(INCIDENT, told, moment)
            continue
        believed = then(INCIDENT, told, moment)
        assert believed.events == told[:count] == believed.course
        assert believed == then(INCIDENT, told, Moment(version=count))


@given(st.integers(1, 60))
def test_as_of_now_it_stands_as_the_record_says(seed: int) -> None:
    """Where everything was recorded as it happened, and set right where it was not."""
    for past in kit.by_stream(kit.bent(6, seed, late=0)).values():
        now = stood(past, Moment(as_of=kit.minute(10_000)))
        assert facts(now) == facts(INCIDENT.fold(past[0].stream, past))


def test_it_is_of_the_version_of_the_last_event_that_tells_of_it() -> None:
    late = history(*LIVED, at(minute(1.5), x.NOTED))
    assert stood(late, Moment(as_of=minute(1.5))).version == 6
    assert stood(late, Moment(as_of=minute(1))).version == 2
    titled = history(*LIVED, x.CORRECTED)
    assert stood(titled, Moment(as_of=MONDAY)).version == 6, "it was always called so"


def test_what_it_is_made_of_is_shown_as_it_was_recorded() -> None:
    """Folded with the words that are right, shown with those that were stored, and with what set
    them right."""
    past = history(*LIVED, x.CORRECTED)
    found = then(INCIDENT, past, Moment(as_of=MONDAY))
    assert list(found.events) == [past[0], past[5]]
    (folded,) = found.course
    assert folded.event.title == "Outlook is down"
    assert found.state.title == "Outlook is down"


def test_a_relief_that_came_later_than_was_said_had_not_come() -> None:
    later = e.IncidentCorrected(
        fact=Fact.MITIGATED_AT,
        was=minute(4).isoformat(),
        now=minute(9).isoformat(),
        reason="Not yet.",
    )
    past = history(*LIVED, later)
    assert stood(past, Moment(as_of=minute(5))).mitigated_at is None
    assert stood(past, Moment(as_of=minute(9))).mitigated_at == minute(9)


def test_before_it_began_there_is_nothing_to_be_seen() -> None:
    past = history(*LIVED)
    with pytest.raises(NotBegun, match="had not begun"):
        then(INCIDENT, past, Moment(as_of=minute(-1)))
    with pytest.raises(NothingKnown, match="Nothing of it was known"):
        then(INCIDENT, past, Moment(known_at=minute(-1)))
    with pytest.raises(NoSuchVersion, match="5 versions so far, and no version 6"):
        then(INCIDENT, past, Moment(version=6))


@pytest.mark.parametrize("field", ["as_of", "known_at"])
def test_the_future_is_not_known(field: str) -> None:
    """But clocks differ a little."""
    for moment in (minute(1) + timedelta(milliseconds=1), minute(60)):
        later = Moment(as_of=moment) if field == "as_of" else Moment(known_at=moment)
        with pytest.raises(NotYet, match="lies in the future: it is 2026-03-02T09:00:00Z now"):
            later.check(MONDAY, 60)
    almost = Moment(as_of=minute(1), known_at=minute(1))
    assert almost.check(MONDAY, 60) is almost


def test_a_review_is_of_the_past_as_well() -> None:
    """It has no corrections: what was told late counts from when it happened."""
    opened = ReviewOpened(incident_id=str(STREAM), title="Mail", reason="Major.")
    lesson = LessonRecorded(lesson="L1", text="Watch the disk.")
    told: list[tuple[Event, float]] = [(opened, 0), (lesson, 20), (replace(lesson, lesson="L2"), 5)]
    past = [
        Recorded(
            stream=STREAM, version=version, position=version, actor="ann",
            occurred_at=minute(happened), recorded_at=minute(20 + version),
            command_id=STREAM, event=event,
        )
        for version, (event, happened) in enumerate(told, 1)
    ]  # fmt: skip
    assert list(then(REVIEW, past, Moment(as_of=minute(6))).state.lessons) == ["L2"]
    assert then(REVIEW, past, Moment(as_of=minute(6))).state.version == 3
    assert list(then(REVIEW, past, Moment(version=2)).state.lessons) == ["L1"]
