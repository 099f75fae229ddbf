"""`tocsin verify`: whatever is altered behind the log's back is found, and named."""

import asyncio
import dataclasses
import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Run
from tests.importers.audit import rows, written
from tocsin.cli.commands.verify import whose
from tocsin.desk import Desk
from tocsin.domain.incident.commands.reporting import Report
from tocsin.domain.incident.commands.resolution import Resolve
from tocsin.domain.incident.state import INCIDENT
from tocsin.domain.incident.values import Source
from tocsin.domain.kernel import AGGREGATES, Command
from tocsin.domain.policy import DEFAULT_DOCUMENT
from tocsin.drivers import sqlite3
from tocsin.readmodels.database import FILE
from tocsin.settings import Settings
from tocsin.store.log import Log


def tamper(file: Path, *statements: str) -> None:
    """Change the file as somebody would who may write it: the guards are no obstacle to them."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            assert connection.execute(statement).rowcount != 0, "it changed nothing"


def faults(run: Run, home: Path, *arguments: str) -> dict[str, list[str]]:
    """What is wrong, by check."""
    answer = run("--home", home, "--json", "verify", "--log-only", *arguments)
    document = answer.document
    assert answer.exit_code == (0 if document["ok"] else 1)
    found: dict[str, list[str]] = {}
    for fault in document["faults"]:
        found.setdefault(fault["check"], []).append(fault["says"])
    assert {check: len(says) for check, says in found.items()} == document["faults_by_check"]
    return found


def test_a_sound_log_is_said_to_be_sound(run: Run, played: Path) -> None:
    answer = run("--home", played, "verify")
    assert answer.exit_code == 0
    first, *rest = answer.out.splitlines()
    expected = rf"{re.escape(str(played))}/tocsin.db: 19 events of 1 incident, 1 name, in .* s"
    assert re.fullmatch(expected, first)
    assert rest[-1] == "Everything agrees."
    assert "  timeline: 19 rows at position 19, equal to a rebuilt one" in rest
    assert "  workload: not built, nothing to compare" in rest


def test_its_json_says_what_was_looked_at(run: Run, played: Path) -> None:
    document = run("--home", played, "--json", "verify").document
    assert (document["ok"], document["head"], document["streams"]) == (True, 19, 1)
    assert (document["faults"], document["faults_by_check"]) == ([], {})
    models = {each["name"]: each for each in document["read_models"]}
    assert models["timeline"]["equal"] is True
    assert len(models["timeline"]["digest"]) == 64
    assert models["workload"]["equal"] is None


def test_an_imported_history_agrees_too(run: Run, tmp_path: Path) -> None:
    """Two incidents, a foreign number and a reference for each."""
    lines = rows({}, {"incident_state": "Active"}) + rows({}, number="INC0000002")
    file = written(tmp_path / "audit.csv", lines)
    home = tmp_path / "home"
    assert run("--home", home, "import", "servicenow-audit", file).exit_code == 0
    document = run("--home", home, "--json", "verify").document
    assert (document["ok"], document["streams"], document["names"]) == (True, 2, 4)


def test_streams_are_counted_by_their_kind(run: Run, played: Path) -> None:
    """An auditor asks how many incidents there are: the policy is none."""
    policy = played.parent / "policy.toml"
    policy.write_text(DEFAULT_DOCUMENT.replace('goal = "15m"', 'goal = "20m"'))
    assert run("--home", played, "policy", "publish", policy, "--note", "A test").exit_code == 0
    assert run("--home", played, "demo").exit_code == 0
    answer = run("--home", played, "verify", "--log-only")
    assert "40 events of 2 incidents and the policy, 2 names, in " in answer.out
    document = run("--home", played, "--json", "verify", "--log-only").document
    assert {"incident": 2, "policy": 1} == document["streams_by_kind"]
    assert (3, True) == (document["streams"], document["ok"])


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ({}, ""),
        ({"incident": 1}, " of 1 incident"),
        ({"policy": 1}, " of the policy"),
        ({"policy": 1, "incident": 1_200}, " of 1,200 incidents and the policy"),
        (
            {"policy": 1, "incident": 2, "unreadable": 1},
            " of 2 incidents, the policy and 1 stream of which nothing can be read",
        ),
    ],
)
def test_kinds_of_streams_read_as_a_sentence(kinds: dict[str, int], said: str) -> None:
    assert said == whose(kinds)


def test_a_stream_of_which_nothing_can_be_read_is_of_no_kind(run: Run, played: Path) -> None:
    """Its envelope says which stream it is; what it is about, nobody knows."""
    tamper(played / "tocsin.db", _replaced('"event":"incident.', '"event":"accident.', None))
    document = run("--home", played, "--json", "verify", "--log-only").document
    assert {"unreadable": 1} == document["streams_by_kind"]


def test_a_missing_position_is_a_gap(run: Run, played: Path) -> None:
    tamper(played / "tocsin.db", "DELETE FROM events WHERE position = 7")
    found = faults(run, played)
    assert found["gap"] == ["positions 7 to 7 are missing"]
    assert found["version"] == ["version 8 follows version 6"]


def test_a_missing_end_is_a_gap(run: Run, played: Path) -> None:
    tamper(played / "tocsin.db", "DELETE FROM events WHERE position > 17")
    assert faults(run, played)["gap"] == ["positions 18 to 19 are missing"]


@pytest.mark.parametrize(
    "body",
    ["not json", "{}", '{"event": "incident.reported", "data": {}, "schema": 1}', "null"],
)
def test_an_event_that_nobody_can_read_is_named(run: Run, played: Path, body: str) -> None:
    statement = f"UPDATE events SET body = CAST('{body}' AS BLOB) WHERE position = 5"
    tamper(played / "tocsin.db", statement)
    assert len(faults(run, played)["unreadable"]) == 1


def test_an_event_of_a_name_that_is_none_is_unreadable(run: Run, played: Path) -> None:
    tamper(played / "tocsin.db", _replaced("incident.acknowledged", "incident.forgotten", 3))
    assert "incident.forgotten" in faults(run, played)["unreadable"][0]


def test_bytes_that_say_the_same_in_another_way_are_not_canonical(run: Run, played: Path) -> None:
    """A proof of integrity is about bytes: a space more is another event."""
    tamper(played / "tocsin.db", _replaced('"position":3', '"position": 3', 3))
    assert set(faults(run, played)) == {"not-canonical", "tree"}


def test_an_event_at_another_position_than_it_says_is_displaced(run: Run, played: Path) -> None:
    tamper(played / "tocsin.db", _replaced('"position":3,', '"position":4,', 3))
    assert faults(run, played)["displaced"] == ["the event says that it is at position 4"]


def test_an_event_filed_under_another_incident_is_found(run: Run, played: Path) -> None:
    tamper(played / "tocsin.db", "UPDATE events SET stream = zeroblob(16) WHERE position = 12")
    assert set(faults(run, played)) == {"index"}


def test_a_reference_that_leads_elsewhere_is_found(run: Run, played: Path) -> None:
    tamper(played / "tocsin.db", "UPDATE claims SET stream = zeroblob(16)")
    (says,) = faults(run, played)["claim"]
    assert says.startswith("reference INC0000001 is held by 00000000-")


def test_a_reference_that_leads_nowhere_is_found(run: Run, played: Path) -> None:
    tamper(played / "tocsin.db", "DELETE FROM claims")
    (says,) = faults(run, played)["claim"]
    assert says.startswith("reference INC0000001 is held by nobody, the events say ")


def test_a_command_whose_answer_is_gone_is_found(run: Run, played: Path) -> None:
    """Asked again, it would be recorded again."""
    tamper(played / "tocsin.db", "DELETE FROM commands")
    assert len(faults(run, played)["unanswered"]) == 18


def test_a_read_model_that_says_something_else_is_found(run: Run, played: Path) -> None:
    with closing(sqlite3.connect(played / FILE)) as connection:
        (table,) = connection.execute(
            "SELECT table_name FROM projections WHERE name = 'timeline' AND role = 'live'"
        ).fetchone()
    tamper(played / FILE, f"UPDATE {table} SET words = 'All was well.' WHERE position = 3")
    answer = run("--home", played, "verify")
    assert answer.exit_code == 1
    assert "timeline differs from the log in 1 of 19 rows: 3" in answer.out
    assert answer.out.endswith("1 fault.\n")
    assert run("--home", played, "verify", "--log-only").exit_code == 0


def test_what_is_printed_ends_somewhere_and_counts_the_rest(run: Run, played: Path) -> None:
    tamper(played / "tocsin.db", "UPDATE events SET body = zeroblob(3)")
    document = run("--home", played, "--json", "verify", "--log-only").document
    assert document["faults_by_check"] == {"unreadable": 19, "tree": 3}


def test_it_runs_beside_the_writer(run: Run, played: Path) -> None:
    writer = Log.open(Settings(home=played), writer=True)
    try:
        assert run("--home", played, "verify").exit_code == 0
    finally:
        writer.close()


def asked(home: Path, *commands: Command[Any]) -> None:
    """Ask for these, one after the other, of the incident that the first one begins."""

    async def ask() -> None:
        settings = Settings(home=home)
        log = Log.open(settings, writer=True)
        desk, stream = Desk(log, settings), None
        await desk.start()
        try:
            for command in commands:
                receipt = await desk.handle(command, stream=stream, caller="a test")
                stream = receipt.incident_id
        finally:
            await desk.stop()
            log.close()

    asyncio.run(ask())


ALARM = Report(title="Disk full", source=Source.AUTOMATED_ALERT, dedup_key="disk")
OVER = Resolve(resolution_code="cleared", resolution="Made room.")


def test_a_key_against_duplicates_is_given_back_and_taken_again(run: Run, tmp_path: Path) -> None:
    asked(tmp_path, ALARM, OVER)
    asked(tmp_path, ALARM)
    assert faults(run, tmp_path) == {}
    tamper(tmp_path / "tocsin.db", "DELETE FROM claims WHERE kind = 'dedup'")
    (says,) = faults(run, tmp_path)["claim"]
    assert says.startswith("dedup disk is held by nobody, the events say ")


def test_names_that_move_while_it_looks_are_no_fault(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The alarm ends, and rings again, after the events were read and before names are compared."""
    from tocsin.cli.verification import streams

    asked(tmp_path, ALARM)
    compare: Callable[..., Any] = streams.compare

    def slow(log: Log, *rest: Any) -> Any:
        names = compare(log, *rest)
        # The alarm that rings is the one that is there already.
        asked(tmp_path, ALARM, OVER)
        asked(tmp_path, ALARM)
        return names

    monkeypatch.setattr(streams, "compare", slow)
    assert faults(run, tmp_path) == {}


def test_two_incidents_with_one_reference_are_found(run: Run, played: Path) -> None:
    assert run("demo", "--home", played).exit_code == 0
    tamper(played / "tocsin.db", _replaced("INC0000002", "INC0000001", 21))
    assert any("claimed again" in says for says in faults(run, played)["claim"])


def test_an_event_that_does_not_fold_is_named(
    run: Run, played: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def evolve(state: Any, recorded: Any) -> Any:
        raise KeyError(recorded.event.event_name)

    broken = dataclasses.replace(INCIDENT, evolve=evolve)
    monkeypatch.setitem(AGGREGATES, "incident", broken)
    (says,) = faults(run, played)["fold"]
    assert says.startswith("incident.reported cannot be applied: KeyError")


def _replaced(old: str, new: str, position: int | None) -> str:
    """A statement that changes the event at a position, or each one."""
    where = "" if position is None else f" WHERE position = {position}"
    return (
        f"UPDATE events SET body = CAST(replace(CAST(body AS TEXT), '{old}', '{new}') AS BLOB)"
        + where
    )
