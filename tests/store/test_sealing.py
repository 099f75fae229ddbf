"""Is what events say about people sealed, can it be forgotten, and can it be moved nowhere?"""

from dataclasses import fields
from typing import Any, get_args, get_type_hints
from uuid import UUID, uuid4

import orjson
import pytest
from hypothesis import given, settings

from tests.store.conftest import Store
from tests.store.samples import NOON, entry
from tests.store.seals import Ring
from tests.store.test_mapper import OURS, recorded
from tocsin.domain.incident import events
from tocsin.domain.incident.values import Fact, Source, Status
from tocsin.domain.kernel import Event, Recorded, replace
from tocsin.domain.personal import Personal
from tocsin.store.entries import Stored
from tocsin.store.mapper import Unreadable, decode, encode, placed, shown
from tocsin.store.sealing import MARK, VEIL, subjects_in

TEXTUAL = {str, tuple[str, ...], dict[str, str]}
LEGIBLE = {
    "incident.reported": {"services", "configuration_items", "dedup_key"},
    "incident.logged": {"reference"},
    "incident.imported": {"system", "foreign_id", "foreign_status"},
    "incident.categorised": {"category", "subcategory"},
    "incident.assigned": {"group"},
    "incident.escalated": {"group"},
    "incident.workaround-proposed": {"workaround"},
    "incident.workaround-approved": {"workaround"},
    "incident.workaround-rejected": {"workaround"},
    "incident.workaround-applied": {"workaround", "known_error"},
    "incident.workaround-withdrawn": {"workaround"},
    "incident.resolved": {"resolution_code"},
    "incident.resolution-tested": {"tested"},
    "incident.closed": {"closure_code"},
    "incident.linked": {"target"},
    "incident.unlinked": {"target"},
    "incident.sla-marked-breached": {"system"},
}
"""Texts of an incident that stay legible for ever: codes, groups, services, other records."""
REPORT = events.IncidentReported(
    title="Mail is down",
    description="Ann cannot send.",
    source=Source.USER_REPORT,
    reporter="Ann",
    services=("mail",),
    users=("Ann", "Bob"),
)


def stored(event: Event, actor: str = "Eve", version: int = 1) -> Recorded[Any]:
    """A draft of one event."""
    return Recorded(
        stream=uuid4(),
        version=version,
        position=0,
        actor=actor,
        occurred_at=NOON,
        recorded_at=NOON,
        command_id=uuid4(),
        event=event,
    )


@pytest.mark.parametrize("cls", OURS, ids=lambda cls: cls.event_name)
def test_every_event_survives_being_sealed(cls: type[Event]) -> None:
    """Any fields, any envelope: with the keys the same event comes back."""

    @given(recorded(cls))
    @settings(max_examples=15)
    def survives(event: Recorded[Any]) -> None:
        ring = Ring()
        body = encode(event, ring)
        assert decode(body, ring) == event
        assert shown(body, ring) == encode(event)
        assert orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS) == body

    survives()


@pytest.mark.parametrize("cls", OURS, ids=lambda cls: cls.event_name)
def test_without_keys_every_event_reads_alike(cls: type[Event]) -> None:
    """A veiled event is an event: whoever folds it needs no keys, and always finds the same."""

    @given(recorded(cls))
    @settings(max_examples=15)
    def veiled(event: Recorded[Any]) -> None:
        body = encode(event, Ring())
        once = decode(body)
        assert once == decode(body)
        assert type(once.event) is cls
        assert (once.stream, once.version, once.occurred_at) == (
            event.stream,
            event.version,
            event.occurred_at,
        )

    veiled()


def test_every_text_of_an_incident_is_sealed_or_known_to_stay_legible() -> None:
    """Whoever adds an event decides what may be read of it for ever."""
    for cls in get_args(events.IncidentEvent):
        hints = get_type_hints(cls)
        texts = {
            field.name
            for field in fields(cls)
            if {str, tuple[str, ...], dict[str, str]}
            & {hints[field.name], *get_args(hints[field.name])}
        }
        assert texts - cls.about_people.keys() == LEGIBLE.get(cls.event_name, set()), cls.event_name


def test_nothing_about_people_is_left_in_the_bytes() -> None:
    body = encode(stored(REPORT), Ring())
    for text in (b"Mail is down", b"Ann", b"Bob", b"Eve"):
        assert text not in body
    assert b'"services":["mail"]' in body


def test_a_person_who_is_forgotten_reads_as_a_pseudonym_everywhere() -> None:
    """The same one in every field and event, so that who did what stays countable."""
    ring = Ring()
    body = encode(stored(REPORT, actor="Ann"), ring)
    subject = ring.forget("person Ann")
    event = decode(body, ring)
    assert event.actor == event.event.reporter == event.event.users[0] == f"person:{subject}"
    assert event.event.users[1] == "Bob"
    assert event.event.title == "Mail is down"


