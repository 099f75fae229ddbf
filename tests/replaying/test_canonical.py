"""A state has one form in bytes, whatever order its parts were put in."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest

from tocsin.domain.incident.values import Impact, Status
from tocsin.domain.kernel import AGGREGATES
from tocsin.domain.policy.default import DEFAULT_POLICY
from tocsin.replaying.canonical import canonical

NUMBER = UUID(int=7)


@dataclass(frozen=True)
class Thing:
    name: str
    last_said: dict[str, str] = field(default_factory=dict)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"),
        (True, "true"),
        (3, "3"),
        ("Ärger", '"Ärger"'),
        (Status.CLOSED, '"closed"'),
        (NUMBER, f'"{NUMBER}"'),
        (datetime(2026, 3, 1, 12, tzinfo=UTC), '"2026-03-01T12:00:00Z"'),
        (date(2026, 3, 1), '"2026-03-01"'),
        (time(9, 30), '"09:30:00"'),
        (timedelta(days=1, seconds=2), '"1 day, 0:00:02"'),
        ((1, "a"), '[1,"a"]'),
        (frozenset({"b", "a"}), '["a","b"]'),
        ({"b": 1, "a": 2}, '{"a":2,"b":1}'),
        (MappingProxyType({(Impact.HIGH, 2): 1}), f'[[["{Impact.HIGH.value}",2],1]]'),
        ({2: "b", 1: "a"}, '[[1,"a"],[2,"b"]]'),
        (Thing("x", {"incident.noted": "0123"}), '{"name":"x"}'),
        (DEFAULT_POLICY, f'{{"digest":"{DEFAULT_POLICY.digest}","version":1}}'),
    ],
)
def test_each_kind_of_value_has_one_form(value: Any, expected: str) -> None:
    assert canonical(value).decode() == expected


def test_the_same_instant_is_the_same_in_every_zone() -> None:
    vienna = timezone(timedelta(hours=1))
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert canonical({"at": noon.astimezone(vienna)}) == canonical({"at": noon})


@pytest.mark.parametrize("value", [1.5, b"bytes", object()])
def test_what_no_state_holds_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match=type(value).__name__):
        canonical(value)


@pytest.mark.parametrize("kind", sorted(AGGREGATES))
def test_every_kind_of_stream_has_a_state_in_bytes(kind: str) -> None:
    aggregate = AGGREGATES[kind]
    assert canonical(aggregate.initial(NUMBER)) == canonical(aggregate.initial(NUMBER))
    assert canonical(aggregate.initial(NUMBER)).startswith(b"{")
