"""What was used lately, found again without asking the store and without waiting for a lock."""

from collections.abc import Hashable
from itertools import islice
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Values that were used lately: of as many as half of `limit`, all; never more than `limit`.

    Two generations instead of a list in order of use: what is found in the old one moves to the
    young one, and when that is full it becomes the old one. A hit is then one look into a dict,
    and needs no lock: only who puts something in must be alone.
    """

    def __init__(self, limit: int) -> None:
        self._half = max(1, limit // 2)
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """The value, if it was used lately."""
        young = self._young
        value = young.get(key)
        if value is None and (value := self._old.get(key)) is not None:
            # Into the dict that was looked into: after `clear`, that one is no longer read.
            young[key] = value
        return value

    def put(self, key: K, value: V) -> None:
        """Remember a value. One thread at a time."""
        self.age()
        self._young[key] = value

    def put_all(self, values: dict[K, V]) -> None:
        """Remember values that are wanted together, for a moment however many they are."""
        self.age()
        self._young.update(values)

    def age(self) -> None:
        """Let go of what was not used for long, when there is too much. One thread at a time."""
        if len(self._young) >= self._half:
            latest = islice(reversed(self._young.items()), self._half)
            self._old = self._young if len(self._young) == self._half else dict(latest)
            self._young = {}

    def clear(self) -> None:
        """Forget everything. One thread at a time."""
        self._old = {}
        self._young = {}

    def __len__(self) -> int:
        return len(self._young.keys() | self._old.keys())
