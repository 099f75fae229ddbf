"""Does the log keep its promises, on whichever store it lies?"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from tests.store.conftest import Store
from tests.store.samples import (
    ACKNOWLEDGED,
    entry,
    noted,
    positions,
    release,
    take,
    texts,
)
from tocsin.domain.kernel import Claim
from tocsin.store.entries import Duplicate, Entry, Failed, Outcome, Stale, Stored, Taken
from tocsin.store.log import Log

STREAM, OTHER = uuid4(), uuid4()
NAME = ("dedup", "disk full on web-1")
FIRST = entry(noted("first"), stream=STREAM, claims=(Claim(*NAME),))


def test_an_empty_log_has_nothing(log: Log) -> None:
    assert log.head() == 0
    assert log.version(STREAM) == 0
    assert log.history(STREAM) == []
    assert log.page(0, 10) == []
    assert log.holder(*NAME) is None
    assert log.answers([uuid4()]) == {}
    assert log.answers([]) == {}
    assert log.commit([]) == []


def test_positions_have_no_gaps_and_follow_the_order_of_commits(log: Log) -> None:
    """Entries that lose leave no hole: positions are the leaves of the audit's tree."""
    first = log.commit([entry(noted("1"), noted("2"), stream=STREAM), entry(noted("3"))])
    lost = log.commit([entry(noted("lost"), stream=STREAM), entry(noted("4"))])
    assert [Stored(range(1, 3), b"at [1, 2]"), Stored(range(3, 4), b"at [3]")] == first
    assert [Stale(STREAM, 2), Stored(range(4, 5), b"at [4]")] == lost
    assert positions(log) == [1, 2, 3, 4]
    assert texts(log) == ["1", "2", "3", "4"]
    assert [recorded.position for recorded in log.page(0, 9)] == [1, 2, 3, 4]
    assert log.head() == 4


def test_a_stored_event_comes_back_as_it_was(log: Log) -> None:
    wanted = entry(noted('Straße, 東京, \U0001f525\n\t"quoted" \\ \'; DROP TABLE'), stream=STREAM)
    log.commit([wanted])
    (draft,) = wanted.drafts
    (recorded,) = log.history(STREAM)
    assert recorded == type(draft)(**{**vars(draft), "position": 1})
    assert log.raw_history(STREAM) == [log.raw_page(0, 1)[0][1]]


def test_an_entry_is_stored_whole_or_not_at_all(log: Log) -> None:
    """The second stream is stale, so the event on the first must not stay behind."""
    log.commit([entry(noted("there"), stream=OTHER)])
    same = uuid4()
    both = entry(noted("new"), stream=STREAM, command_id=same, claims=(take(*NAME),))
    stale = entry(noted("stale"), stream=OTHER, command_id=same)
    both = Entry(**{**vars(both), "drafts": both.drafts + stale.drafts})
    assert log.commit([both]) == [Stale(OTHER, 1)]
    assert log.head() == 1
    assert log.version(STREAM) == 0
    assert log.holder(*NAME) is None
    assert log.answers([same]) == {}


def test_an_entry_may_span_streams(log: Log) -> None:
    one = entry(noted("a"), stream=STREAM)
    two = entry(noted("b"), stream=OTHER)
    whole = Entry(**{**vars(one), "drafts": one.drafts + two.drafts})
    assert log.commit([whole]) == [Stored(range(1, 3), b"at [1, 2]")]
    assert (log.version(STREAM), log.version(OTHER)) == (1, 1)


