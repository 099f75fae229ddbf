"""What was decided on other streams as well is stored only while those stand still."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.store.samples import ACKNOWLEDGED, entry, logged, noted, texts
from tocsin.domain.subject.events import SubjectPurged
from tocsin.store.entries import Duplicate, Entry, Failed, Stale, Stored
from tocsin.store.log import Log

INCIDENT, CLOCK = uuid4(), uuid4()


def struck(at: int, **rest: Any) -> Entry:
    """An entry on the clock's stream, decided on the incident at a version."""
    return entry(noted("struck"), stream=CLOCK, beside=((INCIDENT, at),), **rest)


def test_it_is_stored_while_the_other_stream_stands_still(log: Log) -> None:
    log.commit([entry(noted("reported"), stream=INCIDENT)])
    assert log.commit([struck(at=1)]) == [Stored(range(2, 3), b"at [2]")]
    assert log.version(INCIDENT) == 1


@pytest.mark.parametrize("at", [0, 2])
def test_it_is_stale_when_the_other_stream_stands_elsewhere(log: Log, at: int) -> None:
    """Neither what moved on meanwhile nor what is not there yet will do."""
    log.commit([entry(noted("reported"), stream=INCIDENT)])
    assert log.commit([struck(at=at)]) == [Stale(INCIDENT, 1)]
    assert texts(log) == ["reported"]


def test_a_stream_that_is_not_there_stands_at_nothing(log: Log) -> None:
    assert log.commit([struck(at=0)]) == [Stored(range(1, 2), b"at [1]")]


def test_all_of_several_streams_must_stand_still(log: Log) -> None:
    other = uuid4()
    log.commit([entry(noted("a"), stream=INCIDENT), entry(noted("b"), stream=other)])
    both = entry(noted("c"), stream=CLOCK, beside=((INCIDENT, 1), (other, 0)))
    assert log.commit([both]) == [Stale(other, 1)]


def test_an_earlier_entry_of_the_batch_may_move_the_other_stream(log: Log) -> None:
    log.commit([entry(noted("reported"), stream=INCIDENT)])
    moved = entry(noted("resolved"), stream=INCIDENT, after=1)
    assert log.commit([moved, struck(at=1)])[1] == Stale(INCIDENT, 2)
    assert log.commit([struck(at=2)]) == [Stored(range(3, 4), b"at [3]")]


def test_a_later_entry_of_the_batch_moves_it_afterwards(log: Log) -> None:
    log.commit([entry(noted("reported"), stream=INCIDENT)])
    moved = entry(noted("resolved"), stream=INCIDENT, after=1)
    assert log.commit([struck(at=1), moved]) == [
        Stored(range(2, 3), b"at [2]"),
        Stored(range(3, 4), b"at [3]"),
    ]


def test_it_does_not_rest_on_what_lost_before_it_in_the_batch(log: Log) -> None:
    log.commit([entry(noted("reported"), stream=INCIDENT)])
    lost = entry(noted("lost"), stream=INCIDENT, after=5)
    another = entry(noted("struck"), beside=((INCIDENT, 1),))
    outcomes = log.commit([lost, struck(at=6), another])
    assert outcomes == [Stale(INCIDENT, 1)] * 3
    assert texts(log) == ["reported"]


def test_it_does_not_rest_on_what_could_not_be_stored(log: Log) -> None:
    """A batch that fails is stored in halves, and what one half lost the other must know of."""
    log.commit([entry(noted("reported"), stream=INCIDENT)])
    sick = entry(noted("\ud800"), stream=INCIDENT, after=1)
    failed, stale = log.commit([sick, struck(at=2)])
    assert isinstance(failed, Failed)
    assert stale == Stale(INCIDENT, 1)
    assert texts(log) == ["reported"]


def test_what_yields_nothing_rests_on_it_as_well(log: Log) -> None:
    log.commit([entry(noted("reported"), stream=INCIDENT)])
    nothing = entry(expects=(CLOCK, 0), beside=((INCIDENT, 0),))
    assert log.commit([nothing]) == [Stale(INCIDENT, 1)]
    assert log.answers([nothing.command_id]) == {}


def test_a_command_that_was_answered_before_gets_its_answer_whatever_has_moved(log: Log) -> None:
    once = struck(at=0)
    log.commit([once, entry(noted("reported"), stream=INCIDENT)])
    assert log.commit([once]) == [Duplicate(b"body", b"at [1]")]


class TestManyStreams:
    def test_are_read_with_one_question(self, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
        streams = sorted(uuid4() for _ in range(7))
        log.commit([entry(noted("1"), noted("2"), stream=stream) for stream in streams])
        log.commit([entry(noted("3"), stream=streams[0], after=2)])
        wanted = {stream: log.raw_history(stream) for stream in [*streams, uuid4()]}
        asked = []
        histories = log._recorder.histories

        def counted(some: Sequence[UUID]) -> list[tuple[UUID, bytes]]:
            asked.append(len(some))
            return histories(some)

        monkeypatch.setattr(log._recorder, "histories", counted)
        assert wanted == log.raw_histories(wanted)
        assert [3, 2, 0] == [len(wanted[s]) for s in (streams[0], streams[1], list(wanted)[-1])]
        assert asked == [8]
        assert log.raw_histories([]) == {}

    def test_are_read_in_parts_when_they_are_too_many(
        self, log: Log, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        streams = [uuid4() for _ in range(5)]
        log.commit([entry(noted("1"), stream=stream) for stream in streams])
        monkeypatch.setattr("tocsin.store.log.STREAMS_AT_ONCE", 2)
        assert log.raw_histories(streams) == {s: log.raw_history(s) for s in streams}


def test_events_of_some_names_are_found_among_the_others_in_order(log: Log) -> None:
    log.commit([entry(noted("1"), ACKNOWLEDGED, noted("2"), logged("X-1"), noted("3"))])
    names = ["incident.noted", "incident.logged"]
    page = log.raw_page(0, 10)
    assert [page[n - 1] for n in (1, 3, 4, 5)] == log.raw_named(names, 0, 5, 10)
    assert [3, 4] == [position for position, _ in log.raw_named(names, 1, 5, 2)]
    assert [3] == [position for position, _ in log.raw_named(names, 2, 3, 10)]
    assert [] == log.raw_named(["incident.closed"], 0, 5, 10)


def test_rare_events_are_found_alone_and_among_others(log: Log) -> None:
    purged = SubjectPurged(forgotten=1, places=("lake",))
    log.commit([entry(noted("1"), purged, noted("2"), logged("X-1"), purged)])
    page = log.raw_page(0, 10)
    purges = ["subject.purged", "subject.forgotten"]
    assert [page[n - 1] for n in (2, 5)] == log.raw_named(purges, 0, 5, 10)
    assert [page[4]] == log.raw_named(purges[:1], 2, 5, 10)
    assert [page[1]] == log.raw_named(purges, 0, 5, 1)
    assert [] == log.raw_named(purges[1:], 0, 5, 10)
    assert [page[n - 1] for n in (2, 4, 5)] == log.raw_named([*purges, "incident.logged"], 0, 5, 9)
