"""Processes that share a job: what stops one is told here, and nobody outlives the work."""

import os
import time
from contextlib import suppress

import psutil
import pytest

from tocsin.crew import Crew, WorkerDied
from tocsin.store.entries import StoreUnavailable

PATIENCE_SECONDS = 20.0


def awaited(crew: Crew) -> None:
    """Until all have ended, or one is in trouble."""
    until = time.monotonic() + PATIENCE_SECONDS
    while crew.busy:
        crew.check()
        assert time.monotonic() < until
        time.sleep(0.01)
    crew.check()


def fail(sentence: str) -> None:
    raise StoreUnavailable(sentence)


def test_what_stops_one_is_raised_here() -> None:
    crew = Crew(fail, [("the disk is gone",)])
    crew.start()
    with pytest.raises(StoreUnavailable, match="the disk is gone"):
        awaited(crew)
    crew.end()


def test_one_that_ends_without_a_word_is_noticed() -> None:
    crew = Crew(os._exit, [(3,)])
    crew.start()
    with pytest.raises(WorkerDied, match="ended with 3"):
        awaited(crew)
    crew.end()


def test_nobody_outlives_the_work() -> None:
    """Whoever is not waited for is ended."""
    crew = Crew(time.sleep, [(60.0,), (60.0,)])
    crew.start()
    members = [each for each in psutil.Process().children() if _spawned(each)]
    began = crew.busy
    crew.end(patience=0.0)
    assert began
    assert len(members) >= 2
    assert psutil.wait_procs(members, PATIENCE_SECONDS)[1] == []


def _spawned(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return "spawn_main" in " ".join(process.cmdline())
    return False
