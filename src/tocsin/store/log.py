"""The log, as the rest of Tocsin sees it: an application of the eventsourcing library."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.persistence import Mapper
from eventsourcing.utils import Environment, EnvType

from tocsin.domain.kernel import Recorded
from tocsin.settings import Settings
from tocsin.store.copying import Copying
from tocsin.store.entries import Entry, Outcome, StoreUnavailable
from tocsin.store.mapper import CanonicalMapper, decode, shown
from tocsin.store.proving import Proving
from tocsin.store.recorder import LogRecorder
from tocsin.store.sealing import Seals, subjects_in
from tocsin.telemetry.spread import Spent

if TYPE_CHECKING:
    from tocsin.vault import Vault

EVENTS_AT_ONCE = 1_000
"""Events that are looked through with one question, backwards, for sealed values."""
STREAMS_AT_ONCE = 500
"""Streams whose histories are read with one question."""


class Log(Proving, Copying, Application[UUID]):
    """One ordered log of every event of every stream."""

    name = "tocsin"

    def __init__(self, env: EnvType) -> None:
        super().__init__(env)
        self._recorder = cast(LogRecorder, self.recorder)
        self._vault: Vault | None = None

    @property
    def seals(self) -> Seals:
        """The keys with which events are sealed and opened."""
        return self._recorder.seals

    @seals.setter
    def seals(self, seals: Seals) -> None:
        self._recorder.seals = seals
        cast(CanonicalMapper, self.mapper).seals = seals

    @classmethod
    def open(cls, settings: Settings, *, writer: bool = False, veiled: bool = False) -> "Log":
        """Open the log that the settings name; as its writer, create or migrate it first.

        Who needs nobody's name and no text opens it `veiled`, without keys.

        Raises:
            StoreUnavailable: it is not there, cannot be reached, or has another writer; or its
                vault cannot be unlocked, or is not the one that its last events were sealed with.
        """
        if settings.database:
            env = {"PERSISTENCE_MODULE": "tocsin.store.postgres"}
            env["TOCSIN_LOG_URL"] = settings.database
        else:
            env = {"PERSISTENCE_MODULE": "tocsin.store.sqlite"}
            env["TOCSIN_LOG_FILE"] = str(settings.log_file)
        env["TOCSIN_LOG_LEDGER"] = "y" if settings.ledger else "n"
        log = cls({**env, "TOCSIN_LOG_WRITER": "y" if writer else "n"})
        if not veiled:
            log._unlock(settings, writer=writer)
        return log

    def _unlock(self, settings: Settings, *, writer: bool) -> None:
        from tocsin.vault import Vault

        try:
            vault = Vault.open(settings, writer=writer, tail=self.last_sealed)
        except BaseException:
            self.close()
            raise
        self.seals = self._vault = vault

    @property
    def vault(self) -> "Vault":
        """The keys of the people and cases that are sealed in it.

        Raises:
            StoreUnavailable: it was opened without them.
        """
        if self._vault is None:
            raise StoreUnavailable("This log was opened without the keys of its vault.")
        return self._vault

    def look(self) -> None:
        """See now which keys were destroyed elsewhere, and use none of them any more."""
        if self._vault is not None:
            self._vault.look()

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """Only what `open` says: a stray variable must never choose another store."""
        return Environment(name, dict(env or {}))

    def construct_mapper(self) -> Mapper[UUID]:
        """Our canonical bytes, and no transcoder with magic keys."""
        return self.factory.mapper(mapper_class=CanonicalMapper)

    @property
    def keys_ready(self) -> int:
        """Keys of its vault that are durable, and that no stream uses yet."""
        return self._vault.keys_ready if self._vault is not None else 0

    @property
    def spent(self) -> Spent:
        """Where the time of its store goes."""
        return self._recorder.spent

    @property
    def distant(self) -> bool:
        """Whether reading it crosses a network, so that nobody waits for it on the event loop."""
        return bool(self.env.get("TOCSIN_LOG_URL"))

    @property
    def place(self) -> str:
        """Where the log is, without secrets."""
        url = self.env.get("TOCSIN_LOG_URL")
        if not url:
            return str(self.env.get("TOCSIN_LOG_FILE"))
        parts = urlsplit(url)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=""))

    def head(self) -> int:
        """The position of the last event; 0 when there is none."""
        return self._recorder.max_notification_id() or 0

    def version(self, stream: UUID) -> int:
        """The number of events of a stream."""
        return self._recorder.version(stream)

    def last_sealed(self, after: int) -> set[str]:
        """The subjects of the last event after a position that holds sealed values, if any does."""
        until = self.head()
        while until > after:
            start = max(after, until - EVENTS_AT_ONCE)
            for _, body in reversed(self._recorder.bodies(start, until - start)):
                if found := subjects_in([body]):
                    return found
            until = start
        return set()

    def history(
        self, stream: UUID, after: int = 0, until: int | None = None
    ) -> list[Recorded[Any]]:
        """One stream's events with `after < version <= until`, in order."""
        return self.decoded(self._recorder.history(stream, after, until))

    def page(self, after: int, limit: int) -> list[Recorded[Any]]:
        """The events after a position, in order."""
        return self.decoded([body for _, body in self._recorder.bodies(after, limit)])

    def decode(self, body: bytes) -> Recorded[Any]:
        """One stored event, opened as far as there are keys.

        Raises:
            Unreadable: it cannot be decoded.
        """
        return decode(body, self.seals)

    def shown(self, bodies: Collection[bytes]) -> list[bytes]:
        """Stored events as they would be had nothing been sealed, as far as there are keys.

        Raises:
            Unreadable: a sealed value is not what was sealed there.
        """
        seals = self.seals
        seals.preload(subjects_in(bodies))
        return [shown(body, seals) for body in bodies]

    def decoded(self, bodies: Collection[bytes]) -> list[Recorded[Any]]:
        """Stored events, opened as far as there are keys, which are fetched together.

        Raises:
            Unreadable: one of them cannot be decoded.
        """
        seals = self.seals
        seals.preload(subjects_in(bodies))
        return [decode(body, seals) for body in bodies]

    def raw_page(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Positions and stored bytes of the events after a position, in order."""
        return self._recorder.bodies(after, limit)

    def raw_named(
        self, names: Sequence[str], after: int, until: int, limit: int
    ) -> list[tuple[int, bytes]]:
        """Positions and stored bytes of the events of these names with `after < position <= until`,
        in order: the first `limit`."""
        return self._recorder.named(names, after, until, limit)

    def raw_share(
        self, names: Sequence[str], part: range, after: int, until: int
    ) -> list[tuple[bytes, bytes]]:
        """Streams (16 bytes each) and stored bytes of the events of these names with
        `after < position <= until`, in order, of those streams whose last two bytes are a number
        in `part`: who reads a large log on several processors gives each a part of 65,536."""
        return self._recorder.share(names, part, after, until)

    def raw_part(self, names: Sequence[str], part: range, after: int, until: int) -> list[bytes]:
        """Stored bytes of the events with `after < position <= until`, in order: of those streams
        whose last two bytes are a number in `part`, and those of these names wherever they are."""
        return self._recorder.part(names, part, after, until)

    def raw_history(self, stream: UUID, after: int = 0, until: int | None = None) -> list[bytes]:
        """Stored bytes of one stream's events, in order."""
        return self._recorder.history(stream, after, until)

    def raw_histories(self, streams: Collection[UUID]) -> dict[UUID, list[bytes]]:
        """Stored bytes of all events of several streams, in order: one question for all."""
        found: dict[UUID, list[bytes]] = {stream: [] for stream in streams}
        waiting = list(found)
        for start in range(0, len(waiting), STREAMS_AT_ONCE):
            some = waiting[start : start + STREAMS_AT_ONCE]
            for stream, body in self._recorder.histories(some):
                found[stream].append(body)
        return found

    def holder(self, kind: str, key: str) -> UUID | None:
        """The stream that holds a name: kinds are `reference`, `dedup`, `foreign`."""
        return self._recorder.holder(kind, key)

    def answers(self, command_ids: Sequence[UUID]) -> dict[UUID, tuple[bytes, bytes]]:
        """Fingerprint and first answer of each of these commands that was answered before."""
        return self._recorder.answers(command_ids)

    def commit(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Store a batch durably in one transaction, and say what became of each entry.

        Raises:
            StoreUnavailable: it is not known what was stored. Asking again with the same command
                ids, `fresh` no more, is safe.
        """
        return self._recorder.commit(entries)

    def reserve_references(self, count: int) -> None:
        """Make sure that `peek_reference` and `take_reference` can answer `count` times."""
        self._recorder.reserve_references(count)

    @property
    def references_at_hand(self) -> int:
        """How often `take_reference` can answer without a question to the store."""
        return len(self._recorder.references)

    def peek_reference(self) -> str:
        """The reference that the next incident gets."""
        return self._recorder.references.next()

    def take_reference(self) -> str:
        """Use up the next reference."""
        return self._recorder.references.take()

    def next_reference(self) -> str:
        """Reserve and use up one reference."""
        self.reserve_references(1)
        return self.take_reference()

    def close(self) -> None:
        """Let go of connections and locks."""
        super().close()
        self._recorder.close()
        if self._vault is not None:
            self._vault.close()
