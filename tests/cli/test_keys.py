"""`tocsin keys`: a key is shown once, and what was done to it is kept."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Run
from tocsin.keys import well_formed


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where the keys lie."""
    return tmp_path / "home"


def issued(run: Run, home: Path, *arguments: str) -> Any:
    """A new key for Ada, as JSON."""
    arguments = arguments or ("--scope", "incidents:read")
    return run("--home", home, "--json", "keys", "issue", "ada", *arguments).document


def listed(run: Run, home: Path) -> list[Any]:
    """Every key there is."""
    keys: list[Any] = run("--home", home, "--json", "keys", "list").document["keys"]
    return keys


def test_a_new_key_is_shown_once_and_alone_on_standard_output(run: Run, home: Path) -> None:
    """So that a script can take it as it is."""
    answer = run("--home", home, "keys", "issue", "ada", "--scope", "incidents:read")
    token = answer.out.strip()
    assert answer.exit_code == 0
    assert well_formed(token)
    assert token not in answer.err
    shown = run("--home", home, "keys", "list").out + json.dumps(listed(run, home))
    assert token not in shown
    assert token.rpartition("_")[2] not in shown


def test_a_key_has_the_scopes_and_the_end_that_were_asked_for(run: Run, home: Path) -> None:
    key = issued(run, home, "--scope", "audit:read", "--scope", "incidents:write", "--days", "3")
    assert key["scopes"] == ["audit:read", "incidents:write"]
    assert key["state"] == "valid"
    left = datetime.fromisoformat(key["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=2, hours=23) < left <= timedelta(days=3)
    assert well_formed(key["token"])


def test_a_key_can_end_at_a_moment(run: Run, home: Path) -> None:
    moment = ("--expires", "2199-01-01T00:00", "--time-zone", "Europe/Vienna")
    key = issued(run, home, "--scope", "admin", *moment)
    assert key["expires_at"] == "2198-12-31T23:00:00Z"


def test_the_list_tells_the_valid_from_the_revoked(run: Run, home: Path) -> None:
    first, second = issued(run, home), issued(run, home)
    answer = run("--home", home, "keys", "revoke", first["key_id"])
    assert (answer.exit_code, answer.out) == (0, f"Revoked {first['key_id']} of ada.\n")
    states = {key["key_id"]: key["state"] for key in listed(run, home)}
    assert states == {first["key_id"]: "revoked", second["key_id"]: "valid"}
    lines = run("--home", home, "keys", "list").out.splitlines()
    assert lines[0].split()[:4] == ["key", "owner", "scopes", "state"]
    assert len(lines) == 3


def test_a_rotated_key_gives_way_to_a_new_one_after_a_while(run: Run, home: Path) -> None:
    old = issued(run, home)
    rotate = ("keys", "rotate", old["key_id"], "--overlap-hours", "0")
    new = run("--home", home, "--json", *rotate).document
    assert well_formed(new["token"])
    assert new["token"] != old["token"]
    states = {key["key_id"]: key["state"] for key in listed(run, home)}
    assert states == {old["key_id"]: "expired", new["key_id"]: "valid"}


@pytest.mark.parametrize("what", ["revoke", "rotate"])
def test_a_key_that_is_none_can_be_neither_revoked_nor_rotated(
    run: Run, home: Path, what: str
) -> None:
    issued(run, home)
    answer = run("--home", home, "keys", what, "nothing")
    assert answer.exit_code == 1
    assert answer.err.startswith("Error: There is no key nothing")


def test_a_scope_that_is_none_is_answered_with_those_there_are(run: Run, home: Path) -> None:
    answer = run("--home", home, "keys", "issue", "ada", "--scope", "everything")
    assert answer.exit_code == 2
    assert "'everything' is no scope; there are: incidents:read" in answer.err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--scope", "admin", "--days", "0"),
        ("--scope", "admin", "--days", "3", "--expires", "2199-01-01"),
        ("--scope", "admin", "--expires", "soon"),
    ],
)
def test_a_key_needs_a_scope_and_one_end(run: Run, home: Path, arguments: tuple[str, ...]) -> None:
    answer = run("--home", home, "keys", "issue", "ada", *arguments)
    assert (answer.exit_code, answer.out) == (2, "")


def test_a_key_that_would_never_work_is_refused(run: Run, home: Path) -> None:
    past = ("--scope", "admin", "--expires", "2001-01-01")
    answer = run("--home", home, "keys", "issue", "ada", *past)
    assert (answer.exit_code, answer.out) == (1, "")
