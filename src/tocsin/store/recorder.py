"""What both stores promise, in the library's interface and in ours."""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from threading import Condition
from typing import Any, LiteralString
from uuid import UUID, uuid4

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    IntegrityError,
    Notification,
    ProcessRecorder,
    StoredEvent,
    Subscription,
)

from tocsin.store.copies import Answer, Piece
from tocsin.store.entries import (
    Entry,
    Failed,
    Outcome,
    References,
    Stale,
    Stored,
    StoreUnavailable,
)
from tocsin.store.mapper import decode
from tocsin.store.sealing import VEIL, Seals
from tocsin.store.tree import Tree
from tocsin.telemetry.spread import Spent

FOLLOW_SECONDS = 0.05
"""How often a subscription looks by itself: a doorbell that does not ring delays nothing longer."""
READ_ROWS = 1_000
RARE = frozenset({"subject.forgotten", "subject.purged"})
"""Names of events that are looked up in the whole log, and of which there are few: each store
keeps an index of them."""
IS_RARE: LiteralString = "topic IN ('subject.forgotten', 'subject.purged')"
"""What a question has to say word for word so that this index answers it."""
NUMBERS = 65_536
"""What the last two bytes of a stream's id can be. They are of chance, or of a hash."""


class LogRecorder(ApplicationRecorder):
    """A gapless, ordered, append-only log with exactly-once commands."""

    tree: Tree
    """The hash tree over its events."""

    def __init__(self) -> None:
        self.references = References()
        self.seals: Seals = VEIL
        """With whose keys the events that are committed are sealed."""
        self.spent = Spent()
        """Where its time goes."""
        self.doorbell = Condition()
        """Rung in this process after every commit."""

    @abstractmethod
    def reserve_references(self, count: int) -> None:
        """Make sure that `count` numbers are free in `references`."""

    @abstractmethod
    def answers(self, command_ids: Sequence[UUID]) -> dict[UUID, tuple[bytes, bytes]]:
        """Fingerprint and first answer of each of these commands that was answered before."""

    @abstractmethod
    def answers_page(self, after: UUID | None, limit: int) -> list[Answer]:
        """All answers in the order of the commands' ids: the next ones behind one of them."""

    @abstractmethod
    def holder(self, kind: str, key: str) -> UUID | None:
        """The stream that holds this name."""

    @abstractmethod
    def version(self, stream: UUID) -> int:
        """The number of events of a stream."""

    @abstractmethod
    def bodies(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Positions and stored bytes of the events after a position, in order."""

    @abstractmethod
    def named(
        self, names: Sequence[str], after: int, until: int, limit: int
    ) -> list[tuple[int, bytes]]:
        """Positions and stored bytes of the events of these names with `after < position <= until`,
        in order: the first `limit`."""

    @abstractmethod
    def share(
        self, names: Sequence[str], part: range, after: int, until: int
    ) -> list[tuple[bytes, bytes]]:
        """Streams and stored bytes of the events of these names with `after < position <= until`,
        in order, of those streams whose last two bytes are a number in `part`.

        Ids end in chance or in a hash, so equal parts of the 65,536 numbers are equal shares.
        """

    @abstractmethod
    def part(self, names: Sequence[str], part: range, after: int, until: int) -> list[bytes]:
        """Stored bytes of the events with `after < position <= until`, in order: of those streams
        whose last two bytes are a number in `part`, and those of these names wherever they are."""

    @abstractmethod
    def history(self, stream: UUID, after: int, until: int | None) -> list[bytes]:
        """Stored bytes of one stream's events with `after < version <= until`, in order."""

    @abstractmethod
    def histories(self, streams: Sequence[UUID]) -> list[tuple[UUID, bytes]]:
        """Stored bytes of all events of several streams, each stream's in order."""

    @abstractmethod
    def _commit(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Settle and store a batch in one durable transaction."""

    @abstractmethod
    def _append(self, piece: Piece) -> None:
        """Store a piece of another log in one durable transaction."""

    @abstractmethod
    def close(self) -> None:
        """Let go of every connection and lock."""

    def commit(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Store a batch durably, and say what became of each entry.

        If the batch as a whole cannot be stored, each half is tried alone, so that an entry that
        is at fault takes nobody with it.

        Raises:
            StoreUnavailable: it is not known what was stored. Asking again with the same command
                ids, `fresh` no more, is safe.
        """
        try:
            outcomes = self._commit(entries)
        except StoreUnavailable:
            raise
        except Exception as error:
            if len(entries) == 1:
                return [Failed(error)]
            return self._halves(entries)
        with self.doorbell:
            self.doorbell.notify_all()
        return outcomes

    def append_stored(self, piece: Piece) -> None:
        """Store a piece of another log durably: the very bytes, at the very positions.

        Raises:
            NotNext: the log does not end where it begins. Nothing was stored.
            StoreUnavailable: it is not known whether it was stored.
        """
        self._append(piece)
        with self.doorbell:
            self.doorbell.notify_all()

    def _halves(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Store two halves one after the other; what rested on a loser of the first is stale."""
        middle = len(entries) // 2
        outcomes = self.commit(entries[:middle])
        lost = {
            stream
            for entry, outcome in zip(entries[:middle], outcomes, strict=True)
            if not isinstance(outcome, Stored)
            for stream in entry.extends
        }
        later = entries[middle:]
        sound = [entry for entry in later if not entry.rests_on & lost]
        settled = iter(self.commit(sound) if sound else ())
        for entry in later:
            stale = entry.rests_on & lost
            outcomes.append(Stale(min(stale), self.version(min(stale))) if stale else next(settled))
        return outcomes

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Append events in the library's way: as one entry with a command id made here."""
        if not stored_events:
            return []
        drafts = tuple(decode(stored.state) for stored in stored_events)
        entry = Entry(
            command_id=kwargs.get("command_id", uuid4()),
            fingerprint=b"",
            drafts=drafts,
            answer=lambda positions: b"",
        )
        match self.commit([entry])[0]:
            case Stored(positions=positions):
                return list(positions)
            case Failed(error=error):
                raise error
            case lost:
                raise IntegrityError(repr(lost))

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """One stream's events, in the library's words."""
        stream = originator_id if isinstance(originator_id, UUID) else UUID(originator_id)
        bodies = self.history(stream, gt or 0, lte)
        if desc:
            bodies.reverse()
        return [_stored_event(body) for body in bodies[:limit]]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Events in log order, in the library's words; `limit` counts those of the topics."""
        after = (start or 0) - (1 if start and inclusive_of_start else 0)
        found: list[Notification] = []
        while len(found) < limit and (page := self.bodies(after, READ_ROWS)):
            for position, body in page:
                if stop is not None and position > stop:
                    return found
                stored = _stored_event(body)
                if (not topics or stored.topic in topics) and len(found) < limit:
                    found.append(Notification(**vars(stored), id=position))
                after = position
        return found

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> "Subscription[ApplicationRecorder]":
        """Follow the log. Unlike the library's, on every store, and by looking, not by luck."""
        return Following(self, gt, topics)


class EventsAlone:
    """What both factories answer the library when it asks for more than a log of events."""

    _REASON = "Tocsin keeps neither snapshots nor tracking in the log."

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        raise NotImplementedError(self._REASON)

    def tracking_recorder(self, tracking_recorder_class: Any = None) -> Any:
        raise NotImplementedError(self._REASON)

    def process_recorder(self) -> ProcessRecorder:
        raise NotImplementedError(self._REASON)


class Following(Subscription[ApplicationRecorder]):
    """An endless iterator over the log: looks every `FOLLOW_SECONDS`, sooner when rung."""

    def __init__(
        self, recorder: LogRecorder, gt: int | None = None, topics: Sequence[str] = ()
    ) -> None:
        super().__init__(recorder, gt, topics)
        self._log = recorder
        self._waiting: Iterable[Notification] = iter(())

    def __next__(self) -> Notification:
        while not self._has_been_stopped:
            for notification in self._waiting:
                self._last_notification_id = notification.id
                return notification
            page = self._log.select_notifications(
                self._last_notification_id, READ_ROWS, None, self._topics, inclusive_of_start=False
            )
            self._waiting = iter(page)
            if not page:
                with self._log.doorbell:
                    self._log.doorbell.wait(FOLLOW_SECONDS)
        raise StopIteration


def _stored_event(body: bytes) -> StoredEvent:
    recorded = decode(body)
    return StoredEvent(recorded.stream, recorded.version, recorded.event.event_name, body)
