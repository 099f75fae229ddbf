"""What the operating system and the interpreter know of this process, where that is cheap."""

import gc
import os
import platform
import resource
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from time import time

from tocsin import __version__
from tocsin.telemetry.families import Family, Kind, Values

PAGE = os.sysconf("SC_PAGE_SIZE")
SELF = Path("/proc/self")
STARTED = time()


class Running:
    """One process, by the names that such figures have everywhere."""

    def families(self, process: str) -> Iterator[Family]:
        """Memory, files, processor and threads, told apart by the process."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        cpu = used.ru_utime + used.ru_stime
        yield _counter("process_cpu_seconds", "Processor time used.", process, cpu)
        yield _gauge("process_start_time_seconds", "When it started.", process, STARTED)
        if (resident := _resident()) is not None:
            yield _gauge("process_resident_memory_bytes", "Memory in use.", process, resident)
            files = float(len(list((SELF / "fd").iterdir())))
            yield _gauge("process_open_fds", "Files and sockets open.", process, files)
        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        yield _gauge("process_max_fds", "Most files and sockets.", process, float(most))
        yield _gauge("process_threads", "Threads.", process, float(threading.active_count()))
        labels = ("process", "generation")
        swept: Values = {
            (process, str(number)): [float(each["collections"])]
            for number, each in enumerate(gc.get_stats())
        }
        doc = "Searches for cycles of dead objects."
        yield Family("python_gc_collections", doc, Kind.COUNTER, labels, (), swept)
        known: Values = {(process, __version__, platform.python_version()): [1.0]}
        build = ("process", "version", "python")
        yield Family("tocsin_build_info", "What runs here.", Kind.GAUGE, build, (), known)


def _resident() -> float | None:
    """Bytes in memory, where the system tells them without being asked twice."""
    if sys.platform != "linux":
        return None
    return float((SELF / "statm").read_text("ascii").split()[1]) * PAGE


def _gauge(name: str, doc: str, process: str, value: float) -> Family:
    return Family(name, doc, Kind.GAUGE, ("process",), (), {(process,): [value]})


def _counter(name: str, doc: str, process: str, value: float) -> Family:
    return Family(name, doc, Kind.COUNTER, ("process",), (), {(process,): [value]})
