"""`tocsin replay`: one event at a time, forward and back, and what each of them changed."""

import os
import pty
import select
import subprocess
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import SECONDS, Run, command, ended, environment, process
from tocsin.cli.keyboard import split
from tocsin.cli.steps import Steps
from tocsin.settings import Settings
from tocsin.store.log import Log

LAST = 19


@pytest.fixture
def steps(played: Path) -> Steps:
    """The history of the demonstration."""
    log = Log.open(Settings(home=played))
    try:
        stream = log.holder("reference", "INC0000001")
        assert stream is not None
        return Steps(log.history(stream))
    finally:
        log.close()


def test_every_step_says_what_its_event_changed(run: Run, played: Path) -> None:
    lines = run("--home", played, "replay", "INC0000001").out.splitlines()
    at = next(n for n, line in enumerate(lines) if "Acknowledged." in line)
    assert lines[at + 1] == "      status: new → in-progress"
    assert lines[at + 2].startswith("      acknowledged at: 20")


def test_its_json_has_each_step_with_values_before_and_after(run: Run, played: Path) -> None:
    (found,) = run("--home", played, "--json", "replay", "INC0000001").document["incidents"]
    assert found["reference"] == "INC0000001"
    assert len(found["steps"]) == LAST
    escalated = next(step for step in found["steps"] if step["event"] == "incident.escalated")
    assert escalated["changed"]["group"] == {"was": "service-desk", "now": "server-team"}
    assert escalated["changed"]["assignee"] == {"was": "grace.hopper", "now": None}


def test_folding_what_the_steps_changed_gives_the_state(run: Run, played: Path) -> None:
    """Nothing that changed is missing from the steps."""
    (found,) = run("--home", played, "--json", "replay", "INC0000001").document["incidents"]
    folded: dict[str, Any] = {}
    for step in found["steps"]:
        folded |= {name: change["now"] for name, change in step["changed"].items()}
    state = run("--home", played, "--json", "incident", "INC0000001").document["incidents"][0][
        "state"
    ]
    assert folded == {name: state[name] for name in folded}
    assert {"status", "cause", "workarounds", "closure_code"} <= set(folded)


def test_at_a_version_it_prints_the_state_and_no_step(run: Run, played: Path) -> None:
    out = run("--home", played, "replay", "INC0000001", "--version", "3").out
    assert out.splitlines()[1] == "  version 3"
    assert "acknowledged at" in out
    assert "Acknowledged." not in out


def test_at_a_time_it_prints_the_state_as_it_was(run: Run, played: Path) -> None:
    answer = run("--home", played, "--json", "incident", "INC0000001")
    at = answer.document["incidents"][0]["timeline"][7]["occurred_at"]
    answer = run("--home", played, "--json", "replay", "INC0000001", "--at", at)
    (found,) = answer.document["incidents"]
    assert found["state"]["version"] == 8
    assert "resolve" in found["state"]["possible"]


def test_what_is_possible_is_known_to_a_program_that_did_nothing_else(played: Path) -> None:
    """The commands are found only when somebody imports them."""
    started = process("--json", "replay", "INC0000001", "--version", "3", TOCSIN_HOME=str(played))
    (found,) = ended(started).document["incidents"]
    assert {"assign", "resolve"} <= set(found["state"]["possible"])


def test_an_unknown_incident_cannot_be_replayed(run: Run, played: Path) -> None:
    answer = run("--home", played, "replay", "INC0000002")
    assert (answer.exit_code, answer.out) == (1, "")


def test_a_bad_time_is_wrong_use(run: Run, played: Path) -> None:
    assert run("--home", played, "replay", "INC0000001", "--at", "noon").exit_code == 2


def test_keys_go_forward_and_back_and_stop_at_both_ends(steps: Steps) -> None:
    places = []
    for key in ["b", "n", "\x1b[C", "x", "\x1b[D", "G", "n", "g", "b"]:
        assert steps.press(key)
        places.append(steps.at)
    assert places == [1, 2, 3, 3, 2, LAST, LAST, 1, 1]


@pytest.mark.parametrize("key", ["q", "\x1b", "\x03"])
def test_a_key_ends_it(steps: Steps, key: str) -> None:
    assert not steps.press(key)


def typed(steps: Steps, keys: str) -> int:
    """Where one is after these keys."""
    for key in keys:
        assert steps.press(key)
    return steps.at


