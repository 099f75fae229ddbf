"""Keys of free text that are durable before any stream wants one."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from tocsin.vault.rows import Key, Rows

FIRST, FULL = 16, 256
"""How many are made durable with one commit: few at first, as most processes need few."""
LOW: Final = 2
"""More are made when this part of them is used up: by a thread, so that no commit waits."""


class Pool:
    """Keys that no stream uses yet, and which stream took which since that was last noted.

    For one thread at a time: the vault's lock says which. What the thread that makes keys has made
    is fetched from it here and nowhere else.
    """

    def __init__(self, rows: Callable[[], Rows]) -> None:
        self._rows, self._size, self._made = rows, FIRST, 0
        self._keys: list[Key] = []
        self._used: dict[str, str] = {}
        self._noting: dict[str, str] = {}
        self._thread: ThreadPoolExecutor | None = None
        self._making: Future[list[Key]] | None = None

    def take(self, stream: str) -> Key:
        """A key that no other stream gets."""
        if self._making is not None and (self._making.done() or not self._keys):
            self._fetch()
        if not self._keys:
            self._make()
            self._fetch()
        found = self._keys.pop()
        self._used[stream] = found[0]
        if self._making is None and len(self._keys) < self._made // LOW:
            self._make()
        return found

    def __len__(self) -> int:
        return len(self._keys)

    def taken(self, stream: str) -> bool:
        """Whether a stream took one, and perhaps nobody noted it."""
        return stream in self._used or stream in self._noting

    def note(self) -> None:
        """Note which streams use which keys."""
        if self._making is not None:
            self._fetch()
        if self._used:
            self._rows().bind(self._used)
            self._used = {}

    def close(self) -> list[str]:
        """Note all that was taken; return the ids of the keys that nobody took."""
        try:
            self.note()
        finally:
            if self._thread is not None:
                self._thread.shutdown()
        unused, self._keys = [subject for subject, _ in self._keys], []
        return unused

    def _make(self) -> None:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "tocsin-vault")
        self._noting, self._used = self._used, {}
        self._making = self._thread.submit(self._rows().add_cases, self._size, self._noting)
        self._made, self._size = self._size, min(2 * self._size, FULL)

    def _fetch(self) -> None:
        assert self._making is not None
        making, self._making = self._making, None
        try:
            self._keys = [*making.result(), *self._keys]
        except BaseException:
            self._used = self._noting | self._used
            raise
        finally:
            self._noting = {}
