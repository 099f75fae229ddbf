"""The vault as whoever seals and opens sees it: the key of a person, of a case, of an id."""

from collections.abc import Collection, Iterable
from contextlib import suppress
from threading import Lock, RLock
from time import monotonic
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tocsin.ids import new_id
from tocsin.settings import Settings
from tocsin.vault.cache import Recent
from tocsin.vault.forgetting import destroy, retire, unretire
from tocsin.vault.opening import Opened, Tail, for_writing, opened
from tocsin.vault.pool import Pool
from tocsin.vault.records import LOST, Person, VaultUnavailable
from tocsin.vault.rows import Key, Rows

LOOK_SECONDS: Final = 1.0
"""How often a process looks whether another one retired or destroyed keys."""


class Vault:
    """The keys of every person and every case, for one process.

    Every promise that a key is durable is kept before it is handed out. The keys of cases come
    from a pool that was made durable at once, so that no incident waits for the disk: which stream
    uses which key stands in the log itself, and here only so that it is found again. A process
    that dies before it has noted that gives its streams second keys later, which does no harm.
    """

    def __init__(self, settings: Settings, found: Opened | None) -> None:
        self.sealing = settings.vault and found is not None
        self._settings, self._found = settings, found
        self._lock, self._loading = RLock(), Lock()
        self._look_at = monotonic() + LOOK_SECONDS
        self._people: Recent[str, Key] = Recent(settings.vault_keys)
        self._cases: Recent[str, Key] = Recent(settings.vault_keys)
        self._keys: Recent[str, AESGCM | str] = Recent(settings.vault_keys)
        self._pool = Pool(lambda: self._rows)
        self._born = str(new_id())
        self._generation = found.rows.generation() if found else 0

    @classmethod
    def open(cls, settings: Settings, *, writer: bool = False, tail: Tail | None = None) -> "Vault":
        """Open the vault that belongs to the log; as the log's writer, make it first if need be.

        A reader whose vault is not there reads names as pseudonyms, and texts as lost.

        Raises:
            VaultUnavailable: it cannot be unlocked. A writer also gets it when the log has sealed
                values that this vault has no keys of.
        """
        if writer and settings.vault:
            return cls(settings, for_writing(settings, tail or (lambda _: ())))
        return cls(settings, opened(settings))

    @property
    def found(self) -> Opened:
        """What is behind it.

        Raises:
            VaultUnavailable: there is no vault.
        """
        if self._found is None:
            raise VaultUnavailable("There is no vault yet: `tocsin serve` makes it.")
        return self._found

    def person(self, name: str) -> Key:
        """The key of a person. It is durable before it is returned.

        Raises:
            VaultUnavailable: it is not known yet, and the vault does not answer.
        """
        if monotonic() >= self._look_at:
            self.look()
        return self._people.get(name) or self._person(name)

    def case(self, stream: str) -> Key:
        """The key of a stream's free text. It is durable before it is returned.

        Raises:
            VaultUnavailable: there is none at hand, and the vault does not answer.
        """
        if monotonic() >= self._look_at:
            self.look()
        return self._cases.get(stream) or self._case(stream)

    def key(self, subject: str) -> AESGCM | None:
        """The key of this id, if there is one still.

        Raises:
            VaultUnavailable: the vault does not answer.
        """
        if monotonic() >= self._look_at:
            self.look()
        found = self._keys.get(subject) or self._load([subject]).get(subject, LOST)
        return None if isinstance(found, str) else found

    def missing(self, subject: str) -> str:
        """What stands in place of a text whose key is not there: forgotten, or lost."""
        found = self._keys.get(subject) or self._load([subject]).get(subject, LOST)
        return found if isinstance(found, str) else LOST

    def preload(self, subjects: Iterable[str]) -> None:
        """Fetch many keys with one question, for who is about to open much.

        Raises:
            VaultUnavailable: the vault does not answer.
        """
        if wanted := [subject for subject in subjects if self._keys.get(subject) is None]:
            self._load(wanted)

    def look(self) -> None:
        """See whether another process retired or destroyed keys, and then forget all of them."""
        self._look_at = monotonic() + LOOK_SECONDS
        if self._found is None:
            self._found = opened(self._settings)
        if self._found is None:
            return
        generation = self._found.rows.generation()
        if generation != self._generation:
            with self._lock:
                self._forget(generation)

    def find(self, name: str) -> str | None:
        """The subject of a person: who has this name now, or else who had it last."""
        return next(iter(self.everyone(name)), None)

    def everyone(self, name: str) -> list[str]:
        """Every subject with this name whose key is there: a retired one may stand beside."""
        return self._rows.of_name(name)

    def people(self, after: str = "", limit: int = 1_000) -> list[Person]:
        """Everybody whose key is there, in the order of their subjects."""
        return self._rows.people(after, limit)

    def whose(self, subject: str) -> Person | None:
        """The person of a subject; none when it is no person's, or forgotten."""
        return self._rows.whose(subject)

    @property
    def keys_ready(self) -> int:
        """Keys of free text that are durable, and that no stream uses yet."""
        return len(self._pool)

    @property
    def generation(self) -> int:
        """Another one whenever keys were retired or destroyed, as of the last look."""
        return self._generation

    def bindings(self, stream: str) -> list[str]:
        """Every key that a stream is known to have used. The log itself knows all of them."""
        with self._lock:
            self._note()
            return self._rows.bindings(stream)

    def retire(self, *subjects: str) -> None:
        """Seal nothing new with these keys: durably, here at once, elsewhere within a second.

        Who destroys them afterwards waits NOTICED_SECONDS, or loses what others sealed meanwhile.
        """
        with self._lock:
            self._note()
            retire(self._rows, subjects)
            self._forget(self._rows.generation())

    def unretire(self, subject: str) -> bool:
        """Seal with this key again; returns whether it is still there."""
        with self._lock:
            there = unretire(self._rows, subject)
            self._forget(self._rows.generation())
        return there

    def destroy(self, subjects: Collection[str]) -> int:
        """Destroy keys for ever: durably, and off the disk. Returns how many there were.

        What they sealed reads as forgotten from then on: here at once, elsewhere within a second.
        Asking again changes nothing, and is right when it is not known what became of the first.
        """
        with self._lock:
            self._note()
            destroyed = destroy(self._rows, subjects)
            self._forget(self._rows.generation())
        self.found.tables.scrub()
        return destroyed

    def forgotten(self, subject: str) -> bool:
        """Whether the key of this id was destroyed."""
        return self._rows.forgotten(subject)

    def close(self) -> None:
        """Note which streams use which keys, give back what nobody used, and let go."""
        with self._lock, suppress(VaultUnavailable):
            if unused := self._pool.close():
                self._rows.drop(unused)
        self._clear()
        if self._found is not None:
            self._found.locks.close()
            self._found.tables.close()

    @property
    def _rows(self) -> Rows:
        return self.found.rows

    def _person(self, name: str) -> Key:
        with self._lock:
            found = self._people.get(name)
            if found is None:
                found = self._rows.person(name)
                self._people.put(name, found)
                self._keep(found)
            return found

    def _case(self, stream: str) -> Key:
        with self._lock:
            found = self._cases.get(stream)
            if found is None:
                found = self._known_case(stream) or self._pool.take(stream)
                self._cases.put(stream, found)
                self._keep(found)
            return found

    def _known_case(self, stream: str) -> Key | None:
        """The key of a stream that is older than this process: a new one can have none."""
        if self._pool.taken(stream):
            self._note()
        elif stream[14:15] == "7" and stream > self._born:
            return None
        return self._rows.case(stream)

    def _note(self) -> None:
        """Note which streams use which keys."""
        self._pool.note()

    def _load(self, subjects: Collection[str]) -> dict[str, AESGCM | str]:
        if self._found is None:
            return {}
        # A lock of its own, so that no reader waits for a key that is being made durable.
        with self._loading:
            found = self._found.rows.keys(subjects)
            self._keys.put_all(found)
        return found

    def _keep(self, found: Key) -> None:
        with self._loading:
            self._keys.put(*found)

    def _forget(self, generation: int) -> None:
        """Nothing that was remembered may still be right."""
        self._note()
        self._clear()
        self._born, self._generation = str(new_id()), generation

    def _clear(self) -> None:
        self._people.clear()
        self._cases.clear()
        with self._loading:  # what was loaded before a key was destroyed is kept by now
            self._keys.clear()
