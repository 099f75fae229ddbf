"""From a private state to the public rows that it stands for, and what changed among them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from tocsin.readmodels.rows import RowStore

Rows = Mapping[Any, Any]
"""Rows by their keys."""


class SharedKey(Exception):
    """Two rows have one key, so neither of them could be told."""

    def __init__(self, key: Any) -> None:
        super().__init__(f"two rows have the key {key}")


class Unsound(Exception):
    """The rows of a state cannot be made."""

    def __init__(self, state: Any, fault: Exception) -> None:
        super().__init__(str(fault))
        self.state, self.fault = state, fault


@dataclass(frozen=True)
class Difference:
    """What has to be written so that the rows are those of the states."""

    changed: list[Any]
    """Rows that are new or not what they were."""
    gone: list[Any]
    """Keys of rows that no state stands for any more."""
    unfolded: Mapping[Any, Rows]
    """The rows of each changed state, by the key of the state."""


class Unfolding:
    """The rows of the states that change, compared with what they were.

    Rows are a function of their state, so they are never read back: what was unfolded last is kept
    for the states that move now, and made again for the others.
    """

    def __init__(
        self, rows: Callable[[Any], Iterable[Any]], key: Callable[[Any], Any], cached_rows: int
    ) -> None:
        self._make, self._key, self._cached_rows = rows, key, cached_rows
        self._kept: dict[Any, Rows] = {}
        self._size = 0

    def difference(self, before: Mapping[Any, Any], after: Mapping[Any, Any]) -> Difference:
        """What changes among the rows when these states become those.

        Raises:
            SharedKey: two rows have one key.
        """
        changed: dict[Any, Any] = {}
        gone: list[Any] = []
        unfolded: dict[Any, Rows] = {}
        for name, state in after.items():
            old = self._kept.get(name)
            if old is None:
                old = self._unfold(before.get(name))
            unfolded[name] = new = self._unfold(state)
            for key, row in new.items():
                if old.get(key) == row:
                    continue
                if key in changed:
                    raise SharedKey(key)
                changed[key] = row
            gone += [key for key in old if key not in new]
        for key in gone:
            if key in changed:
                raise SharedKey(key)
        return Difference(list(changed.values()), gone, unfolded)

    def some(
        self, connection: Connection, states: RowStore, rows: RowStore, after: Any, limit: int
    ) -> Any:
        """Write the rows of the states that follow a key; return the last key of these, or none
        when no state is left.

        Raises:
            Unsound: the rows of a state cannot be made.
        """
        made: list[Any] = []
        found = states.following(connection, after, limit)
        for state in found:
            try:
                made += self.rows(state)
            except Exception as fault:
                raise Unsound(states.codec.key(state), fault) from fault
        rows.write(connection, made, (), new=False)
        return states.codec.key(found[-1]) if len(found) == limit else None

    def rows(self, state: Any) -> Iterable[Any]:
        """The rows of a state.

        Raises:
            SharedKey: two of them have one key.
        """
        return self._unfold(state).values()

    def keep(self, unfolded: Mapping[Any, Rows]) -> None:
        """Remember the rows that were unfolded last. Only what is committed gets here."""
        kept = self._kept
        for name, rows in unfolded.items():
            self._drop(name)
            kept[name] = rows
            self._size += 1 + len(rows)
        while self._size > self._cached_rows:
            self._drop(next(iter(kept)))

    def forget(self) -> None:
        """Make everything anew the next time."""
        self._kept.clear()
        self._size = 0

    def _drop(self, name: Any) -> None:
        if (rows := self._kept.pop(name, None)) is not None:
            self._size -= 1 + len(rows)

    def _unfold(self, state: Any) -> Rows:
        if state is None:
            return {}
        unfolded: dict[Any, Any] = {}
        for row in self._make(state):
            if (key := self._key(row)) in unfolded:
                raise SharedKey(key)
            unfolded[key] = row
        return unfolded
