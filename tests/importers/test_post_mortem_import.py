"""A folder of post-mortems becomes incidents: once, whole, and without guessing."""

from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.importers.audit import everything
from tests.importers.made_up import (
    LIFE,
    at,
    document,
    folder,
    history,
    imported,
    names,
    state,
)
from tocsin.domain.incident.events import IncidentImported, UpdatePosted
from tocsin.domain.incident.values import Audience, Source, Status
from tocsin.importers import importers
from tocsin.importers.report import UnreadableFile
from tocsin.store.log import Log

OPEN_ROW = ("2021-03-01 09:??", "Somebody fell")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the documents lie."""
    return tmp_path / "post-mortems"


def test_it_is_found_by_its_name() -> None:
    assert importers()["post-mortem"].NAME == "post-mortem"


def test_a_document_becomes_an_incident_with_its_timeline(log: Log, place: Path) -> None:
    report = imported(log, folder(place, document(*LIFE)))
    assert (report.complete, report.rows, report.imported) == (True, 7, 7)
    assert (report.incidents, report.events) == (1, len(history(log)))
    assert names(history(log)) == [
        "reported", "logged", "categorised", "noted", "noted", "noted", "noted", "acknowledged",
        "cause-identified", "resolved", "noted", "imported",
    ]  # fmt: skip
    found = state(log)
    assert (found.reference, found.imported_from) == ("PM1", "post-mortem:PM1")
    assert (found.title, found.description, found.category) == (
        "The lights went out",
        "It was dark.",
        "Light",
    )
    assert (found.source, found.status) == (Source.USER_REPORT, Status.CLOSED)
    assert found.impact_began_at == at("09:00")
    assert found.detected_at == found.reported_at == at("09:07")
    assert (found.acknowledged_at, found.resolved_at) == (at("09:10"), at("09:42"))
    assert found.mitigated_at == found.resolved_at
    assert (found.cause, found.closed_at) == ("Identified that the cause was a fuse", None)


def test_every_row_stands_at_its_own_time(log: Log, place: Path) -> None:
    imported(log, folder(place, document(*LIFE)))
    rows = [each for each in history(log)[3:-1] if each.event.event_name != "incident.acknowledged"]
    assert [f"{each.occurred_at:%Y-%m-%d %H:%M}" for each in rows] == [when for when, _ in LIFE]
    assert history(log)[-1].occurred_at == at("10:00", day=2)


def test_a_time_that_is_open_is_kept_as_it_was_written_and_remarked(log: Log, place: Path) -> None:
    rows = [*LIFE[:5], OPEN_ROW, *LIFE[5:]]
    report = imported(log, folder(place, document(*rows)))
    assert report.complete
    (remark,) = report.remarks
    assert str(remark) == (
        "PM1 - Dark.md, line 18 (PM1): Its time is open: it was put at 2021-03-01 09:30 UTC, and"
        " says so."
    )
    (note,) = [each for each in history(log) if "Somebody fell" in str(each.event)]
    assert note.occurred_at == at("09:30")
    assert "Somebody fell (time as written: 2021-03-01 09:??)" in str(note.event)


def test_what_is_only_inferred_is_written_nowhere(log: Log, place: Path) -> None:
    imported(log, folder(place, document(LIFE[0], LIFE[2], LIFE[5])))
    assert (state(log).impact_began_at, state(log).detected_at) == (None, at("09:07"))


def test_a_moment_whose_time_is_open_is_no_fact(log: Log, place: Path) -> None:
    rows = (("2021-03-01", "Lamps crash"), ("2021-03-01 12:??", "An alert"))
    imported(log, folder(place, document(*rows)))
    found = state(log)
    assert (found.impact_began_at, found.detected_at) == (None, None)
    assert (found.source, found.reported_at) == (Source.AUTOMATED_ALERT, at("12:00"))


def test_users_who_can_work_before_it_is_repaired_have_a_workaround(log: Log, place: Path) -> None:
    mitigated = ("2021-03-01 09:20", "Issue mitigated with candles")
    repaired = ("2021-03-01 11:00", "Lamps permanently fixed")
    imported(log, folder(place, document(*LIFE[:3], mitigated, repaired)))
    found = state(log)
    assert (found.mitigated_at, found.resolved_at) == (at("09:20"), at("11:00"))
    assert names(history(log))[-4:] == ["noted", "workaround-applied", "resolved", "imported"]


def test_an_incident_that_nobody_says_is_over_is_over_without_a_time(log: Log, place: Path) -> None:
    """A post-mortem is written afterwards: nothing of it waits in a queue."""
    imported(log, folder(place, document(*LIFE[:4])))
    found = state(log)
    assert (found.status, found.resolved_at, found.closed_at) == (Status.CLOSED, None, None)


def test_what_people_were_told_says_whom(log: Log, place: Path) -> None:
    rows = (("2021-03-01 09:30", "Status page updated"), ("2021-03-01 09:31", "Informed all users"))
    imported(log, folder(place, document(*LIFE[:3], *rows)))
    posted = [each.event for each in history(log) if isinstance(each.event, UpdatePosted)]
    assert [each.audience for each in posted] == [Audience.PUBLIC, Audience.AFFECTED_USERS]


def test_what_no_event_has_a_place_for_is_kept_by_its_own_names(log: Log, place: Path) -> None:
    more = "\n## Root Cause\n\nA fuse.\n"
    imported(log, folder(place, document(*LIFE, more=more)))
    (taken,) = [each.event for each in history(log) if isinstance(each.event, IncidentImported)]
    assert taken.attributes == {
        "Lessons Learned": "Buy fuses.",
        "Root Cause": "A fuse.",
        "Time to detection": "7 minutes",
        "Time to recovery": "42 minutes",
        "Time zone": "UTC",
        "File": "PM1 - Dark.md",
    }
    assert state(log).cause == "A fuse."


def test_importing_it_again_writes_nothing(log: Log, place: Path) -> None:
    folder(place, document(*LIFE), document(*LIFE[1:]))
    imported(log, place)
    before = everything(log)
    again = imported(log, place)
    assert (again.complete, again.known, again.imported, again.events) == (True, 13, 0, 0)
    assert everything(log) == before


def test_a_document_that_is_new_is_added_to_those_that_are_there(log: Log, place: Path) -> None:
    imported(log, folder(place, document(*LIFE)))
    report = imported(log, folder(place, document(*LIFE), document(*LIFE[1:])))
    assert (report.known, report.imported, report.incidents) == (7, 6, 1)


def test_a_document_that_was_changed_is_reported_and_changes_nothing(log: Log, place: Path) -> None:
    imported(log, folder(place, document(*LIFE)))
    before = everything(log)
    report = imported(log, folder(place, document(*LIFE, ("2021-03-03 10:00", "More"))))
    (told,) = report.reported
    assert (told.problem, told.file, told.rows) == ("differs", "PM1 - Dark.md", 8)
    assert told.advice.startswith("The document is not what it was when it was imported.")
    assert (report.refused, report.unreported, report.complete) == (8, 0, False)
    assert everything(log) == before


def test_the_same_document_on_another_clock_is_another_one(log: Log, place: Path) -> None:
    folder(place, document(*LIFE, zone="All times in CET."))
    imported(log, place)
    assert imported(log, place, time_zone=ZoneInfo("Asia/Tokyo")).complete
    assert not imported(log, place, time_zone=ZoneInfo("Europe/Vienna")).complete


def test_a_document_with_a_row_that_cannot_be_read_waits_until_it_is_mended(
    log: Log, place: Path
) -> None:
    bad = ("2021-02-30 10:00", "Never")
    report = imported(log, folder(place, document(*LIFE[:3], bad, *LIFE[3:]), document(*LIFE)))
    assert (report.rows, report.imported, report.unreadable, report.waiting) == (15, 7, 1, 7)
    unreadable, waiting = map(str, report.reported)
    assert unreadable == (
        "PM1 - Dark.md, line 16 (PM1): time is '2021-02-30 10:00'. There is no such day or time."
    )
    assert waiting == (
        "PM1 - Dark.md, line 13 (PM1): They wait for the faults of their document: repair it, and"
        " import it again."
    )
    assert report.unreported == 0
    assert history(log, "PM1") == []
    mended = imported(log, folder(place, document(*LIFE), document(*LIFE)))
    assert (mended.complete, mended.imported, mended.known) == (True, 7, 7)


def test_two_documents_with_one_number_are_told_apart(log: Log, place: Path) -> None:
    folder(place, document(*LIFE))
    (place / "PM1 - Darker.md").write_text(document(*LIFE[1:]))
    report = imported(log, place)
    assert (report.imported, report.unreadable, report.waiting) == (7, 1, 6)
    assert "It has the number of 'PM1 - Dark.md'" in report.reported[0].advice


def test_a_number_that_is_a_reference_here_already_gets_another_one(log: Log, place: Path) -> None:
    place.mkdir()
    (place / "INC0000001 - Dark.md").write_text(document(*LIFE))
    imported(log, place)
    other = place.with_name("other")
    other.mkdir()
    (other / "INC0000002 - Dark.md").write_text(document(*LIFE))
    imported(log, other)
    assert state(log, "INC0000001").reference == "INC0000001"
    assert state(log, "INC0000002").reference == "INC0000002"


def test_what_lies_beside_post_mortems_is_left_alone(log: Log, place: Path) -> None:
    folder(place, document(*LIFE))
    (place / "README.md").write_text("Read me.")
    (place / "LICENSE").write_text("Take it.")
    assert imported(log, place).complete
    (place / "notes.md").write_text("Some notes.")
    report = imported(log, place)
    assert (report.unreadable, report.known) == (1, 7)
    assert "no heading Timeline" in report.reported[0].advice


def test_a_document_that_cannot_be_opened_costs_itself_only(log: Log, place: Path) -> None:
    (folder(place, document(*LIFE)) / "PM2 - a folder.md").mkdir()
    report = imported(log, place)
    assert (report.imported, report.unreadable) == (7, 1)
    assert "cannot be read" in report.reported[0].advice


def test_a_folder_without_documents_is_refused(log: Log, place: Path) -> None:
    with pytest.raises(UnreadableFile, match="cannot be read"):
        imported(log, place)
    place.mkdir()
    with pytest.raises(UnreadableFile, match="holds no post-mortems"):
        imported(log, place)


def test_too_many_documents_are_refused(
    log: Log, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.importers.post_mortem.folder.MAX_DOCUMENTS", 1)
    with pytest.raises(UnreadableFile, match="more than 1 documents"):
        imported(log, folder(place, document(*LIFE), document(*LIFE)))


def test_interrupted_it_goes_on_behind_what_it_did(
    log: Log, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.importers.post_mortem.folder.BATCH", 1)
    folder(place, document(*LIFE), document(*LIFE), document(*LIFE))
    steps: list[tuple[int, int]] = []
    first = imported(
        log,
        place,
        stop=lambda: len(steps) == 2,
        progress=lambda now: steps.append((now.bytes_read, now.bytes_total)),
    )
    assert (first.interrupted, first.imported, first.complete) == (True, 14, False)
    assert [read * 3 for read, _ in steps] == [steps[0][1], steps[0][1] * 2]
    second = imported(log, place)
    assert (second.known, second.imported, second.complete) == (14, 7, True)


def test_times_without_a_zone_are_in_the_one_that_is_said(log: Log, place: Path) -> None:
    folder(place, document(*LIFE, zone=""))
    imported(log, place, time_zone=ZoneInfo("Asia/Tokyo"))
    assert state(log).detected_at == at("00:07")
    assert state(log).detected_at.tzinfo is UTC
