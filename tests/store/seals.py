"""Keys in memory, for tests of who seals and opens."""

from collections.abc import Iterable
from uuid import uuid4

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class Ring:
    """A key for each person and for each stream, until it is thrown away."""

    sealing = True

    def __init__(self) -> None:
        self.keys: dict[str, AESGCM] = {}
        self.subjects: dict[str, str] = {}
        self.fetched: set[str] = set()

    def _key(self, whose: str) -> tuple[str, AESGCM]:
        if whose not in self.subjects:
            self.subjects[whose] = str(uuid4())
            self.keys[self.subjects[whose]] = AESGCM(AESGCM.generate_key(256))
        return self.subjects[whose], self.keys[self.subjects[whose]]

    def person(self, name: str) -> tuple[str, AESGCM]:
        return self._key(f"person {name}")

    def case(self, stream: str) -> tuple[str, AESGCM]:
        return self._key(f"case {stream}")

    def key(self, subject: str) -> AESGCM | None:
        return self.keys.get(subject)

    def missing(self, subject: str) -> str:
        return "[forgotten]"

    def preload(self, subjects: Iterable[str]) -> None:
        self.fetched |= set(subjects)

    def forget(self, whose: str) -> str:
        """Throw a key away: `person NAME` or `case STREAM`."""
        subject = self.subjects.pop(whose)
        del self.keys[subject]
        return subject
