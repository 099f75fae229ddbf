"""How a process of ours runs Python: settings of the interpreter, each for a measured reason."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SWITCH_SECONDS = 0.0005
"""How long one thread may keep the interpreter while another wants it. The commit thread wants it
for microseconds, and at Python's 5 ms would mostly wait."""
COLLECTOR = (100_000, 50, 100)
"""Allocations between collections, and how many of each generation make one of the next."""


def tune() -> None:
    """Set up a process that has started and now serves, follows or imports for long.

    States, events and rows hold no cycles, so counting references frees them at once. A full
    collection would find nothing among ten thousand hot incidents, and stop every request for as
    long as it looks. What was made while starting is left out of it for good.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR)


@contextmanager
def unswept() -> Iterator[None]:
    """Without the collector of cycles: a page, or a share of history, makes a hundred thousand
    objects and no cycle, and looking for some takes up to a third of the time."""
    swept = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if swept:
            gc.enable()
