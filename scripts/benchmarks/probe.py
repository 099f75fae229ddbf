"""What the machine itself can do at this moment: the measure beside every durable figure."""

import os
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

BLOCK = b"\0" * 4096
ROUNDS = 200


def fsyncs_per_second(folder: Path) -> float:
    """Append 4 KiB and make them durable, 200 times; from the median time of one."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        times = []
        for _ in range(ROUNDS):
            started = perf_counter()
            file.write(BLOCK)
            file.flush()
            os.fsync(file.fileno())
            times.append(perf_counter() - started)
    return 1 / median(times)
