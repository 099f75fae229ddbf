"""Importing into a log that others write to."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from tests.importers.audit import (
    NOW,
    NUMBER,
    events,
    everything,
    history,
    imported,
    later,
    row,
    rows,
)
from tocsin.domain.incident.events import (
    IncidentAcknowledged,
    IncidentHeld,
    IncidentLogged,
    IncidentNoted,
    IncidentReported,
    IncidentResolved,
)
from tocsin.domain.incident.values import Source, Visibility
from tocsin.domain.kernel import Claim, Recorded
from tocsin.settings import Settings
from tocsin.store.entries import Entry, Stored
from tocsin.store.log import Log

LIFE = (
    {"assignment_group": "Desk"},
    {"incident_state": "Active", "assigned_to": "Dan"},
    {"location": "Attic"},
    {"incident_state": "Awaiting User Info"},
    {"incident_state": "Resolved"},
    {"incident_state": "Closed", "made_sla": "false"},
)


def natively(log: Log, stream: UUID, version: int, event: object, *claims: Claim) -> None:
    """Somebody records an event here, by hand."""
    draft = Recorded(
        stream=stream,
        version=version,
        position=0,
        actor="ann",
        occurred_at=NOW,
        recorded_at=NOW,
        command_id=uuid4(),
        event=event,
    )
    entry = Entry(
        command_id=draft.command_id,
        fingerprint=b"",
        drafts=(draft,),
        claims=claims,
        answer=lambda _: b"",
    )
    (outcome,) = log.commit([entry])
    assert isinstance(outcome, Stored)


def test_rows_follow_what_somebody_recorded_here_since(log: Log, path: Path) -> None:
    imported(log, path, *rows(*LIFE[:2]))
    past = history(log)
    note = IncidentNoted(text="Seen here.", visibility=Visibility.INTERNAL)
    natively(log, past[0].stream, past[-1].version + 1, note)
    report = imported(log, path, *rows(*LIFE))
    assert report.complete
    names = [type(event) for event in events(log)[len(past) :]]
    assert names[:3] == [IncidentNoted, IncidentHeld, IncidentResolved]
    assert [each.version for each in history(log)] == list(range(1, len(history(log)) + 1))


def test_rows_that_lose_against_somebody_else_are_tried_again(
    log: Log, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody records a note between the import's look and its commit."""
    imported(log, path, *rows(*LIFE[:1]))
    past = history(log)
    commit = log.commit
    note = IncidentNoted(text="First.", visibility=Visibility.INTERNAL)
    meanwhile = iter([True])

    def late(entries: list[Entry]) -> object:
        if next(meanwhile, False):
            natively(log, past[0].stream, past[-1].version + 1, note)
        return commit(entries)

    monkeypatch.setattr(log, "commit", late)
    report = imported(log, path, *rows(*LIFE))
    assert report.complete
    assert [type(event) for event in later(log)[:2]] == [IncidentNoted, IncidentAcknowledged]


