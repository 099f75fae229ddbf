"""Publishing a policy: which events say so, and which rules hold after them."""

from datetime import UTC, datetime
from typing import Any, get_args
from uuid import uuid4

import pytest
from pydantic import TypeAdapter, ValidationError

from tests.domain import kit
from tests.domain.examples import LOGGED, REPORTED
from tests.domain.kit import STREAM
from tests.domain.policy.documents import MATRIX, WHOLE, changed, policy
from tocsin.domain.incident.state import INCIDENT
from tocsin.domain.kernel import (
    AGGREGATES,
    COMMANDS,
    EVENTS,
    Event,
    Recorded,
    aggregate_of,
)
from tocsin.domain.policy import DEFAULT_DOCUMENT, DEFAULT_POLICY
from tocsin.domain.policy.commands import Publish
from tocsin.domain.policy.events import DefaultRecorded, PolicyEvent, PolicyPublished
from tocsin.domain.policy.state import POLICY, POLICY_STREAM, InForce

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BUILT_IN = DefaultRecorded(version=1, document=DEFAULT_DOCUMENT, compiled=DEFAULT_POLICY.compiled)


def published(version: int, document: str, note: str = "Why not.") -> PolicyPublished:
    return PolicyPublished(
        version=version, document=document, compiled=policy(document).compiled, note=note
    )


def recorded(version: int, event: Event) -> Recorded[Any]:
    return Recorded(
        stream=POLICY_STREAM,
        version=version,
        position=100 + version,
        actor="noor",
        occurred_at=MONDAY,
        recorded_at=MONDAY,
        command_id=uuid4(),
        event=event,
    )


def in_force(*history: Event) -> InForce:
    return POLICY.fold(POLICY_STREAM, (recorded(n, each) for n, each in enumerate(history, 1)))


def asked(document: str, *history: Event) -> list[PolicyEvent]:
    state = in_force(*history)
    ask = Publish(document=document, note="Why not.", compiled=policy(document).compiled)
    return list(ask.decide(state, state.policy))


def test_the_default_holds_before_anything_was_published() -> None:
    state = in_force()
    assert (state.version, state.policy, state.document) == (0, DEFAULT_POLICY, DEFAULT_DOCUMENT)
    assert state.earliest() is None
    assert state.possible() == ("publish",)


def test_the_first_publication_writes_down_what_held_until_then() -> None:
    """So that the log alone says which rules there ever were."""
    assert asked(WHOLE) == [BUILT_IN, published(2, WHOLE)]


def test_a_later_publication_counts_on() -> None:
    assert asked(MATRIX, BUILT_IN, published(2, WHOLE)) == [published(3, MATRIX)]


@pytest.mark.parametrize("document", [WHOLE, changed('goal = "4h"', 'goal = "240m" # the same')])
def test_the_same_meaning_again_records_nothing(document: str) -> None:
    assert asked(document, BUILT_IN, published(2, WHOLE)) == []


def test_publishing_the_default_first_records_nothing() -> None:
    assert asked(DEFAULT_DOCUMENT) == []


def test_an_earlier_policy_may_be_published_again() -> None:
    """Going back is another version: history is not rewound."""
    history = (BUILT_IN, published(2, WHOLE), published(3, MATRIX))
    assert asked(WHOLE, *history) == [published(4, WHOLE)]


def test_what_was_published_last_is_in_force_and_says_since_when() -> None:
    state = in_force(BUILT_IN, published(2, WHOLE, note="New contract."))
    assert (state.version, state.policy.version) == (2, 2)
    assert state.policy.compiled == policy(WHOLE).compiled
    assert (state.document, state.note) == (WHOLE, "New contract.")
    assert (state.published_at, state.published_by) == (MONDAY, "noor")
    assert state.earliest() == MONDAY


def test_the_version_of_the_stream_is_that_of_the_policy() -> None:
    """Whoever names the version they saw names one number."""
    histories = [
        (BUILT_IN, published(2, WHOLE)),
        (BUILT_IN, published(2, WHOLE), published(3, MATRIX)),
    ]
    for history in histories:
        state = in_force(*history)
        assert state.version == state.policy.version == len(history)


def test_what_held_is_read_from_the_log_and_not_from_the_program() -> None:
    other = policy(MATRIX).compiled
    state = in_force(DefaultRecorded(version=1, document=MATRIX, compiled=other))
    assert (state.policy.compiled, state.document) == (other, MATRIX)


def test_a_policy_claims_no_names() -> None:
    assert [*POLICY.claims(in_force(), published(2, WHOLE))] == []


def test_the_kind_of_a_stream_is_known_from_its_events() -> None:
    assert aggregate_of(BUILT_IN) is POLICY
    assert AGGREGATES["policy"] is POLICY
    assert {kind for name, kind in EVENTS.items() if name.startswith("policy.")} == {
        *get_args(PolicyEvent)
    }


def test_a_receipt_names_a_stream_by_its_kind_and_by_what_people_call_it() -> None:
    """Programs find the id of an incident and the one of the policy under names of their own."""
    logged = INCIDENT.fold(STREAM, [kit.recorded(1, REPORTED), kit.recorded(2, LOGGED)])
    assert {"policy_id": POLICY_STREAM} == POLICY.named(POLICY_STREAM, in_force())
    expected = {"incident_id": STREAM, "reference": "INC0000001"}
    assert expected == INCIDENT.named(STREAM, logged)


def test_publishing_is_the_one_thing_to_ask_of_the_policy() -> None:
    assert [path for kind, path in COMMANDS if kind == "policy"] == ["publish"]


@pytest.mark.parametrize(
    "body",
    [
        '{"document": "x"}',
        '{"document": "", "note": "x"}',
        '{"document": "x", "note": ""}',
        '{"document": "\\u0000", "note": "x"}',
        '{"document": "%s", "note": "x"}' % ("x" * 200_001),
    ],
)
def test_a_publication_needs_a_document_and_a_reason(body: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Publish).validate_json(body)


def test_nobody_publishes_what_nobody_has_read() -> None:
    with pytest.raises(AssertionError):
        list(Publish(document=WHOLE, note="x").decide(in_force(), DEFAULT_POLICY))