class TestACommandThatWasAnsweredBefore:
    """Exactly once: the first answer, byte for byte, and no second effect."""

    def test_gets_its_first_answer_again(self, log: Log) -> None:
        once = entry(noted("once"), stream=STREAM, fingerprint=b"\x00\xff", answer=lambda _: b"\0{")
        assert log.commit([once]) == [Stored(range(1, 2), b"\0{")]
        again = entry(noted("twice"), stream=STREAM, after=1, command_id=once.command_id)
        assert log.commit([again]) == [Duplicate(b"\x00\xff", b"\0{")]
        assert log.answers([once.command_id, uuid4()]) == {once.command_id: (b"\x00\xff", b"\0{")}
        assert log.head() == 1

    def test_is_found_within_its_own_batch(self, log: Log) -> None:
        once = entry(noted("once"))
        twin = entry(noted("twin"), command_id=once.command_id)
        expected = [Stored(range(1, 2), b"at [1]"), Duplicate(b"body", b"at [1]")]
        assert log.commit([once, twin]) == expected
        assert texts(log) == ["once"]

    def test_is_found_even_if_it_changed_nothing(self, log: Log) -> None:
        """ "It is already so" is an answer too: a retry later must not become an effect."""
        nothing = entry()
        assert log.commit([nothing]) == [Stored(range(1, 1), b"at []")]
        assert log.commit([nothing]) == [Duplicate(b"body", b"at []")]
        assert log.head() == 0

    def test_is_told_so_rather_than_that_it_is_stale(self, log: Log) -> None:
        once = entry(noted("once"), stream=STREAM, claims=(take(*NAME),))
        log.commit([once])
        assert log.commit([once]) == [Duplicate(b"body", b"at [1]")]

    def test_is_forgotten_if_it_was_refused(self, log: Log) -> None:
        """A "no" holds for the moment: asked again later, the answer may be otherwise."""
        refused = entry(kept=False)
        assert log.commit([refused]) == [Stored(range(1, 1), b"at []")]
        assert log.commit([refused]) == [Stored(range(1, 1), b"at []")]
        assert log.answers([refused.command_id]) == {}


class TestAStreamThatSomebodyElseExtended:
    @pytest.mark.parametrize("after", [0, 2])
    def test_makes_an_entry_stale(self, log: Log, after: int) -> None:
        """Neither a version that exists nor one that leaves a hole is accepted."""
        log.commit([entry(noted("first"), stream=STREAM)])
        assert log.commit([entry(noted("x"), stream=STREAM, after=after)]) == [Stale(STREAM, 1)]
        assert log.version(STREAM) == 1

    def test_makes_an_answer_without_events_stale(self, log: Log) -> None:
        """ "Nothing changes" was decided on a version that is no more."""
        log.commit([entry(noted("first"), stream=STREAM)])
        assert log.commit([entry(expects=(STREAM, 0))]) == [Stale(STREAM, 1)]
        assert log.commit([entry(expects=(STREAM, 1))]) == [Stored(range(2, 2), b"at []")]

    def test_may_be_extended_again_within_the_batch(self, log: Log) -> None:
        batch = [entry(noted(str(n)), stream=STREAM, after=n) for n in range(5)]
        assert all(isinstance(outcome, Stored) for outcome in log.commit(batch))
        assert [r.version for r in log.history(STREAM)] == [1, 2, 3, 4, 5]