def test_the_texts_of_a_stream_are_forgotten_together() -> None:
    ring = Ring()
    draft = stored(REPORT)
    body = encode(draft, ring)
    ring.forget(f"case {draft.stream}")
    event = decode(body, ring).event
    assert (event.title, event.description) == ("[forgotten]", "[forgotten]")
    assert event.reporter == "Ann"


def test_texts_by_foreign_names_are_forgotten_as_a_whole() -> None:
    ring = Ring()
    imported = events.IncidentImported(
        system="servicenow",
        foreign_id="INC0000045",
        foreign_status="New",
        status=Status.NEW,
        attributes={"sealed": "yes", "caller": "Ann"},
    )
    draft = stored(imported)
    body = encode(draft, ring)
    assert b"caller" not in body
    assert decode(body, ring) == draft
    assert decode(body).event.attributes == {}


def test_names_that_look_like_ours_are_no_sealed_value() -> None:
    """Stored in clear, foreign texts may have any names."""
    imported = events.IncidentImported(
        system="x", foreign_id="1", foreign_status="", status=Status.NEW,
        attributes={"sealed": '["text","x","y"]'},
    )  # fmt: skip
    draft = stored(imported)
    assert decode(encode(draft), Ring()) == draft


@pytest.mark.parametrize(
    ("fact", "kind"),
    [(Fact.TITLE, Personal.TEXT), (Fact.REPORTER, Personal.PERSON), (Fact.RESOLVED_AT, None)],
)
def test_a_correction_is_sealed_as_the_fact_that_it_corrects(
    fact: Fact, kind: Personal | None
) -> None:
    """Clocks and trends go by corrected times, and have no keys."""
    event = events.IncidentCorrected(fact=fact, was="a", now="b", reason="typed wrongly")
    body = encode(stored(event), Ring())
    now = orjson.loads(body)["data"]["now"]
    assert (now["sealed"][0] if kind else now) == (kind or "b")
    assert b"typed wrongly" not in body


@pytest.mark.parametrize("actor", ["timekeeper", f"person:{UUID(int=7)}"])
def test_who_is_nobody_by_name_is_not_sealed(actor: str) -> None:
    event = stored(events.IncidentAcknowledged(), actor=actor)
    assert MARK not in encode(event, Ring())


def test_a_sealed_value_opens_in_its_own_place_only() -> None:
    """Moved to another field, version or stream it is no value at all, and the event unreadable."""
    ring = Ring()
    draft = stored(REPORT)
    raw = orjson.loads(encode(draft, ring))
    moved = {
        "field": {**raw, "data": {**raw["data"], "description": raw["data"]["title"]}},
        "version": {**raw, "version": 2},
        "stream": {**raw, "stream": str(uuid4())},
    }
    for name, forged in moved.items():
        with pytest.raises(Unreadable, match="was changed, or moved there"):
            decode(orjson.dumps(forged), ring)
        with pytest.raises(Unreadable):
            shown(orjson.dumps(forged), ring)
        assert name


@pytest.mark.parametrize("secret", ["", "QQ==", "no base64 at all!", None, 7])
def test_what_is_no_ciphertext_makes_the_event_unreadable(secret: Any) -> None:
    ring = Ring()
    raw = orjson.loads(encode(stored(REPORT), ring))
    raw["data"]["title"]["sealed"][2] = secret
    with pytest.raises(Unreadable):
        decode(orjson.dumps(raw), ring)


def test_the_subjects_of_stored_events_are_found_in_their_bytes() -> None:
    ring = Ring()
    drafted = [stored(REPORT), stored(events.IncidentAcknowledged(), actor="Bob")]
    bodies = [encode(each, ring) for each in drafted]
    assert subjects_in(bodies) == set(ring.keys)
    assert subjects_in([encode(each) for each in drafted]) == set()


def test_a_log_seals_what_it_stores_and_opens_what_it_reads(store: Store) -> None:
    """What is on the disk is sealed; who reads through the log sees what was said."""
    ring, log = Ring(), store.open()
    log.seals = ring
    new = entry(REPORT)
    (draft,) = new.drafts
    (outcome,) = log.commit([new])
    assert isinstance(outcome, Stored)
    ((position, body),) = log.raw_page(0, 10)
    assert b"Ann" not in body
    expected = replace(draft, position=position)
    assert log.page(0, 10) == log.history(draft.stream) == [expected]
    assert log.decode(body) == expected
    assert log.shown([body]) == [placed(encode(draft), position)]
    assert ring.fetched == subjects_in([body])
    log.seals = VEIL
    assert log.history(draft.stream)[0].event.title == "[sealed]"
