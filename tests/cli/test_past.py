"""`tocsin diff`, `why` and `queue`: other moments, for people to read."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Run
from tests.cli.test_incident import asked

INC = "INC0000001"


def lines(run: Run, home: Path, *arguments: str) -> list[str]:
    answer = run("--home", home, *arguments)
    assert answer.exit_code == 0, answer.err
    return [" ".join(line.split()) for line in answer.out.splitlines()]


def times(run: Run, home: Path) -> list[str]:
    return [event["occurred_at"] for event in asked(run, home)["timeline"]]


def test_a_difference_shows_values_and_the_events_that_make_it(run: Run, played: Path) -> None:
    at = times(run, played)
    said = lines(run, played, "diff", INC, "--from", at[1], "--to", at[2])
    assert "status: new → in-progress" in said
    because = said.index("Because of")
    assert len(said) == because + 2
    assert said[-1].endswith("3 Acknowledged. grace.hopper") or "Acknowledged." in said[-1]


def test_from_version_zero_everything_is_new(run: Run, played: Path) -> None:
    answer = run("--home", played, "--json", "diff", INC, "--version-from", "0")
    assert answer == run("--home", played, "--json", "diff", INC)
    assert answer.document["from"]["version"] == 0
    assert len(answer.document["events"]) == 19


def test_backwards_it_shows_what_is_no_longer_counted(run: Run, played: Path) -> None:
    said = lines(run, played, "diff", INC, "--version-from", "5", "--version-to", "4")
    assert "No longer counted" in said
    assert "Because of" not in said


def test_where_nothing_differs_it_says_so(run: Run, played: Path) -> None:
    said = lines(run, played, "diff", INC, "--version-from", "5", "--version-to", "5")
    assert said == ["Nothing differs."]


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        ((INC, "--version-from", "77"), 1, f"{INC} has 19 versions, there is no version 77."),
        ((INC, "--version-from", "1", "--to", "1999-01-01"), 1, f"Nothing of {INC} had happened"),
        (("INC7777777", "--version-from", "1"), 1, "There is no incident INC7777777."),
    ],
)
def test_a_difference_that_there_is_not_is_refused(
    run: Run, played: Path, arguments: tuple[str, ...], code: int, why: str
) -> None:
    answer = run("--home", played, "diff", *arguments)
    assert (answer.exit_code, answer.out) == (code, "")
    assert answer.err.startswith(f"Error: {why}")


@pytest.mark.parametrize("command", [("incident", INC), ("queue",), ("why", INC)])
def test_the_future_is_refused(run: Run, played: Path, command: tuple[str, ...]) -> None:
    answer = run("--home", played, *command, "--known-at", "2999-01-01")
    assert answer.exit_code == 2
    assert answer.err.startswith("Error: --known-at lies in the future: it is ")


def test_why_shows_each_value_with_the_event_that_set_it(run: Run, played: Path) -> None:
    said = lines(run, played, "why", INC)
    place = said.index("cause Debug logging, left on after Friday's update, filled the disk.")
    assert "Cause identified:" in said[place + 1]
    assert any(line.startswith(("met ", "breached ")) for line in said)
    assert not any(line.startswith("before:") for line in said)


def test_of_one_value_it_shows_what_it_was_before(run: Run, played: Path) -> None:
    said = lines(run, played, "why", INC, "status")
    assert said[0] == "status closed"
    assert "before: resolved" in said
    assert said[-2] == "before: reported"
    of_parts = lines(run, played, "why", INC, "workarounds")
    assert any(line.startswith("workarounds W1 status applied") for line in of_parts)


def test_what_nobody_ever_said_anything_of_is_said_to_be_so(run: Run, played: Path) -> None:
    assert lines(run, played, "why", INC, "urgency", "--version", "3") == [
        "urgency nothing",
        "nobody ever said anything of it",
    ]


def test_a_value_that_there_is_not_is_wrong_use(run: Run, played: Path) -> None:
    answer = run("--home", played, "why", INC, "prority")
    assert answer.exit_code == 2
    assert answer.err.startswith("Error: prority is none of its values: ")
    nothing = run("--home", played, "why", INC, "--known-at", "1999-01-01")
    assert nothing.err == f"Error: Nothing of {INC} had been recorded by then.\n"


def while_open(run: Run, home: Path) -> str:
    """A moment at which it was with the service desk."""
    at = datetime.fromisoformat(times(run, home)[6]) + timedelta(seconds=1)
    return at.isoformat()


def test_a_queue_is_that_of_the_moment(run: Run, played: Path) -> None:
    then = while_open(run, played)
    groups = lines(run, played, "queue", "--as-of", then)
    assert groups[0].startswith("group open on hold unassigned")
    assert groups[1].startswith("service-desk 1 ")
    rows = lines(run, played, "queue", "service-desk", "--as-of", then)
    assert rows[1].startswith("INC0000001 1 in-progress")
    assert rows[1].endswith("grace.hopper Nobody can send or receive e-mail")
    assert lines(run, played, "queue") == ["Nothing waited."], "all is closed by now"
    held = lines(run, played, "queue", "service-desk", "--as-of", then, "--on-hold")
    assert held == ["Nothing waited there."]


def test_a_long_queue_is_shown_page_by_page(
    run: Run, played: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tocsin.cli.commands import queue
    from tocsin.past.asking import Answer, Source
    from tocsin.readmodels import Page

    page: Page[Any] = Page((), "further", 7)
    row = type("Row", (), dict.fromkeys(queue.COUNTS, 0))()
    full = Answer(Page((row,), page.next, 7), Source.LOG)
    monkeypatch.setattr(queue, "_answered", lambda *_: full)
    answer = run("--home", played, "queue")
    assert answer.err == "There is more: --after further\n"
    assert answer.out.splitlines()[1].split() == ["0"] * len(queue.COUNTS)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--assignee", "ada"), "--assignee and --on-hold are about one GROUP: name it."),
        (("--on-hold",), "--assignee and --on-hold are about one GROUP: name it."),
        (("--reading", "lake"), "--reading cannot be the lake: There is no lake in"),
        (("--after", "nonsense"), "--after: This cursor does not belong to this list"),
    ],
)
def test_a_queue_that_cannot_be_shown_is_wrong_use(
    run: Run, played: Path, arguments: tuple[str, ...], why: str
) -> None:
    answer = run("--home", played, "queue", *arguments)
    assert answer.exit_code == 2
    assert answer.err.startswith(f"Error: {why}")


def test_more_than_fits_into_memory_is_refused(
    run: Run, played: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.readmodels.passing.AT_MOST", 0)
    answer = run("--home", played, "queue", "--as-of", while_open(run, played))
    assert (answer.exit_code, answer.out) == (1, "")
    assert "More than 0 incidents would have to be looked at." in answer.err
