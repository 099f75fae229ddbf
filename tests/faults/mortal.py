"""`tocsin`, which dies as by `kill -9` at a place in its own code, when it comes there so often.

Run as a program in place of the real one; two variables say where and when. The places are those
between which a read model must not be torn: rows, their position, and the switch to another table.
"""

import os
import signal
from collections.abc import Callable
from itertools import count
from typing import Any

from tocsin.cli import main
from tocsin.readmodels.follower import Follower
from tocsin.readmodels.registry import Registry
from tocsin.readmodels.rows import RowStore

PLACE, PASSES = "DIES_BEHIND", "DIES_AT_PASS"
PLACES: dict[str, tuple[type[Any], str]] = {
    "the position moved, no row written": (Registry, "move"),
    "rows written, nothing committed": (RowStore, "write"),
    "a page committed": (Follower, "feed"),
    "a table begun": (Registry, "begin"),
    "a table indexed": (RowStore, "index"),
    "the new table live": (Registry, "switch"),
}
OF_A_NEW_TABLE = frozenset({"a table begun", "a table indexed", "the new table live"})
"""Places that a projector comes to only when it makes a read model anew."""


def mortal(method: Callable[..., Any], passes: int) -> Callable[..., Any]:
    """The method, behind which nobody lives after so many calls."""
    calls = count(1)

    def die(*given: Any, **named: Any) -> Any:
        done = method(*given, **named)
        if next(calls) == passes:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    return die


if __name__ == "__main__":
    if place := os.environ.get(PLACE):
        kind, name = PLACES[place]
        setattr(kind, name, mortal(getattr(kind, name), int(os.environ[PASSES])))
    main()
