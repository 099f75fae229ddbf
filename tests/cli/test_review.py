"""`tocsin review`: the review of an incident, for people and for programs."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.cli.running import Run
from tocsin.desk import Desk
from tocsin.domain.kernel import Command
from tocsin.domain.review.commands.acting import AgreeAction, CompleteAction, DropAction
from tocsin.domain.review.commands.learning import (
    IdentifyRootCause,
    RecordFactor,
    RecordFinding,
    RecordLesson,
    WithdrawFinding,
)
from tocsin.domain.review.commands.opening import (
    NameParticipants,
    OpenReview,
    PublishReview,
    ReopenReview,
    RequireReview,
)
from tocsin.domain.review.values import ActionKind, FactorKind, review_stream
from tocsin.settings import Settings
from tocsin.store.log import Log

DUE = datetime.now(UTC) + timedelta(days=9)
BEGAN = datetime.now(UTC) - timedelta(days=30)


def agreed(what: str, due_at: datetime = DUE) -> AgreeAction:
    kind = ActionKind.DETECT
    return AgreeAction(what=what, kind=kind, owner="ann", due_at=due_at, occurred_at=BEGAN)


def commands(incident: UUID) -> list[Command[Any]]:
    return [
        OpenReview(
            incident="-",
            incident_id=str(incident),
            known_as="INC0000001",
            title="E-mail is down",
            reason="Nobody could work.",
            facilitator="ivo",
            due_at=DUE,
            occurred_at=BEGAN,
        ),
        RequireReview(reason="It is to be reviewed: priority 1.", policy_version=1),
        NameParticipants(participants=("ann", "bob")),
        RecordFinding(finding="The disk was full.", evidence="Graph of mx1"),
        RecordFinding(finding="The network was slow.\nVery."),
        WithdrawFinding(finding="F2", reason="It was not."),
        RecordFactor(factor="Debug logging was on.", kind=FactorKind.PROCESSES),
        IdentifyRootCause(cause="Nothing watches the disk."),
        RecordLesson(lesson="Users noticed first."),
        agreed("Watch it."),
        agreed("Watch more.", datetime.now(UTC) - timedelta(days=2)),
        agreed("Buy a disk."),
        agreed("Delete everything."),
        CompleteAction(action="A3", evidence="It came."),
        DropAction(action="A4", reason="Never."),
        PublishReview(summary="A full disk."),
        ReopenReview(reason="There is more to it."),
    ]


@pytest.fixture
def reviewed(played: Path) -> Path:
    """A home in which the demonstration has played, and its incident was reviewed."""

    async def ask() -> None:
        settings = Settings(home=played)
        log = Log.open(settings, writer=True)
        desk = Desk(log, settings)
        await desk.start()
        incident = log.holder("reference", "INC0000001")
        assert incident is not None
        for each in commands(incident):
            await desk.handle(each, stream=review_stream(incident), caller="dana")
        await desk.stop()
        log.close()

    asyncio.run(ask())
    return played


def test_it_shows_what_was_learnt_and_what_is_to_be_done(run: Run, reviewed: Path) -> None:
    answer = run("--home", reviewed, "review", "INC0000001")
    assert answer.exit_code == 0
    first, *rest = answer.out.splitlines()
    assert first == "Review of INC0000001  open  MANDATORY  E-mail is down"
    lines = [" ".join(line.split()) for line in rest]
    for wanted in (
        "reason Nobody could work.",
        "mandatory because It is to be reviewed: priority 1.",
        "led by ivo",
        "taking part ann, bob",
        "reopened because There is more to it.",
        "summary A full disk.",
        "Findings",
        "F1 The disk was full. [Graph of mx1]",
        "F2 The network was slow.",
        "Very. withdrawn: It was not.",
        "C1 (processes) Debug logging was on.",
        "Nothing watches the disk.",
        "L1 Users noticed first.",
        "It came.",
        "Never.",
    ):
        assert wanted in lines
    actions = [line.split(", until")[0] for line in lines if line.startswith("A")][1:]
    assert ["A1 agreed ann", "A2 OVERDUE ann", "A3 done ann", "A4 dropped ann"] == actions


def test_its_json_has_the_state_and_what_happened(run: Run, reviewed: Path) -> None:
    (found,) = run("--home", reviewed, "--json", "review", "INC0000001").document["reviews"]
    assert found["state"]["findings"]["F1"]["text"] == "The disk was full."
    assert found["state"]["actions"]["A2"]["state"] == "agreed"
    assert "publish-review" in found["state"]["possible"]
    assert [each["version"] for each in found["timeline"]] == list(range(1, 18))
    assert found["timeline"][7]["words"] == "Root cause: Nothing watches the disk."


def test_it_is_found_by_its_own_id_too(run: Run, reviewed: Path) -> None:
    (found,) = run("--home", reviewed, "--json", "review", "inc0000001").document["reviews"]
    own = found["state"]["review_id"]
    again = run("--home", reviewed, "--json", "review", own, "INC0000001").document["reviews"]
    assert [found, found] == again


def test_it_is_shown_as_it_was(run: Run, reviewed: Path) -> None:
    answer = run("--home", reviewed, "review", "INC0000001", "--version", "1")
    assert "Findings" not in answer.out
    assert "open  E-mail" in answer.out
    late = run("--home", reviewed, "review", "INC0000001", "--version", "99")
    assert late.err == "Error: The review of INC0000001 has 17 versions, there is no version 99.\n"
    early = run("--home", reviewed, "review", "INC0000001", "--known-at", "2000-01-01")
    assert early.err == "Error: Nothing of the review of INC0000001 had been recorded by then.\n"
    assert (1, 1) == (late.exit_code, early.exit_code)


def test_two_are_shown_one_after_the_other(run: Run, reviewed: Path) -> None:
    answer = run("--home", reviewed, "review", "INC0000001", "INC0000001")
    assert answer.out.count("Review of INC0000001") == 2


def test_an_incident_without_a_review_has_none(run: Run, played: Path) -> None:
    answer = run("--home", played, "review", "INC0000001")
    assert answer.exit_code == 1
    assert answer.err == "Error: There is no review of INC0000001. POST /reviews opens one.\n"


def test_a_log_with_a_review_in_it_is_sound(run: Run, reviewed: Path) -> None:
    assert run("--home", reviewed, "verify").exit_code == 0


def test_a_review_is_no_incident(run: Run, reviewed: Path) -> None:
    (found,) = run("--home", reviewed, "--json", "review", "INC0000001").document["reviews"]
    for command in ("incident", "replay", "clocks"):
        answer = run("--home", reviewed, command, found["state"]["review_id"])
        assert answer.exit_code == 1
        assert "There is no incident" in answer.err


def test_its_steps_are_replayed_with_what_each_event_changed(run: Run, reviewed: Path) -> None:
    command = ("--home", reviewed, "replay", "INC0000001", "--of", "review")
    lines = run(*command).out.splitlines()
    assert lines[0] == "review of INC0000001"
    at = next(n for n, line in enumerate(lines) if "Nothing watches the disk." in line)
    assert lines[at + 1] == "      root cause: Nothing watches the disk."
    (found,) = run("--json", *command).document["reviews"]
    assert found["reference"] == "INC0000001"
    changed = {name for step in found["steps"] for name in step["changed"]}
    assert {"status", "findings", "root_cause", "actions", "edition"} <= changed
    early = run(*command, "--version", "2").out
    assert "root cause" not in early


def test_what_has_no_review_has_no_steps_of_one(run: Run, played: Path) -> None:
    for of in ("review", "clocks"):
        answer = run("--home", played, "replay", "INC0000001", "--of", of)
        assert answer.exit_code == 1
        assert f"The {of} of INC0000001" in answer.err