class TestAName:
    """A reference or a deduplication key is held by one stream at a time."""

    def test_is_held_by_who_took_it(self, log: Log) -> None:
        log.commit([entry(noted("a"), stream=STREAM, claims=(take(*NAME),))])
        assert log.holder(*NAME) == STREAM
        assert log.holder("reference", NAME[1]) is None

    def test_cannot_be_taken_twice(self, log: Log) -> None:
        log.commit([entry(noted("a"), stream=STREAM, claims=(take(*NAME),))])
        late = entry(noted("b"), stream=OTHER, claims=(take(*NAME),))
        assert log.commit([late]) == [Taken(take(*NAME), STREAM)]
        assert log.holder(*NAME) == STREAM
        assert log.head() == 1

    def test_goes_to_the_first_of_a_batch(self, log: Log) -> None:
        batch = [entry(noted("x"), stream=s, claims=(take(*NAME),)) for s in (OTHER, STREAM)]
        assert log.commit(batch)[1] == Taken(take(*NAME), OTHER)

    def test_may_be_taken_again_by_its_holder(self, log: Log) -> None:
        log.commit([entry(noted("a"), stream=STREAM, claims=(take(*NAME),))])
        again = entry(noted("b"), stream=STREAM, after=1, claims=(take(*NAME),))
        assert log.commit([again]) == [Stored(range(2, 3), b"at [2]")]

    def test_that_is_not_firm_is_simply_not_taken(self, log: Log) -> None:
        """An imported incident keeps its foreign number where that is free, and comes anyway."""
        log.commit([entry(noted("a"), stream=STREAM, claims=(take(*NAME),))])
        modest = entry(noted("b"), stream=OTHER, claims=(take(*NAME, firm=False),))
        assert log.commit([modest]) == [Stored(range(2, 3), b"at [2]")]
        assert log.holder(*NAME) == STREAM

    def test_is_free_again_once_released(self, log: Log) -> None:
        log.commit([entry(noted("a"), stream=STREAM, claims=(take(*NAME),))])
        log.commit([entry(noted("b"), stream=STREAM, after=1, claims=(release(*NAME),))])
        assert log.holder(*NAME) is None
        log.commit([entry(noted("c"), stream=OTHER, claims=(take(*NAME),))])
        assert log.holder(*NAME) == OTHER

    def test_changes_hands_within_a_batch(self, log: Log) -> None:
        log.commit([entry(noted("a"), stream=STREAM, claims=(take(*NAME),))])
        outcomes = log.commit(
            [
                entry(noted("b"), stream=STREAM, after=1, claims=(release(*NAME),)),
                entry(noted("c"), stream=OTHER, claims=(take(*NAME),)),
            ]
        )
        assert all(isinstance(outcome, Stored) for outcome in outcomes)
        assert log.holder(*NAME) == OTHER

    def test_that_was_let_go_makes_an_answer_found_by_it_stale(self, log: Log) -> None:
        """A duplicate report is answered with the incident that holds its key: now, not once."""
        log.commit([entry(noted("a"), stream=STREAM, claims=(take(*NAME),))])
        assert log.commit([entry(expects=(STREAM, 1), holds=take(*NAME))]) == [
            Stored(range(2, 2), b"at []")
        ]
        log.commit([entry(noted("b"), stream=STREAM, after=1, claims=(release(*NAME),))])
        found = entry(expects=(STREAM, 2), holds=take(*NAME))
        assert log.commit([found]) == [Stale(STREAM, 2)]

    def test_is_not_released_by_somebody_else(self, log: Log) -> None:
        log.commit([entry(noted("a"), stream=STREAM, claims=(take(*NAME),))])
        log.commit([entry(noted("b"), stream=OTHER, claims=(release(*NAME),))])
        assert log.holder(*NAME) == STREAM

    @pytest.mark.parametrize("key", ["O'Brien; --", "日本 🔥", "a" * 500, " ", "%b %s $1 ?"])
    def test_may_be_any_text(self, log: Log, key: str) -> None:
        log.commit([entry(noted("a"), stream=STREAM, claims=(take("foreign", key),))])
        assert log.holder("foreign", key) == STREAM


@dataclass(frozen=True)
class Fault:
    """A way in which one entry of a batch fails, and what becomes of it."""

    entry: Callable[[], Entry]
    outcome: Callable[[Outcome], bool]


def _refuse(positions: object) -> bytes:
    raise RuntimeError("no answer")