def test_a_number_goes_to_that_step(steps: Steps) -> None:
    assert typed(steps, "7G") == 7
    assert typed(steps, "12\r") == 12
    assert typed(steps, "999G") == LAST
    assert typed(steps, "1\x7f") == LAST, "a number that is erased leads nowhere"
    assert typed(steps, "3x") == LAST
    assert typed(steps, "g") == 1


def test_a_field_is_looked_for_where_it_changed(steps: Steps) -> None:
    """Forward, on from there, and back again."""
    with_group = [n for n in range(1, LAST + 1) if "group" in steps.changed(n)]
    assert len(with_group) == 2
    assert typed(steps, "/group\r") == with_group[0]
    assert typed(steps, ";") == with_group[1]
    assert typed(steps, ";") == with_group[1]
    assert steps.seeking.said == "No later step changes 'group'."
    assert typed(steps, ",") == with_group[0]
    assert steps.seeking.said == ""
    assert typed(steps, ",") == with_group[0]
    assert steps.seeking.said == "No earlier step changes 'group'."


def test_a_part_of_a_fields_name_will_do(steps: Steps) -> None:
    at = typed(steps, "/CLOSURE co\r")
    assert "closure_code" in steps.changed(at)


def test_letters_that_are_typed_are_no_commands(steps: Steps) -> None:
    """A field may have q and n in its name."""
    assert typed(steps, "/qng") == 1
    assert steps.seeking.typed == "/qng"
    assert typed(steps, "\x1b") == 1, "escape gives it up, and ends nothing"
    assert steps.seeking.typed == ""
    assert not steps.press("\x1b")


def test_an_empty_search_goes_nowhere_and_typing_has_a_limit(steps: Steps) -> None:
    assert typed(steps, "/\r;n") == 2
    typed(steps, "/" + "x" * 99)
    assert len(steps.seeking.typed) == 40
    assert not steps.press("\x03")


def test_each_state_is_the_fold_of_the_steps_up_to_it(steps: Steps) -> None:
    steps.press("G")
    assert (steps.state.version, steps.state.status) == (LAST, "closed")
    steps.press("b")
    assert (steps.state.version, steps.state.status) == (LAST - 1, "resolved")


def test_what_is_read_at_once_may_be_several_keys() -> None:
    """Whoever holds a key down types faster than the screen is drawn."""
    assert split("nn\x1b[C\x1b[D\x1bOHq\x1b[3~\x1b") == [
        *("n", "n", "\x1b[C", "\x1b[D", "\x1bOH", "q", "\x1b[3~", "\x1b")
    ]


def test_on_a_terminal_the_keys_step_through_it(played: Path) -> None:
    """Seen as a person sees it: one screen per step, in colour."""
    ours, theirs = pty.openpty()
    player = subprocess.Popen(
        command("--home", played, "replay", "INC0000001"),
        env=environment({"TERM": "xterm-256color", "COLUMNS": "120"}) | {"NO_COLOR": ""},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    try:
        first = _until(ours, f"1 of {LAST}")
        os.write(ours, b"n")
        second = _until(ours, f"2 of {LAST}")
        os.write(ours, b"\x1b[Cn")
        _until(ours, f"4 of {LAST}")
        os.write(ours, b"\x1b[D")
        _until(ours, f"3 of {LAST}")
        os.write(ours, b"q")
        code = player.wait(SECONDS)
    finally:
        player.kill()
        player.wait()
        os.close(ours)
    assert code == 0
    assert "Reported by ada.lovelace" in first
    assert "Logged as INC0000001." in second
    assert "\x1b[" in first


def _until(terminal: int, words: str) -> str:
    """What a terminal shows, until it shows these words."""
    seen, end = "", time.monotonic() + SECONDS
    while words not in seen:
        assert time.monotonic() < end, seen
        if select.select([terminal], [], [], 0.2)[0]:
            seen += os.read(terminal, 65_536).decode(errors="replace")
    return seen


def test_a_late_entry_says_when_it_was_recorded(run: Run, played: Path) -> None:
    answer = run("--home", played, "--json", "incident", "INC0000001", "--version", "1")
    (event,) = answer.document["incidents"][0]["timeline"]
    recorded_at = datetime.fromisoformat(event["recorded_at"])
    out = run("--home", played, "incident", "INC0000001", "--version", "1").out
    assert out.rstrip().endswith(f"recorded {recorded_at:%Y-%m-%d %H:%M:%S} UTC")