def test_rows_that_another_import_stored_meanwhile_are_known(
    log: Log, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two people start the same import: each row is stored once."""
    commit = log.commit
    meanwhile = iter([True])

    def late(entries: list[Entry]) -> object:
        if next(meanwhile, False):
            commit(entries)
        return commit(entries)

    monkeypatch.setattr(log, "commit", late)
    report = imported(log, path, *rows(*LIFE))
    assert (report.imported, report.events, report.complete) == (0, 0, True)
    assert report.known == len({each.command_id for each in history(log)})


def test_rows_keep_their_order_when_one_of_them_loses(
    log: Log, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A note takes the version of one row; the next row must not slip in before that."""
    life: tuple[dict[str, str], ...] = (
        {},
        {"incident_state": "Active"},
        {"incident_state": "Resolved"},
    )
    imported(log, path, *rows(*life[:1]))
    past = history(log)
    commit = log.commit
    note = IncidentNoted(text="First.", visibility=Visibility.INTERNAL)
    meanwhile = iter([True])

    def late(entries: list[Entry]) -> object:
        if next(meanwhile, False):
            natively(log, past[0].stream, past[-1].version + 1, note)
        return commit(entries)

    monkeypatch.setattr(log, "commit", late)
    assert imported(log, path, *rows(*life)).complete
    assert [type(event) for event in later(log)] == [
        IncidentNoted,
        IncidentAcknowledged,
        IncidentResolved,
    ]


def test_rows_that_keep_losing_are_reported(
    log: Log, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(log, path, *rows(*LIFE[:1]))
    commit = log.commit

    def busy(entries: list[Entry]) -> object:
        past = history(log)
        note = IncidentNoted(text=f"{len(past)}", visibility=Visibility.INTERNAL)
        monkeypatch.setattr(log, "commit", commit)
        natively(log, past[0].stream, past[-1].version + 1, note)
        monkeypatch.setattr(log, "commit", busy)
        return commit(entries)

    monkeypatch.setattr(log, "commit", busy)
    report = imported(log, path, *rows(*LIFE[:2]))
    (told,) = report.reported
    assert told.problem == "not-stored"
    assert "import the file again" in told.advice


def test_a_number_that_is_free_stays_the_reference(log: Log, path: Path) -> None:
    imported(log, path, row())
    assert log.holder("reference", NUMBER) == log.holder("foreign", f"servicenow:{NUMBER}")
    assert log.next_reference() == "INC0000002"


def test_a_number_that_is_taken_here_still_finds_the_incident(log: Log, path: Path) -> None:
    """Its reference is then one of ours, and the foreign number leads to it all the same."""
    native = uuid4()
    reported = IncidentReported(title="Ours", source=Source.MONITORING)
    natively(log, native, 1, reported, Claim("reference", NUMBER))
    report = imported(log, path, row(), row(number="INC0000009"))
    assert report.complete
    (logged,) = (event for event in events(log) if isinstance(event, IncidentLogged))
    assert logged.reference == "INC0000002"
    assert log.holder("reference", NUMBER) == native
    assert log.holder("reference", "INC0000002") == history(log)[0].stream
    assert imported(log, path, row(), row(number="INC0000009")).known == 2


def test_a_number_that_is_taken_at_the_last_moment_still_finds_the_incident(
    log: Log, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = log.commit
    native = uuid4()
    reported = IncidentReported(title="Ours", source=Source.MONITORING)
    meanwhile = iter([True])

    def late(entries: list[Entry]) -> object:
        if next(meanwhile, False):
            natively(log, native, 1, reported, Claim("reference", NUMBER))
        return commit(entries)

    monkeypatch.setattr(log, "commit", late)
    report = imported(log, path, *rows(*LIFE))
    assert report.complete
    assert log.holder("reference", NUMBER) == native
    assert log.holder("reference", "INC0000002") == history(log)[0].stream


def test_an_incident_that_came_another_way_is_not_imported_over(log: Log, path: Path) -> None:
    other = uuid4()
    reported = IncidentReported(title="Ours", source=Source.MONITORING)
    natively(log, other, 1, reported, Claim("foreign", f"servicenow:{NUMBER}"))
    report = imported(log, path, *rows(*LIFE), row(number="INC0000009"))
    assert [each.problem for each in report.reported] == ["not-stored"] + ["waiting"] * 4
    assert str(other) in report.reported[0].advice
    assert len(log.history(other)) == 1
    assert len(events(log, "INC0000009")) > 1


def test_on_postgres_the_log_is_the_same(
    log: Log, path: Path, tmp_path: Path, postgres_url: str
) -> None:
    """At once, and again after a part of it."""
    lines = [*rows(*LIFE), *rows(*LIFE, number="INC0000002")]
    imported(log, path, *lines)
    other = Log.open(Settings(home=tmp_path, database=postgres_url), writer=True)
    try:
        imported(other, path, *lines[:9])
        report = imported(other, path, *lines)
        assert report.complete
        assert everything(other) == everything(log)
    finally:
        other.close()
