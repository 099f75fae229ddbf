"""The reference says what the code says, all of it, and nothing else."""

import re
from dataclasses import fields
from pathlib import Path

import click
import pytest

from scripts.references import __main__ as writer
from scripts.references.domain import BY_ROUTE
from scripts.references.pages import FOLDER, pages
from scripts.references.rules import Outcomes
from tocsin.aggregates import collection
from tocsin.cli import main
from tocsin.domain.clock.events import ClockEvent
from tocsin.domain.evidence.events import EvidenceEvent
from tocsin.domain.evidence.refusals import EvidenceFull
from tocsin.domain.incident import events
from tocsin.domain.incident.commands.resolution import Close
from tocsin.domain.kernel import COMMANDS, EVENTS, REFUSALS
from tocsin.domain.policy import keys
from tocsin.domain.policy.events import PolicyEvent
from tocsin.domain.review.events import ActionReminded, ReviewEvent, ReviewMadeMandatory
from tocsin.domain.subject.events import SubjectEvent, SubjectPurged
from tocsin.http.problems import codes
from tocsin.readmodels import found
from tocsin.settings import Settings

IMPORTED = {events.IncidentImported, events.SlaMarkedBreached}
"""Events that no command leads to: other systems' facts."""
BY_ITSELF = {ActionReminded, ReviewMadeMandatory, SubjectPurged, *BY_ROUTE}
"""Events that nobody asks for."""


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    """Every page, written anew."""
    return pages()


def headings(page: str) -> set[str]:
    return set(re.findall(r"^#{2,3} (.+)$", page, re.MULTILINE))


def test_what_is_committed_is_what_the_code_says(written: dict[str, str]) -> None:
    """If this fails, run scripts/reference and read what changed."""
    there = {file.name: file.read_text("utf-8") for file in FOLDER.iterdir()}
    assert sorted(there) == sorted(written)
    assert [name for name in written if there[name] != written[name]] == []


def test_every_command_is_there(written: dict[str, str]) -> None:
    assert {path for _, path in COMMANDS} <= headings(written["commands.md"])


def test_every_field_of_a_command_is_there(written: dict[str, str]) -> None:
    """With the section of its command: a field elsewhere does not count."""
    for (_, path), command in COMMANDS.items():
        section = written["commands.md"].partition(f"### {path}\n")[2].partition("\n##")[0]
        own = {f.name for f in fields(command)} - {"occurred_at", "actor", *command.filled_by_desk}
        assert own == set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE)), path


def test_every_event_is_there_in_the_order_of_the_unions(written: dict[str, str]) -> None:
    order = re.findall(r"^## (.+)$", written["events.md"], re.MULTILINE)
    unions = (
        *(events.IncidentEvent, ReviewEvent, PolicyEvent, ClockEvent, EvidenceEvent, SubjectEvent),
    )
    assert order == [each.event_name for union in unions for each in union.__args__]
    assert set(order) == set(EVENTS)


def test_every_key_of_a_policy_is_there(written: dict[str, str]) -> None:
    """What the reader takes is what the page lists: both are made of the same tables."""
    said = set(re.findall(r"^\| `(\w+)` \|", written["policy.md"], re.MULTILINE))
    assert said == {key for known in (keys.DOCUMENT, *keys.SECTIONS.values()) for key in known}


def test_every_refusal_is_there(written: dict[str, str]) -> None:
    assert headings(written["refusals.md"]) == set(REFUSALS)


def test_every_problem_is_there(written: dict[str, str]) -> None:
    assert set(re.findall(r"^\| `([a-z-]+)`", written["problems.md"], re.MULTILINE)) == set(codes())


def test_every_setting_is_there(written: dict[str, str]) -> None:
    said = re.findall(r"^\| `(TOCSIN_\w+)`", written["settings.md"], re.MULTILINE)
    assert sorted(said) == sorted(f"TOCSIN_{each.name.upper()}" for each in fields(Settings))


def test_every_projection_and_query_is_there(written: dict[str, str]) -> None:
    expected = {each.name for each in found()}
    expected |= {f"GET {query.path}" for each in found() for query in each.queries}
    assert headings(written["projections.md"]) == expected


def test_every_command_of_the_program_is_there(written: dict[str, str]) -> None:
    names = main.list_commands(click.Context(main))
    assert {f"tocsin {name}" for name in names} <= headings(written["cli.md"])


def test_every_command_and_query_has_its_route(written: dict[str, str]) -> None:
    routes = set(re.findall(r"^\| `(/[^`]*)`", written["http.md"], re.MULTILINE))
    expected = {query.path for each in found() for query in each.queries}
    begins = {"report", "open-review", "publish"}
    expected |= {f"/{collection(of)}/{{id}}/{path}" for of, path in COMMANDS if path not in begins}
    expected |= {"/incidents", "/reviews", "/policy"}
    assert expected <= routes


def test_every_event_and_refusal_is_traced_to_a_command() -> None:
    """What is read off the source misses nothing: each event has a command that leads to it.

    What time does nobody asks for.
    """
    outcomes = [Outcomes.of(command) for command in COMMANDS.values()]
    led_to = {event for each in outcomes for event in each.events}
    assert led_to == set(EVENTS.values()) - IMPORTED - {*ClockEvent.__args__} - BY_ITSELF
    raised = {refusal for each in outcomes for refusal in each.refusals}
    domain = {r for r in REFUSALS.values() if r.__module__.startswith("tocsin.domain")}
    assert raised == domain - {EvidenceFull}, "that is raised where content is sent"


def test_outcomes_are_those_of_the_command_and_of_no_other() -> None:
    close = Outcomes.of(Close)
    assert list(close.events) == [events.IncidentClosed]
    assert {each.code for each in close.refusals} == {
        "not-possible-while",
        "resolution-not-confirmed",
    }


def test_a_page_that_is_out_of_date_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`scripts/reference --check` changes nothing and fails."""
    monkeypatch.setattr(writer, "FOLDER", tmp_path)
    monkeypatch.setattr(writer, "pages", lambda: {"a.md": "new"})
    assert writer.main(["--check"]) == 1
    assert "a.md" in capsys.readouterr().out
    assert writer.main([]) == 0
    assert writer.main(["--check"]) == 0
