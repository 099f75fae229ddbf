"""`python -m tocsin.whatif NAME PARENT`: answers one question in a process of its own.

It gives way to all other work of the machine, and ends when the process that wanted it does.
"""

import os
import signal
import sys
import threading
from contextlib import suppress
from time import monotonic, sleep

from tocsin.process import tune
from tocsin.settings import Settings
from tocsin.whatif.chart import NoCharts, svg
from tocsin.whatif.jobs import Job
from tocsin.whatif.keeping import Underway
from tocsin.whatif.replay import replay
from tocsin.whatif.report import rendered

NICENESS = 10
PROGRESS_SECONDS = 0.5
PARENT_SECONDS = 0.5
AGAIN_SECONDS = 1.0
"""How often it looks whether another process has answered the same question."""


def main(name: str, parent: int) -> int:
    """Answer a question of which the folder is there; return an exit code."""
    os.nice(NICENESS)
    tune()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    threading.Thread(target=_watch, args=(parent, stop), daemon=True).start()
    settings = Settings.from_environment()
    job = Job(settings.home, name)
    try:
        return _answer(settings, job, stop)
    except Exception as error:
        job.fail(f"{type(error).__name__}: {error}")
        raise


def _answer(settings: Settings, job: Job, stop: threading.Event) -> int:
    looked = 0.0

    def progress(done: int, total: int) -> None:
        nonlocal looked
        if job.asked and monotonic() - looked > PROGRESS_SECONDS:
            looked = monotonic()
            job.advance(done, total)

    question = job.question()
    while not stop.is_set() and job.state != "finished":
        try:
            report = replay(settings, question, progress=progress, stop=stop.is_set)
        except Underway:
            sleep(AGAIN_SECONDS)
            continue
        if report is not None and job.asked:
            chart = None
            with suppress(NoCharts):
                chart = svg(report).encode()
            job.answer(rendered(report), chart)
    return 0 if job.state == "finished" else 1


def _watch(parent: int, stop: threading.Event) -> None:
    while os.getppid() == parent:
        if stop.wait(PARENT_SECONDS):
            return
    stop.set()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
