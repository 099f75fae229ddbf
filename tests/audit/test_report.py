"""A report says what happened to the record in a period: all of it, and nothing of other times."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import orjson
import pytest

from tests.audit.scene import (
    BEGIN,
    END,
    PERIOD,
    Scene,
    keyed,
    looked_at,
    played,
    publish,
    reported,
    signed,
)
from tests.ledger.kit import forged, key_of
from tests.whatif.kit import STRICTER
from tocsin.audit.report import facts, layout, surroundings
from tocsin.audit.report.facts import Report
from tocsin.audit.report.layout import document
from tocsin.audit.report.making import report_of
from tocsin.documents.html import html
from tocsin.documents.markdown import markdown
from tocsin.drivers import sqlite3
from tocsin.ledger.vkeys import Skey
from tocsin.replaying.copying import copy
from tocsin.replaying.period import Period, Stopped
from tocsin.replaying.place import opened, settings_of
from tocsin.settings import Settings
from tocsin.store.log import Log

TITLES = [
    "Is the record what was signed?", "What was recorded", "By whom", "The rules in force",
    "Corrections", "Late entries", "Erasures and legal holds", "Evidence",
    "Who read data about people", "API keys", "Checkpoints",
]  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def log(settings: Settings) -> Iterator[Log]:
    with closing(Log.open(settings, writer=True)) as log:
        played(log)
        yield log


def report(
    settings: Settings, log: Log, period: Period = PERIOD, *, late_seconds: int = 3_600
) -> Report:
    return report_of(settings, log, period, late_seconds=late_seconds)


def test_it_counts_what_was_recorded_by_kind_by_event_and_by_day(
    settings: Settings, log: Log
) -> None:
    volume = report(settings, log).volume
    assert (volume.events, volume.first, volume.last) == (8, 3, 10)
    assert [(each.name, each.events, each.begun) for each in volume.kinds] == [
        ("incident", 4, 1),
        ("evidence", 2, 1),
        ("subject", 2, 1),
    ]
    assert {each.name: each.events for each in volume.names}["incident.logged"] == 2
    assert [(each.name, each.events) for each in volume.days.named] == [
        ("2026-03-01", 7),
        ("2026-03-02", 1),
    ]


def test_it_names_who_acted_and_through_what(settings: Settings, log: Log) -> None:
    actors = report(settings, log).actors
    found = {(each.name, each.via): each.events for each in actors.named}
    assert found == {
        ("ada", None): 1,
        ("ada", "import:other"): 1,
        ("counsel", None): 2,
        ("eve", None): 1,
        ("ivo", None): 2,
        ("ivo", "portal"): 1,
    }
    assert actors.named[0].name == "counsel"


def test_without_keys_people_are_pseudonyms(settings: Settings, log: Log) -> None:
    with closing(Log.open(settings, veiled=True)) as veiled:
        actors = report(settings, veiled).actors
    assert {each.name.partition(":")[0] for each in actors.named} == {"person"}
    assert actors.count == report(settings, log).actors.count


def test_a_correction_says_what_was_what_is_who_why_and_how_late(
    settings: Settings, log: Log
) -> None:
    corrections = report(settings, log).corrections
    (found,) = corrections.named
    assert corrections.count == 1
    assert (found.stream, found.fact, found.was, found.now) == (
        "INC0000001", "title", "Mail is down", "Mail is slow",
    )  # fmt: skip
    assert (found.actor, found.reason) == ("ada", "It was never down.")
    assert found.late_seconds == 15 * 3_600


def test_late_entries_are_those_beyond_the_threshold_but_no_imports(
    settings: Settings, log: Log
) -> None:
    late = report(settings, log).late
    assert [(each.stream, each.late_seconds) for each in late.named] == [("INC0000002", 10_800)]
    assert report(settings, log, late_seconds=10_801).late.count == 0
    assert report(settings, log).imported == 1


def test_what_is_late_is_told_without_its_words(settings: Settings, log: Log) -> None:
    (late,) = report(settings, log).late.named
    assert late.says == late.event == "incident.reported"


def test_the_latest_are_named_and_all_are_counted(
    settings: Settings, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.audit.report.tallying.MOST", 2)
    scene = Scene(log)
    for hours in (2, 9, 5):
        scene.add(log.page(0, 1)[0].stream, reported("Again"), BEGIN, late=timedelta(hours=hours))
    late = report(settings, log).late
    assert [each.late_seconds // 3_600 for each in late.named] == [9, 5]
    assert late.count == 4


def test_erasures_and_holds_are_told_in_words(settings: Settings, log: Log) -> None:
    subjects = report(settings, log).subjects
    assert [each.event for each in subjects.named] == ["subject.hold-placed", "subject.forgotten"]
    assert "LIT-1" in subjects.named[0].says
    assert "DSR-9" in subjects.named[1].says


def test_evidence_is_told_by_the_incident_that_it_belongs_to(settings: Settings, log: Log) -> None:
    evidence = report(settings, log).evidence
    assert [(each.event, each.actor) for each in evidence.named] == [
        ("evidence.attached", "ivo"),
        ("evidence.accessed", "eve"),
    ]
    assert {each.stream for each in evidence.named} == {"evidence of INC0000002"}


def test_the_policy_that_held_and_what_was_changed_in_it(settings: Settings, log: Log) -> None:
    publish(log, STRICTER, BEGIN + timedelta(hours=30))
    first, second = report(settings, log).policies
    assert (first.version, first.published_at, first.differences) == (1, None, [])
    assert (second.version, second.published_by) == (2, "governor")
    assert any("was 4h, is 2h" in each for each in second.differences)
    (later,) = report(settings, log, Period(since=END)).policies
    assert (later.version, later.differences) == (2, [])


def test_keys_that_were_issued_and_revoked(
    settings: Settings, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert report(settings, log).keys is None
    monkeypatch.setattr("tocsin.keys.store._now", lambda: BEGIN)
    key_id = keyed(settings)
    keys = report(settings, log).keys
    assert keys is not None
    assert [(each.key_id, each.change, each.by) for each in keys.named] == [
        (key_id, "created", "root"),
        (key_id, "revoked", "root"),
    ]
    later = report(settings, log, Period(since=END)).keys
    assert later is not None
    assert later.count == 0


def test_who_read_what_about_people_and_who_took_some_away(settings: Settings, log: Log) -> None:
    assert report(settings, log).access is None
    looked_at(settings, log)
    access = report(settings, log).access
    assert access is not None
    assert (access.entries, access.expired, access.lost) == (2, 0, 0)
    assert {(each.who, each.kind, each.times) for each in access.readers.named} == {
        ("dana", "read", 1),
        ("ivo", "export", 1),
    }
    (taken,) = access.taken.named
    assert (taken["who"], taken["what"], taken["rows"]) == ("ivo", "tocsin export", 120)


def test_every_checkpoint_is_compared_with_the_bytes_that_are_there(
    settings: Settings, log: Log
) -> None:
    made = signed(log, settings)
    log.add_attestation(made.checkpoint.size, "https://witness.example", "cosignature", b"x", END)
    found = report(settings, log, Period())
    verification = found.verification
    assert verification.sound
    assert verification.checkpoints == 1
    assert verification.keys == [str(key_of(settings).vkey)]
    assert verification.root == made.checkpoint.root.hex() == log.tree_root().hex()
    assert verification.covering is not None
    assert [each.place for each in verification.covering.outside] == ["https://witness.example"]
    assert [each.size for each in found.checkpoints.named] == [11]
    assert report(settings, log).checkpoints.count == 0, "it was not signed in March"


def test_one_byte_that_was_changed_shows(settings: Settings, log: Log) -> None:
    signed(log, settings)
    with closing(sqlite3.connect(settings.log_file)) as file:
        file.execute("DROP TRIGGER events_update")
        ((body,),) = file.execute("SELECT body FROM events WHERE position = 4").fetchall()
        file.execute(
            "UPDATE events SET body = ? WHERE position = 4",
            (body.replace(b"INC0000002", b"INC0000003"),),
        )
        file.commit()
    verification = report(settings, log).verification
    assert not verification.sound
    assert [each.split(" give")[0] for each in verification.faults.named] == [
        "The first 11 events",
        "The 11 events do not",
    ]
    assert "give the root" in markdown(document(report(settings, log)))


def test_a_checkpoint_of_another_key_or_of_another_log_shows(settings: Settings, log: Log) -> None:
    signed(log, settings)
    skey, stranger = key_of(settings), Skey.new(key_of(settings).vkey.name)
    log.add_checkpoint(5, forged(skey, 5, b"r" * 32), END)
    log.add_checkpoint(6, forged(stranger, 6, log.tree_root(6)), END)
    log.add_checkpoint(7, "no note", END)
    log.add_checkpoint(99, forged(skey, 99, b"r" * 32), END)
    faults = report(settings, log).verification.faults
    assert faults.count == 4
    beginnings = (
        "The first 5 events give the root",
        "The checkpoint of 6 events is not sound",
        "The checkpoint of 7 events is not sound",
        "A checkpoint is of 99 events, and there are only 11",
    )
    for fault, beginning in zip(faults.named, beginnings, strict=True):
        assert fault.startswith(beginning)


def test_without_the_ledger_it_says_that_nothing_signs(settings: Settings, tmp_path: Path) -> None:
    bare = Settings(home=tmp_path / "bare", ledger=False)
    with closing(Log.open(bare, writer=True)) as log:
        played(log)
        found = report(bare, log)
    assert not found.verification.kept
    assert "keeps no hash tree" in markdown(document(found))


def test_a_copy_reports_the_same(settings: Settings, log: Log, tmp_path: Path) -> None:
    """Two stores, the same log, the same keys: the same report, but for place and time."""
    signed(log, settings)
    target = settings_of(settings, str(tmp_path / "copy"))
    with opened(target) as there:
        copy(log, there)
        there.seals = log.seals
        ours, theirs = (orjson.loads(report(settings, each).json()) for each in (log, there))
    for each in (ours, theirs):
        each.pop("made_at")
        each.pop("place")
    assert theirs == ours


class Page(HTMLParser):
    """Which marks a page has, and what it fetches."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.fetched: list[str] = []
        self.seen: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.fetched += [f"{name}={value}" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.seen.append(data)


def test_as_html_it_is_one_page_without_scripts(settings: Settings, log: Log) -> None:
    Scene(log).add(
        log.page(0, 1)[0].stream, reported("<script>alert(1)</script>"), BEGIN, actor="<b>mallory"
    )
    page = Page(html(document(report(settings, log))))
    assert page.fetched == []
    assert not page.tags & {"script", "img", "link", "iframe", "b"}
    assert "<b>mallory" in page.seen
    assert [title for title in TITLES if title in page.seen] == TITLES


def test_as_markdown_it_has_every_section_and_says_what_is_not_on_record(
    settings: Settings, log: Log
) -> None:
    said = markdown(document(report(settings, log)))
    for title in TITLES:
        assert f"\n## {title}\n" in said
    assert "Commands that were refused are not recorded" in said
    assert "No access journal is kept in this place" in said


def test_an_empty_period_is_a_report_too(settings: Settings, log: Log) -> None:
    found = report(settings, log, Period(until=BEGIN - timedelta(days=9)))
    assert (found.volume.events, found.volume.first, found.actors.count) == (0, None, 0)
    assert "Nothing is on record" in markdown(document(found))


def test_as_json_it_names_more_than_tables_show(
    settings: Settings, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "SHOWN", 2)
    found = report(settings, log)
    said = markdown(document(found))
    assert f"And {found.actors.count - 2:,} more; the report as JSON names more." in said
    assert len(orjson.loads(found.json())["actors"]["named"]) == found.actors.count


def test_it_stops_when_told_to(settings: Settings, log: Log) -> None:
    with pytest.raises(Stopped):
        report_of(settings, log, PERIOD, stop=lambda: True)


def test_its_bounds_are_stated() -> None:
    assert layout.SHOWN < facts.MOST < surroundings.READERS
