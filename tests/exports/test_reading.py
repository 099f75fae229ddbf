"""What is chosen of a log, in which order, and in how much memory."""

import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from tests.exports.kit import STREAM, at, exported, made, told
from tests.whatif.kit import entry_of, many, record_all, stream_of
from tocsin.domain.incident.events import IncidentNoted
from tocsin.domain.incident.values import Visibility
from tocsin.exports import csv_lines, formats, reading
from tocsin.exports.reading import Source
from tocsin.exports.run import to_file, to_stream
from tocsin.exports.selection import CHOSEN_BY, BadSelection, Selection, Stopped, named
from tocsin.store.entries import Stored
from tocsin.store.log import Log
from tocsin.whatif.question import WHERE

OF_INCIDENTS = [name for name, form in formats().items() if form.WHOLE]


def positions(log: Log, selection: Selection) -> list[int]:
    """The events that are chosen; read as lines and as incidents, they are the same."""
    lines = list(Source(log, selection).lines())
    pasts = list(Source(log, selection).pasts())
    of_incidents = sorted(each.recorded.position for past in pasts for each in past.wanted)
    assert of_incidents == [line.raw["position"] for line in lines if line.incident]
    return [line.raw["position"] for line in lines]


def test_all_there_is_unless_something_is_said(log: Log) -> None:
    assert positions(log, Selection()) == list(range(1, 13))
    assert positions(log, Selection(at=5)) == [1, 2, 3, 4, 5]
    assert positions(log, Selection(at=0)) == []


def test_events_of_a_time_in_the_world(log: Log) -> None:
    assert positions(log, Selection(since=at(2), until=at(5))) == [5, 7]


def test_events_that_were_recorded_in_a_time(log: Log) -> None:
    late = IncidentNoted(text="Yesterday already", visibility=Visibility.INTERNAL)
    entry = entry_of(STREAM, log.version(STREAM), [(at(-60), late)])
    drafts = tuple(replace(each, recorded_at=at(60)) for each in entry.drafts)
    (outcome,) = log.commit([replace(entry, drafts=drafts)])
    assert isinstance(outcome, Stored)
    assert positions(log, Selection(since=at(60), by="recorded_at")) == [13]
    assert positions(log, Selection(until=at(-30), events=named(["incident.*"]))) == [13]


def test_events_of_some_names(log: Log) -> None:
    assert positions(log, Selection(events=named(["clock.*", "incident.held"]))) == [5, 10]
    with pytest.raises(BadSelection, match="there are clock"):
        named(["incident.heal"])


def test_events_of_some_incidents_and_of_their_clocks(log: Log) -> None:
    record_all(log)
    few = Selection(incidents=(stream_of("INC0000001"), STREAM))
    first = range(13, 13 + len(log.history(stream_of("INC0000001"))))
    assert positions(log, few) == [*range(1, 11), *first]
    assert positions(log, Selection(incidents=(STREAM,), at=3)) == [1, 2, 3]


def test_events_of_incidents_that_came_to_something(log: Log) -> None:
    record_all(log)
    assert positions(log, Selection(where=(("group", "mail"), ("service", "e-mail")))) == [
        *range(1, 11)
    ]
    network = Source(log, Selection(where=(("group", "network"),))).pasts()
    assert [past.name for past in network] == ["INC0000001", "INC0000003"]
    early = Selection(where=(("group", "network"),), at=6)
    assert positions(log, early) == [1, 2, 3, 4, 5, 6]


def test_incidents_are_chosen_as_a_what_if_chooses_them(log: Log) -> None:
    record_all(log)
    assert set(CHOSEN_BY) == set(WHERE)
    chosen = {
        pair: [past.name for past in Source(log, Selection(where=(pair,))).pasts()]
        for pair in (
            ("category", "network"),
            ("category", "network/vpn"),
            ("category", "network/v"),
            ("priority", "2"),
            ("service", "e-mail"),
            ("source", "user-report"),
        )
    }
    assert list(chosen.values()) == [
        ["INC0000001"],
        ["INC0000001"],
        [],
        ["INC0000007", "INC0000002"],
        ["INC0000007", "INC0000001"],
        ["INC0000001", "INC0000003", "INC0000004"],
    ]


@pytest.mark.parametrize(
    ("selection", "part"),
    [
        (Selection(since=at(1), until=at(1)), "until"),
        (Selection(at=13), "at"),
        (Selection(after=13), "after"),
    ],
)
def test_what_nothing_can_fit_is_refused(log: Log, selection: Selection, part: str) -> None:
    with pytest.raises(BadSelection) as refused:
        Source(log, selection)
    assert refused.value.part == part


def test_an_event_that_comes_meanwhile_is_not_in_it(log: Log) -> None:
    source = Source(log, Selection())
    told(log, IncidentNoted(text="Too late", visibility=Visibility.INTERNAL))
    assert [line.raw["position"] for line in source.lines()] == list(range(1, 13))
    (past,) = source.pasts()
    assert len(past.happened) == 10


def test_a_report_that_is_not_logged_yet_is_called_by_its_id(log: Log) -> None:
    (past,) = Source(log, Selection(at=1)).pasts()
    assert past.name == str(STREAM)
    (line,) = Source(log, Selection(at=1)).lines()
    assert (line.incident, line.reference) == (STREAM, None)


@pytest.mark.parametrize("name", sorted(formats()))
def test_an_empty_log_is_an_empty_export(empty: Log, tmp_path: Path, name: str) -> None:
    assert made(empty, name, tmp_path / "out")["events"] == 0
    assert (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["csv", "cloudevents", "xes", "ocel-json"])
def test_the_same_log_is_the_same_bytes_on_either_store(log: Log, shared: Log, name: str) -> None:
    for each in (log, shared):
        record_all(each)
    assert exported(log, name) == exported(log, name) == exported(shared, name)


def test_memory_does_not_grow_with_the_log(empty: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four times as many events take as much."""
    monkeypatch.setattr(reading, "PAGE_EVENTS", 200)
    monkeypatch.setattr(reading, "INCIDENTS", 20)
    monkeypatch.setattr(reading, "REMEMBERED", 100)
    monkeypatch.setattr(csv_lines, "LINES", 100)
    many(empty, 480)
    for name in ("csv", "xes"):
        peak(empty, name)  # what is remembered of ids and instants is remembered
        little, much = peak(empty, name, 900), peak(empty, name)
        assert much < little * 1.3, (name, little, much)


def peak(log: Log, name: str, at: int | None = None) -> int:
    """The most memory that an export into nowhere takes."""
    form = formats()[name]
    with Path("/dev/null").open("wb") as nowhere:
        tracemalloc.start()
        try:
            to_stream(form, Source(log, Selection(at=at)), nowhere, {})
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("name", sorted(formats()))
def test_who_wants_no_more_gets_no_file(log: Log, tmp_path: Path, name: str) -> None:
    file = tmp_path / "out"
    asked: list[bool] = []

    def stop() -> bool:
        asked.append(True)
        return len(asked) > 1

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "PAGE_EVENTS", 4)
        with pytest.raises(Stopped):
            to_file(formats()[name], Source(log, Selection(), stop=stop), file, {}, force=False)
    assert list(tmp_path.iterdir()) == [tmp_path / "home"]


def test_progress_ends_at_the_position_that_was_asked_for(log: Log) -> None:
    told_so: list[tuple[int, int]] = []
    source = Source(log, Selection(at=8), progress=lambda done, of: told_so.append((done, of)))
    assert len(list(source.lines())) == 8
    assert told_so[-1] == (8, 8)
