"""The door: what is let in is a command with its times in UTC, and all else is told why."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis.strategies import (
    booleans,
    dictionaries,
    integers,
    lists,
    none,
    text,
)

from tocsin import door
from tocsin.domain.incident.commands.reporting import Log, Report
from tocsin.domain.incident.values import Source
from tocsin.domain.kernel import COMMANDS
from tocsin.door import Invalid, Malformed


def report(**fields: Any) -> bytes:
    return door.dump({"title": "E-mail is down", "source": "monitoring", **fields})


def test_bytes_become_a_command() -> None:
    command = door.read(Report, report(services=["mail"], log=False))
    assert command == Report(
        title="E-mail is down", source=Source.MONITORING, services=("mail",), log=False
    )


def test_every_command_can_be_read() -> None:
    """A command whose fields no door can read could never be asked for."""
    for command in COMMANDS.values():
        with pytest.raises(Invalid):
            door.read(command, b'{"no-such-field": 1}')


def test_times_are_utc_from_the_door_inwards() -> None:
    command = door.read(Report, report(impact_began_at="2026-03-01T15:05:00+01:00"))
    assert command.impact_began_at == datetime(2026, 3, 1, 14, 5, tzinfo=UTC)
    assert command.impact_began_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("moment", "reason"),
    [
        ("2026-03-01T14:05:00", "time zone"),
        ("1772373900", "is written like"),
        (1772373900, "datetime"),
        ("2026-03-01", "datetime"),
        ("yesterday", "datetime"),
        ("0001-01-01T00:00:00+10:00", "years"),
        ("9999-12-31T23:59:59-10:00", "years"),
    ],
)
def test_a_time_that_is_no_instant_is_refused_by_its_field(moment: object, reason: str) -> None:
    with pytest.raises(Invalid, match=reason) as refused:
        door.read(Report, report(detected_at=moment))
    assert [flaw.field for flaw in refused.value.flaws] == ["detected_at"]


def test_all_flaws_are_told_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        door.read(Report, b'{"source": "hearsay", "titel": "E-mail"}')
    assert {flaw.field for flaw in refused.value.flaws} == {"title", "source", "titel"}


def test_an_unknown_field_is_told_what_is_known() -> None:
    with pytest.raises(Invalid, match="these are: occurred_at, actor, title"):
        door.read(Report, report(titel="E-mail"))


@pytest.mark.parametrize("reference", ["INC0000007", None])
def test_no_caller_chooses_a_reference(reference: str | None) -> None:
    """References are given out by the desk, once each; stating none is stating one, too."""
    with pytest.raises(Invalid, match="reference: is not a field"):
        door.read(Report, report(reference=reference))
    with pytest.raises(Invalid, match="reference: is not a field"):
        door.read(Log, door.dump({"reference": reference}))


@pytest.mark.parametrize(
    "fields",
    [
        {"title": 7},
        {"title": ""},
        {"title": "x" * 501},
        {"log": "yes"},
        {"log": 1},
        {"services": "mail"},
        {"services": ["mail", 7]},
        {"services": ["x"] * 51},
        {"title": "bell\x07"},
        {"title": "nul\x00"},
        {"title": {"_type_": "uuid_hex", "_data_": "0" * 32}},
        {"_type_": "x", "_data_": "y"},
    ],
)
def test_values_are_not_bent_into_shape(fields: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        door.read(Report, report(**fields))


Case = tuple[bytes, str]
MALFORMED: dict[str, Case] = {
    "nothing": (b"", "empty"),
    "white space": (b" \n", "empty"),
    "no object": (b"[]", "must be a JSON object"),
    "a text": (b'"report"', "must be a JSON object"),
    "half an object": (b'{"title": "E-mail"', "line 1 column 19"),
    "a second value": (b"{} {}", "Extra data"),
    "a comment": (b"{} // it", "Extra data"),
    "no UTF-8": (b'{"title": "\xff"}', "Byte 11"),
    "UTF-16": ('{"title": "E-mail"}'.encode("utf-16"), "UTF-8"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "character 0"),
    "a lone surrogate": (b'{"title": "\\ud800", "source": "monitoring"}', "surrogate|hex escape"),
    "half a pair": (b'{"title": "\\ud83d", "source": "monitoring"}', "surrogate|hex escape"),
    "NaN": (b'{"title": NaN}', "NaN is not JSON"),
    "infinity": (b'{"title": -Infinity}', "Infinity is not JSON"),
    "a huge float": (b'{"title": 1e999}', "too large"),
    "a huge integer": (b'{"title": ' + b"9" * 5_000 + b"}", "too large"),
    "a name twice": (b'{"title": "a", "title": "b"}', "title stands twice"),
    "a name twice, spelled otherwise": (b'{"title": "a", "\\u0074itle": "b"}', "twice"),
    "a name twice further in": (b'{"title": {"a": 1, "a": 2}}', "a stands twice"),
    "depth": (b'{"a":' * 33 + b"1" + b"}" * 33, "more than 32 deep"),
    "great depth": (b"[" * 60_000, "more than 32 deep"),
    "depth behind a quote": (b'["\\"", ' + b"[" * 40 + b"]" * 41, "more than 32 deep"),
}


def _through_a_batch(body: bytes) -> object:
    return door.read_value(Report, door.parse(body))


@pytest.mark.parametrize("case", MALFORMED.values(), ids=list(MALFORMED))
@pytest.mark.parametrize("read", [lambda body: door.read(Report, body), _through_a_batch])
def test_what_readers_of_json_disagree_about_is_refused(
    case: Case, read: Callable[[bytes], object]
) -> None:
    """Two programs that read such bytes may see two commands; we see none, and say why."""
    body, reason = case
    with pytest.raises(Malformed, match=reason):
        read(body)


def test_depth_has_an_exact_limit() -> None:
    assert door.parse(b"[" * 32 + b"]" * 32) is not None
    with pytest.raises(Malformed, match="more than 32 deep"):
        door.parse(b"[" * 33 + b"]" * 33)


def test_many_containers_side_by_side_are_no_depth() -> None:
    assert len(door.parse(b"[" + b"[{}]," * 999 + b"[]]")) == 1_000


def test_brackets_inside_texts_are_no_depth() -> None:
    assert door.read(Report, report(title="[" * 100 + '\\"{{{')).title.startswith("[[")


def test_equal_requests_are_equal_bytes() -> None:
    """A client that sends again may order and space its fields otherwise."""
    one, other = b'{"b": [1, 2], "a": "\\u00e9"}', '{ "a":"é","b":[1,2] }'.encode()
    assert door.canonical(one) == door.canonical(other)
    assert door.canonical(b'{"b": [2, 1]}') != door.canonical(b'{"b": [1, 2]}')


@pytest.mark.parametrize(
    ("body", "plain"),
    [
        (b'{"title": "a", "services": ["b", "c"], "log": true, "n": 1, "x": null}', True),
        (b"{}", True),
        (b' {"a":""} ', True),
        ('{"ä": "€"}'.encode(), True),
        (b'{"a": [], "b": [""]}', True),
        (b'{"a": "b", "a": "b"}', False),
        (b'{"a": "", "a": ["", ""]}', False),
        (b'{"a": 1, "a": 2}', False),
        (b'{"a": null, "a": [1]}', False),
        (b'{"a": 1.5}', False),
        (b'{"a": 1e999}', False),
        (b'{"a": NaN}', False),
        (b'{"a": 123456789012345678901234567890}', False),
        (b'{"a": {"b": 1}}', False),
        (b'{"a": [["b"]]}', False),
        (b'{"a": [1]}', False),
        (b'{"a": "\\u00e9"}', False),
        (b'{"a": "\\""}', False),
        (b'"a"', False),
        (b'{"a": "\xff"}', False),
        (b"{", False),
    ],
)
def test_what_is_taken_for_plain_is_just_what_everybody_reads_in_it(
    body: bytes, plain: bool
) -> None:
    """Whatever a reader might take another way is left to the slow and careful one."""
    found = door._plain(body)
    assert plain is (found is not None)
    if plain:
        assert door.parse(body) == found


@given(
    dictionaries(
        text(max_size=4), none() | booleans() | integers(-9, 9) | text() | lists(text()), max_size=5
    ),
    booleans(),
)
def test_plain_objects_are_read_alike_and_a_name_twice_is_never_plain(
    value: dict[str, Any], pretty: bool
) -> None:
    body = json.dumps(value, ensure_ascii=False, indent=2 if pretty else None).encode()
    found = door._plain(body)
    assert found in (None, value)
    assert found is not None or b"\\" in body
    for name in value:
        twice = body.rstrip()[:-1] + b", " + json.dumps(name).encode() + b": 1}"
        assert door._plain(twice) is None
