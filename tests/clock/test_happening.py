"""What clocks take from each event, in which order they put it, and what they keep of it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest

from tests.clock.kit import INCIDENT, MATRIX, MONDAY, Life, in_log, prioritised, published
from tests.domain import examples as x
from tests.domain.kit import NOW
from tocsin.domain.clock.dossier import called, incident_of, kept, noted, read
from tocsin.domain.clock.events import HoldLapsed
from tocsin.domain.clock.happening import (
    Happening,
    clock_stream,
    happening,
    in_order,
    reach,
    told,
)
from tocsin.domain.clock.plan import Rulebooks
from tocsin.domain.incident import events as e
from tocsin.domain.incident.values import Audience, EscalationKind, Fact, Status, Visibility
from tocsin.domain.kernel import Event, replace
from tocsin.domain.openings import microseconds
from tocsin.domain.worktime import EARLIEST, LATEST
from tocsin.store.mapper import encode

TOMORROW = microseconds(x.TOMORROW)
MATTERS: list[tuple[e.IncidentEvent, str, Any]] = [
    (x.REPORTED, "reported", ["e-mail"]),
    (x.LOGGED, "logged", None),
    (x.IMPORTED, "imported", ["in-progress", microseconds(NOW)]),
    (x.VERIFIED, "verified", None),
    (x.DISMISSED, "dismissed", None),
    (x.ACKNOWLEDGED, "acknowledged", None),
    (x.CATEGORISED, "categorised", ["messaging", "e-mail"]),
    (x.PRIORITISED, "prioritised", [1, "high", "high", False]),
    (x.OVERRIDDEN, "prioritised", [2, None, None, True]),
    (x.ASSIGNED, "assigned", "Service Desk"),
    (replace(x.NOTED, visibility=Visibility.PUBLIC), "noted", None),
    (x.HELD, "held", ["awaiting-vendor", TOMORROW]),
    (x.RESUMED, "resumed", None),
    (x.TO_LEVEL_2, "escalated", "Server Team"),
    (x.MAJOR, "major-declared", None),
    (x.STOOD_DOWN, "major-stood-down", None),
    (x.APPLIED, "workaround-applied", ["W1", TOMORROW]),
    (x.WITHDRAWN, "workaround-withdrawn", "W1"),
    (x.RESOLVED, "resolved", None),
    (x.CONFIRMED, "confirmed", None),
    (x.REOPENED, "reopened", None),
    (x.CLOSED, "closed", None),
    (x.CANCELLED, "cancelled", None),
    (x.UPDATED, "update-posted", [True, TOMORROW]),
    (
        e.UpdatePosted(audience=Audience.RESPONDERS, message="Look there."),
        "update-posted",
        [False, None],
    ),
    (
        e.IncidentCorrected(
            fact=Fact.RESOLVED_AT, was=None, now="2026-03-02T11:00:00Z", reason="Sooner."
        ),
        "corrected",
        ["resolved_at", microseconds(datetime(2026, 3, 2, 11, tzinfo=UTC))],
    ),
]
"""Each event that matters, its kind, and what of it is kept."""
NEVER = [
    x.NOTED,
    x.DIAGNOSED,
    x.TO_MANAGER,
    e.IncidentEscalated(kind=EscalationKind.FUNCTIONAL, level=2),
    x.CORRECTED,
    replace(x.CORRECTED, fact=Fact.DETECTED_AT, now="2026-03-02T11:00:00Z"),
    x.PROPOSED,
    x.APPROVED,
    x.REFUTED,
    x.LINKED,
    x.BREACHED,
]
"""Others, also of kinds of which some matter."""


@pytest.mark.parametrize(("event", "kind", "value"), MATTERS)
def test_clocks_keep_of_an_event_what_moves_them(
    event: e.IncidentEvent, kind: str, value: Any
) -> None:
    known = happening(in_log(event, INCIDENT, 3, 8, x.BEGAN, NOW), 5)
    assert known == Happening(microseconds(x.BEGAN), 3, 5, kind, value)


@pytest.mark.parametrize("event", NEVER)
def test_clocks_know_nothing_of_what_never_moves_them(event: e.IncidentEvent) -> None:
    assert happening(in_log(event, INCIDENT, 3, 8, NOW), 1) is None


def test_every_event_is_one_or_the_other() -> None:
    """An event that is added must be put on one of the two lists."""
    known = {type(event) for event, _, _ in MATTERS} | {type(event) for event in NEVER}
    assert {type(event) for event in x.EVERY_EVENT} - known == {
        e.InformationRequested, e.InformationProvided, e.CauseIdentified, e.WorkaroundRejected,
        e.ResolutionTested, e.IncidentUnlinked,
    }  # fmt: skip


@pytest.mark.parametrize("event", [*(event for event, _, _ in MATTERS), *NEVER])
def test_an_event_as_it_is_stored_says_the_same(event: e.IncidentEvent) -> None:
    """So a history can be read without making its events."""
    recorded = in_log(event, INCIDENT, 3, 8, x.BEGAN, NOW)
    stored = orjson.loads(encode(recorded))
    data = {name: stored["data"].get(name) for name in vars(event)}
    at, recorded_at = microseconds(x.BEGAN), microseconds(NOW)
    assert told(event.event_name, data, at, recorded_at, 3, 5) == happening(recorded, 5)


def test_what_is_kept_is_read_again_as_it_was() -> None:
    """In JSON, as a read model keeps it."""
    life = Life(Rulebooks()).on("09:00", x.REPORTED, x.LOGGED, prioritised(1)).on("10:00", x.NOTED)
    dossier: list[list[Any]] = []
    for recorded in life.history:
        before, dossier = dossier, kept(dossier, recorded, life.rules)
        assert (dossier is before) is (recorded.event is x.NOTED), "the very same"
    assert read(orjson.loads(orjson.dumps(dossier))) == life.happenings()


def test_an_event_changes_in_a_dossier_what_it_means_to_clocks_and_to_people() -> None:
    """A note changes nothing, a title only the name, a reference the name and the happenings."""
    rules = Rulebooks()
    reported, logged, note = Life(rules).on("09:00", x.REPORTED, x.LOGGED, x.NOTED).history
    assert noted([], note, rules) == {}
    assert noted([], reported, rules) == {
        "title": x.REPORTED.title,
        "happenings": kept([], reported, rules),
    }
    retitled = e.IncidentCorrected(fact=Fact.TITLE, was="E-mail", now="Mail", reason="Typo")
    assert noted([], in_log(retitled, INCIDENT, 4, 4, NOW), rules) == {"title": "Mail"}
    assert noted([], logged, rules) == {
        "reference": x.LOGGED.reference,
        "happenings": kept([], logged, rules),
    }


def test_each_happening_names_the_policy_in_force_where_it_stands() -> None:
    rules = published(MATRIX, MATRIX, before=(2, 3))
    life = Life(rules).on("09:00", x.REPORTED, x.LOGGED, prioritised(1))
    assert [each.policy for each in life.happenings()] == [1, 2, 3]


def test_the_stream_of_a_clock_is_that_of_its_incident_for_ever() -> None:
    """Of a name, not of chance: another server finds it, and so does the next year."""
    assert clock_stream(INCIDENT) == UUID("e88edf95-1cbf-5348-9110-21615d60e86c")
    assert clock_stream(INCIDENT) != clock_stream(UUID(int=1))


def test_an_event_is_about_its_incident_whatever_stream_it_stands_on() -> None:
    lapsed: Event = HoldLapsed(incident_id=str(INCIDENT), incident_version=4, since=3)
    for event, stream in ((x.HELD, INCIDENT), (lapsed, clock_stream(INCIDENT))):
        assert incident_of(in_log(event, stream, 1, 1, NOW)) == (INCIDENT,)


@pytest.mark.parametrize(
    ("event", "names"),
    [
        (x.REPORTED, {"title": "E-mail is down"}),
        (x.LOGGED, {"reference": "INC0000001"}),
        (x.CORRECTED, {"title": "Outlook is down"}),
        (replace(x.CORRECTED, fact=Fact.REPORTER, now="bob"), {}),
        (x.RESOLVED, {}),
    ],
)
def test_an_incident_is_called_what_the_last_event_calls_it(
    event: Event, names: dict[str, str]
) -> None:
    assert called(event) == names


def test_clocks_of_other_centuries_stand_at_the_edge_of_the_calendars() -> None:
    """A record with the year 1 or 9999 is no reason to know nothing of any clock."""
    for year, edge in ((1, EARLIEST), (9999, LATEST)):
        at = datetime(year, 6, 1, tzinfo=UTC)
        known = happening(in_log(x.LOGGED, INCIDENT, 1, 1, at), 1)
        assert known is not None
        assert known.at == edge
    assert reach(microseconds(NOW)) == microseconds(NOW)


def kinds(life: Life) -> list[tuple[str, str]]:
    """What happened, and when, as is known after all of it."""
    return [(life.shown(each.at).split()[-1], each.kind) for each in in_order(life.happenings())]


def correction(fact: Fact, now: str) -> e.IncidentCorrected:
    """The fact was at another time of that Monday."""
    return e.IncidentCorrected(fact=fact, was=None, now=f"{MONDAY}T{now}:00Z", reason="Wrong.")


def test_what_is_told_late_takes_its_place_in_time() -> None:
    life = (
        Life(Rulebooks())
        .on("09:00", x.REPORTED, x.LOGGED)
        .on("12:00", x.RESOLVED)
        .on("10:00", x.HELD, known="13:00")
    )
    assert kinds(life) == [
        ("09:00", "reported"),
        ("09:00", "logged"),
        ("10:00", "held"),
        ("12:00", "resolved"),
    ]


def test_what_is_said_of_an_incident_holds_for_all_that_happens_at_that_instant() -> None:
    """One form sets the priority and resolves: it was resolved with that priority."""
    life = (
        Life(Rulebooks())
        .on("09:00", x.REPORTED, x.LOGGED)
        .on("10:00", x.RESOLVED, x.CATEGORISED, prioritised(1), x.MAJOR)
    )
    assert [kind for _, kind in kinds(life)] == [
        "reported", "logged", "categorised", "prioritised", "major-declared", "resolved"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fact", "kind", "place"),
    [
        (Fact.REPORTED_AT, "reported", 0),
        (Fact.ACKNOWLEDGED_AT, "acknowledged", 0),
        (Fact.RESOLVED_AT, "resolved", -1),
        (Fact.CLOSED_AT, "closed", -1),
    ],
)
def test_a_correction_moves_the_first_beginning_or_the_last_end(
    fact: Fact, kind: str, place: int
) -> None:
    life = (
        Life(Rulebooks())
        .on("09:00", x.REPORTED, x.ACKNOWLEDGED, x.RESOLVED, x.CLOSED)
        .on("10:00", x.REOPENED)
        .on("11:00", x.ACKNOWLEDGED, x.RESOLVED, x.CLOSED)
    )
    before = [at for at, each in kinds(life) if each == kind]
    after = [at for at, each in kinds(life.on("12:00", correction(fact, "09:30"))) if each == kind]
    before[place] = "09:30"
    assert after == sorted(before)


def test_a_correction_moves_only_what_was_known_by_then() -> None:
    """It is about the end of the first attempt; the second one came later."""
    life = (
        Life(Rulebooks())
        .on("09:00", x.REPORTED, x.RESOLVED)
        .on("10:00", correction(Fact.RESOLVED_AT, "09:30"))
        .on("11:00", x.REOPENED)
        .on("12:00", x.RESOLVED)
    )
    assert [at for at, kind in kinds(life) if kind == "resolved"] == ["09:30", "12:00"]


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED])
@pytest.mark.parametrize("fact", [Fact.RESOLVED_AT, Fact.CLOSED_AT])
def test_once_its_end_is_corrected_an_import_says_no_more_when_that_was(
    status: Status, fact: Fact
) -> None:
    """It was taken over as ended, and its real end learnt later."""
    taken_over = replace(x.IMPORTED, status=status)
    life = (
        Life(Rulebooks()).on("09:00", x.REPORTED, taken_over).on("10:00", correction(fact, "09:30"))
    )
    values = [each.value[0] for each in in_order(life.happenings()) if each.kind == "imported"]
    assert values == [Status.IN_PROGRESS]
    assert kinds(life)[-1] == ("09:30", fact.removesuffix("_at"))


def test_a_correction_of_a_later_end_leaves_alone_what_an_import_says() -> None:
    taken_over = replace(x.IMPORTED, status=Status.RESOLVED)
    life = (
        Life(Rulebooks())
        .on("09:00", x.REPORTED, taken_over)
        .on("10:00", x.REOPENED)
        .on("11:00", x.RESOLVED, correction(Fact.RESOLVED_AT, "10:30"))
    )
    assert in_order(life.happenings())[1].value[0] is Status.RESOLVED
    acknowledged = Life(life.rules, history=life.history[:2]).on(
        "10:00", correction(Fact.ACKNOWLEDGED_AT, "08:00")
    )
    assert in_order(acknowledged.happenings())[-1].value[0] is Status.RESOLVED


def test_of_two_corrections_the_last_one_holds() -> None:
    life = Life(Rulebooks()).on("09:00", x.REPORTED).on("12:00", x.RESOLVED)
    for now in ("10:00", "11:00"):
        life = life.on("13:00", correction(Fact.RESOLVED_AT, now))
    assert kinds(life)[-1] == ("11:00", "resolved")


@pytest.mark.parametrize(
    ("fact", "kind"), [(Fact.REPORTED_AT, "reported"), (Fact.ACKNOWLEDGED_AT, "acknowledged")]
)
def test_a_correction_of_what_nobody_recorded_tells_of_it(fact: Fact, kind: str) -> None:
    life = Life(Rulebooks()).on("09:00", x.LOGGED).on("12:00", correction(fact, "08:30"))
    assert kinds(life)[0] == ("08:30", kind)


def test_a_correction_beyond_the_calendars_stands_at_their_edge() -> None:
    far = e.IncidentCorrected(
        fact=Fact.RESOLVED_AT, was=None, now="9000-01-01T00:00:00Z", reason="A typing error."
    )
    life = Life(Rulebooks()).on("09:00", x.REPORTED, x.RESOLVED).on("10:00", far)
    assert in_order(life.happenings())[-1].at == LATEST
