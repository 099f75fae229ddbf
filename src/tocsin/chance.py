"""Chance from the operating system, fetched for many at once: asking for each takes longer than
what it is wanted for."""

from os import register_at_fork, urandom
from typing import Final

PIECE: Final = 12
"""Bytes of one piece."""
AT_ONCE: Final = 64

_pieces: list[bytes] = []
# A process that was forked must not go on with the chance of its parent.
register_at_fork(after_in_child=_pieces.clear)


def piece() -> bytes:
    """Twelve bytes that nobody was given before, in any thread."""
    try:
        return _pieces.pop()
    except IndexError:
        fetched = urandom(PIECE * AT_ONCE)
        _pieces.extend(fetched[n : n + PIECE] for n in range(PIECE, len(fetched), PIECE))
        return fetched[:PIECE]
