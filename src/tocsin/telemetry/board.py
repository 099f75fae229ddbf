"""Where the processes of one service hang out their figures, so that any of them can tell all.

Each writes a file of its own, whole, and tells only what is in files: so two that are asked in
turn never contradict each other, and what a process counted outlives it. One that is started again
under the same name goes on from there: a counter that fell would look like a burst of work.
"""

import os
import shutil
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from time import time

import orjson

from tocsin.telemetry.families import Family, Kind, merged

PULSE_SECONDS = 1.0
"""How often a process that nobody asks writes its file."""
STALE_SECONDS = 10.0
"""What can only be read off a living process is not told of one that is silent for so long."""
SUFFIX = ".figures"


def folder(home: Path) -> Path:
    """Make the folder of the processes that this one starts; those of dead ones go.

    Raises:
        OSError: there can be none.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    place = home / "figures"
    place.mkdir(exist_ok=True, mode=0o700)
    for other in place.iterdir():
        if not (other.name.isdigit() and _alive(int(other.name))):
            shutil.rmtree(other, ignore_errors=True)
    mine = place / str(os.getpid())
    shutil.rmtree(mine, ignore_errors=True)
    mine.mkdir(mode=0o700)
    return mine


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Board:
    """One process's place among the files."""

    def __init__(self, place: Path, process: str) -> None:
        self._place, self._file = place, place / f"{process}{SUFFIX}"
        self._before = [each for each in _read(self._file)[1] if each.kind is not Kind.GAUGE]
        self._turn = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def publish(self, mine: Iterable[Family]) -> None:
        """Write this process's figures, on top of those of its predecessors.

        Raises:
            OSError: they cannot be written.
        """
        families = merged([mine, self._before]) if self._before else mine
        said = [{**vars(each), "values": list(each.values.items())} for each in families]
        body = orjson.dumps({"at": time(), "families": said})
        with self._turn:
            new = self._file.with_suffix(".new")
            new.write_bytes(body)
            new.replace(self._file)

    def all(self) -> list[Family]:
        """Everybody's figures, added up."""
        now, several = time(), []
        for file in sorted(self._place.glob(f"*{SUFFIX}")):
            at, families = _read(file)
            fresh = now - at < STALE_SECONDS
            several.append([each for each in families if fresh or each.kind is not Kind.GAUGE])
        return merged(several)

    def pulse(self, mine: Callable[[], Iterable[Family]]) -> None:
        """From now on, publish now and then."""

        def run() -> None:
            while not self._stop.wait(PULSE_SECONDS):
                # The disk may be full: then the service goes on, and its figures stand still.
                with suppress(OSError):
                    self.publish(mine())

        with suppress(OSError):
            self.publish(mine())
        self._thread = threading.Thread(target=run, name="tocsin-figures", daemon=True)
        self._thread.start()

    def close(self, mine: Callable[[], Iterable[Family]]) -> None:
        """Publish a last time."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        with suppress(OSError):
            self.publish(mine())


def _read(file: Path) -> tuple[float, list[Family]]:
    try:
        said = orjson.loads(file.read_bytes())
    except (OSError, ValueError):
        return 0.0, []
    return said["at"], [
        Family(
            each["name"],
            each["doc"],
            Kind(each["kind"]),
            tuple(each["labels"]),
            tuple(each["bounds"]),
            {tuple(labels): cells for labels, cells in each["values"]},
        )
        for each in said["families"]
    ]