FAULTS = {
    "duplicate": Fault(
        lambda: entry(noted("bad"), command_id=FIRST.command_id),
        lambda outcome: isinstance(outcome, Duplicate),
    ),
    "stale": Fault(
        lambda: entry(noted("bad"), stream=STREAM), lambda outcome: isinstance(outcome, Stale)
    ),
    "taken": Fault(
        lambda: entry(noted("bad"), claims=(take(*NAME),)),
        lambda outcome: isinstance(outcome, Taken),
    ),
    "a text that is not Unicode": Fault(
        lambda: entry(noted("\ud800")), lambda outcome: isinstance(outcome, Failed)
    ),
    "a name that is not Unicode": Fault(
        lambda: entry(noted("bad"), claims=(take("dedup", "\ud800"),)),
        lambda outcome: isinstance(outcome, Failed),
    ),
    "an answer that cannot be made": Fault(
        lambda: entry(noted("bad"), answer=_refuse), lambda outcome: isinstance(outcome, Failed)
    ),
    "an answer that is none": Fault(
        lambda: entry(noted("bad"), answer=lambda _: None),
        lambda outcome: isinstance(outcome, Failed),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("place", [0, 3, 6])
def test_an_entry_that_fails_takes_no_neighbour_with_it(log: Log, fault: str, place: int) -> None:
    """One transaction for many callers must not make them answer for each other."""
    log.commit([FIRST])
    batch = [entry(noted(str(n)), ACKNOWLEDGED) for n in range(6)]
    batch.insert(place, FAULTS[fault].entry())
    outcomes = log.commit(batch)
    assert FAULTS[fault].outcome(outcomes.pop(place))
    stored = [outcome.positions for outcome in outcomes if isinstance(outcome, Stored)]
    assert stored == [range(n, n + 2) for n in range(2, 14, 2)]
    assert positions(log) == list(range(1, 14))
    assert log.commit([entry(noted("next"))]) == [Stored(range(14, 15), b"at [14]")]


def test_pages_begin_after_a_position_and_end_at_their_limit(log: Log) -> None:
    log.commit([entry(*(noted(str(n)) for n in range(1, 8)), stream=STREAM)])
    assert [recorded.position for recorded in log.page(2, 3)] == [3, 4, 5]
    assert [position for position, _ in log.raw_page(6, 3)] == [7]
    assert log.page(7, 3) == []
    assert [recorded.version for recorded in log.history(STREAM, after=2, until=4)] == [3, 4]
    assert [recorded.version for recorded in log.history(STREAM, until=0)] == []
    assert len(log.raw_history(STREAM, after=6)) == 1


def test_parts_of_the_streams_have_each_event_once_and_the_named_ones_all(log: Log) -> None:
    """Whoever shares a log among processes gives each a part of the endings of streams' ids."""
    ends = (0, 1, 0x7FFF, 0x8000, 0xFFFF)
    streams = [UUID(int=number << 64 | end) for number, end in enumerate(ends, 1)]
    log.commit([entry(noted(f"{n}"), ACKNOWLEDGED, stream=s) for n, s in enumerate(streams)])
    every = [body for _, body in log.raw_page(0, 20)]
    low, high = range(0x8000), range(0x8000, 0x10000)
    assert every == log.raw_part([], range(0x10000), 0, 10)
    assert every[:6] == log.raw_part([], low, 0, 10)
    assert every[6:] == log.raw_part([], high, 0, 10)
    assert every[2:5] == log.raw_part([], low, 2, 5)
    acknowledged = every[1:6:2]
    assert acknowledged + every[6:] == log.raw_part([ACKNOWLEDGED.event_name], high, 0, 10)


def test_everything_is_there_after_reopening(store: Store) -> None:
    log = store.open()
    kept = entry(noted("kept"), stream=STREAM, claims=(take(*NAME),))
    log.commit([kept])
    before = log.raw_page(0, 10)
    store.close()
    log = store.open()
    assert log.raw_page(0, 10) == before
    assert log.head() == 1
    assert log.holder(*NAME) == STREAM
    assert log.commit([kept]) == [Duplicate(b"body", b"at [1]")]
    assert log.commit([entry(noted("next"))]) == [Stored(range(2, 3), b"at [2]")]
