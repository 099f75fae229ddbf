"""Every fault that can be staged here: how often, what is left of what was acknowledged, verdict.

Ends with 1 if a trial failed, or, unless it is the short form, could not be run.
"""

import argparse
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import SystemRandom

from tests.faults.board import Book, Table
from tests.faults.running import Order, every_trial, run_all
from tests.faults.trials import Result, Trial, within

INTERRUPTED = 130
SHORTHANDS = {"time": ["T1d", "T1e"], "lake": ["T1f", "T1g"], "erasure": ["T23"]}
"""Who dies there: whoever keeps the time, writes the lake, or forgets people."""
WORK = Path(tempfile.gettempdir()) / "tocsin-faults"


def asked() -> argparse.Namespace:
    """What is wanted."""
    parser = argparse.ArgumentParser(prog="scripts/faults", description=__doc__)
    parser.add_argument("--short", action="store_true", help="each a few times: some minutes")
    parser.add_argument("--only", nargs="+", default=[], metavar="T2", help="these, or their parts")
    parser.add_argument("--but", nargs="+", default=[], metavar="T2", help="all but these")
    parser.add_argument("--runs", type=int, help="instead of the number that is usual for each")
    parser.add_argument("--jobs", type=int, default=1, help="trials at a time")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10_000))
    parser.add_argument("--work", type=Path, default=WORK, help="folder for stores and results")
    parser.add_argument("--resume", action="store_true", help="leave out what went well before")
    parser.add_argument("--list", action="store_true", help="only say what there is")
    for name, numbers in SHORTHANDS.items():
        says = f"only {' and '.join(numbers)}"
        parser.add_argument(f"--{name}", action="store_true", help=says)
    want = parser.parse_args()
    want.only += (each for name in SHORTHANDS if vars(want)[name] for each in SHORTHANDS[name])
    return want


def main() -> int:
    """Run what is wanted, and print a line for each."""
    want = asked()
    trials = [trial for trial in every_trial() if within(trial, want.only)]
    trials = [trial for trial in trials if not (want.but and within(trial, want.but))]
    trials = [trial for trial in trials if trial.short or not want.short]
    if not trials:
        sys.stderr.write("There is no such trial: --list names them.\n")
        return 2
    if want.list:
        for trial in trials:
            says = f"{trial.number:5} {trial.name}: {trial.short:,} or {trial.long:,}"
            sys.stdout.write(f"{says}{f'; not here: {why}' if (why := trial.lacks()) else ''}\n")
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    want.work.mkdir(parents=True, exist_ok=True)
    sys.stdout.write(f"seed {want.seed}\n")
    try:
        return int(not hold(trials, want))
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted. --resume goes on with what is missing.\n")
        return INTERRUPTED


def hold(trials: Sequence[Trial], want: argparse.Namespace) -> bool:
    """Run them; print the table line by line, in its order; true if all is well."""
    book, table = Book(want.work / "results.jsonl", resume=want.resume), Table(trials)
    sizes = {t.number: want.runs or (t.short if want.short else t.long) for t in trials}
    lacking = {trial.number: why for trial in trials if (why := trial.lacks())}
    done: dict[str, Result] = {}
    for trial in trials:
        if trial.number not in lacking and (kept := book.find(trial, sizes[trial.number])):
            done[trial.number] = kept
    orders = [
        Order(trial, sizes[trial.number], want.seed, want.work)
        for trial in trials
        if trial.number not in {**done, **lacking}
    ]
    _say(table.head)
    left = _tell(table, list(trials), done, lacking)
    for ended in run_all(orders, want.jobs) if orders else ():
        trial, result = ended.order.trial, ended.result
        book.keep(trial, ended.order.size, result)
        done[trial.number] = result
        verdict = "ok" if result.ok else "FAILED"
        sys.stderr.write(f"{trial.number} {verdict} after {ended.seconds:.0f} s\n")
        left = _tell(table, left, done, lacking)
    return all(result.ok for result in done.values()) and (want.short or not lacking)


def _tell(
    table: Table, trials: list[Trial], done: dict[str, Result], lacking: dict[str, str]
) -> list[Trial]:
    """Print the lines that have nothing missing before them; return the trials that are left."""
    while trials and trials[0].number in {**done, **lacking}:
        trial, *trials = trials
        result = done.get(trial.number)
        _say(table.line(trial, result) if result else table.not_run(trial, lacking[trial.number]))
    return trials


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
