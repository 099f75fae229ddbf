"""`tocsin incident`: the state and the timeline, now and at any moment."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Run, ended, process


def asked(run: Run, home: Path, *arguments: str) -> Any:
    """The only incident that an answer holds."""
    answer = run("--home", home, "--json", "incident", "INC0000001", *arguments)
    assert answer.exit_code == 0, answer.err
    (found,) = answer.document["incidents"]
    return found


def test_it_shows_the_state_and_under_it_the_timeline(run: Run, played: Path) -> None:
    answer = run("--home", played, "incident", "INC0000001")
    assert answer.exit_code == 0
    first, *rest = answer.out.splitlines()
    assert first == "INC0000001  closed  priority 1  Nobody can send or receive e-mail"
    assert any(re.fullmatch(r"  cause +Debug logging.*", line) for line in rest)
    told = [line for line in rest if re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC +\d+  ", line)]
    assert len(told) == 19
    assert "Reported by ada.lovelace" in told[0]
    assert "Closed (solved-permanently)" in told[-1]


def test_its_json_has_state_timeline_and_what_is_possible(run: Run, played: Path) -> None:
    found = asked(run, played)
    assert set(found) == {"state", "timeline"}
    assert found["state"]["status"] == "closed"
    assert found["state"]["workarounds"]["W1"]["status"] == "applied"
    assert "last_said" not in found["state"]
    assert "reopen" in found["state"]["possible"]
    event = found["timeline"][0]
    assert event["event"] == "incident.reported"
    assert event["words"].startswith("Reported by ada.lovelace")
    assert event["occurred_at"].endswith("Z")
    assert [each["version"] for each in found["timeline"]] == list(range(1, 20))


@pytest.mark.parametrize("change", [str.lower, str.upper])
def test_a_reference_is_found_however_it_is_typed(run: Run, played: Path, change: Any) -> None:
    assert run("--home", played, "incident", change("inc0000001")).exit_code == 0


def test_it_is_found_by_its_id(run: Run, played: Path) -> None:
    incident_id = asked(run, played)["state"]["incident_id"]
    answer = run("--home", played, "--json", "incident", incident_id)
    assert answer.document["incidents"][0]["state"]["reference"] == "INC0000001"


@pytest.mark.parametrize("name", ["INC7777777", "00000000-0000-0000-0000-000000000000", "", "'"])
def test_an_unknown_reference_is_said_to_be_unknown(run: Run, played: Path, name: str) -> None:
    answer = run("--home", played, "--json", "incident", name)
    assert answer.exit_code == 1
    assert answer.err == f"Error: There is no incident {name}.\n"
    assert answer.document == {"error": {"exit_code": 1, "says": f"There is no incident {name}."}}


def test_one_unknown_among_several_is_an_error_and_nothing_is_shown(run: Run, played: Path) -> None:
    answer = run("--home", played, "incident", "INC0000001", "INC7777777")
    assert (answer.exit_code, answer.out) == (1, "")


def test_without_a_reference_it_is_wrong_use(run: Run) -> None:
    assert run("incident").exit_code == 2


def test_as_of_a_moment_it_shows_what_had_happened_by_then(run: Run, played: Path) -> None:
    timeline = asked(run, played)["timeline"]
    found = asked(run, played, "--as-of", timeline[8]["occurred_at"])
    assert found["timeline"] == timeline[:9]
    assert found["state"]["status"] == "in-progress"
    assert found["state"]["closed_at"] is None


def test_known_at_a_moment_it_shows_what_had_been_recorded_by_then(run: Run, played: Path) -> None:
    """All was written down today: before that, nobody here knew anything."""
    timeline = asked(run, played)["timeline"]
    recorded_at = datetime.fromisoformat(timeline[0]["recorded_at"])
    before = (recorded_at - timedelta(seconds=1)).isoformat()
    answer = run("--home", played, "incident", "INC0000001", "--known-at", before)
    assert answer.exit_code == 1
    assert answer.err == "Error: Nothing of INC0000001 had been recorded by then.\n"
    after = timeline[-1]["recorded_at"]
    assert len(asked(run, played, "--known-at", after)["timeline"]) == 19


def test_a_version_is_the_history_up_to_it(run: Run, played: Path) -> None:
    found = asked(run, played, "--version", "3")
    assert [event["event"] for event in found["timeline"]] == [
        "incident.reported",
        "incident.logged",
        "incident.acknowledged",
    ]


def test_a_version_that_is_not_there_yet_is_refused(run: Run, played: Path) -> None:
    answer = run("--home", played, "incident", "INC0000001", "--version", "20")
    assert answer.exit_code == 1
    assert answer.err == "Error: INC0000001 has 19 versions, there is no version 20.\n"


def test_a_moment_before_the_report_has_nothing_to_show(run: Run, played: Path) -> None:
    answer = run("--home", played, "incident", "INC0000001", "--as-of", "1999-01-01")
    assert answer.exit_code == 1
    assert answer.err == "Error: Nothing of INC0000001 had happened by then.\n"


@pytest.mark.parametrize("time", ["yesterday", "2026-13-01", "14:05", ""])
def test_a_time_that_is_none_is_wrong_use(run: Run, played: Path, time: str) -> None:
    answer = run("--home", played, "incident", "INC0000001", "--as-of", time)
    assert answer.exit_code == 2
    assert "is no time" in answer.err


def test_times_are_shown_and_read_in_the_zone_that_was_asked_for(run: Run, played: Path) -> None:
    """What one copies from the answer and types as `--as-of` means the same moment."""
    zone = ("--time-zone", "Asia/Kolkata")
    answer = run("--home", played, *zone, "incident", "INC0000001")
    shown = re.findall(r"^(\S+ \S+) IST", answer.out, re.MULTILINE)
    assert len(shown) == 19
    answer = run("--home", played, *zone, "--json", "incident", "INC0000001", "--as-of", shown[2])
    assert len(answer.document["incidents"][0]["timeline"]) == 3


def test_a_zone_that_is_none_is_wrong_use(run: Run) -> None:
    answer = run("incident", "INC0000001", "--time-zone", "Mars/Olympus")
    assert answer.exit_code == 2
    assert "is no time zone" in answer.err


def test_a_program_that_reads_it_gets_no_colours_and_whole_lines(played: Path) -> None:
    answer = ended(process("incident", "INC0000001", TOCSIN_HOME=str(played), COLUMNS="40"))
    assert answer.exit_code == 0
    assert "\x1b" not in answer.out
    assert any(len(line) > 120 for line in answer.out.splitlines())
