"""Long work: until somebody says to stop, the parent has ended, or the store is there.

Nothing of what the work takes is imported here, so that each kind of it starts with its own only.
"""

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tocsin.process import tune
from tocsin.settings import Settings
from tocsin.store.entries import StoreUnavailable
from tocsin.store.log import Log

if TYPE_CHECKING:
    from types import FrameType

logger = logging.getLogger(__name__)

AGAIN_SECONDS = 1.0
PARENT_SECONDS = 1.0
"""How often one looks whether the process that started it is still there."""


@contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    """Long work begins: a flag that SIGTERM and Ctrl-C set; a second Ctrl-C interrupts at once."""
    tune()
    flag = threading.Event()

    def stop(number: int, _frame: "FrameType | None") -> None:
        flag.set()
        signal.signal(number, before[number])

    before: dict[int, Any] = {
        number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)
    }
    for number in before:
        signal.signal(number, stop)
    try:
        yield flag
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def opened(settings: Settings, stop: threading.Event) -> Log:
    """The log, as soon as it can be read: a service that runs goes on when its store is back, and
    so does whoever was started beside it.

    Raises:
        StoreUnavailable: it was told to stop before that.
    """
    while True:
        try:
            return Log.open(settings)
        except StoreUnavailable as error:
            logger.warning("nothing can be followed yet: %s", error)
            if stop.wait(AGAIN_SECONDS):
                raise


def end_with(parent: int, stop: threading.Event) -> None:
    """Have the flag set when a process has ended."""
    threading.Thread(target=_watch, args=(parent, stop), daemon=True).start()


def _watch(parent: int, stop: threading.Event) -> None:
    while os.getppid() == parent:
        if stop.wait(PARENT_SECONDS):
            return
    stop.set()
