"""`scripts/bench`: what Tocsin does on this machine, as ratios beside a floor and a ceiling.

Every figure is a median with its spread (least to most) over the runs. The machine is shared and
its disk changes from minute to minute, so the services take turns within a run, and each of
their figures stands beside an fsync probe taken just before.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import grow
import http_mix
import inside
import jetstream
import lake
import ledger
import on_postgres
import past
import rebuilding
import rivals
import timers
import trends
import trends_shown
import trust
import verifier
import watched
import what_if
import worktime
from rich.console import Console
from spreads import spread

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "uci"
AUDIT_LOG = DATA / "incident_event_log.dev.csv.zst"
SERVICES = ("empty", "tocsin", "naive", "projected")
"""The last is the naive app with one read model."""
CONNECTIONS = (16, 64)
PARTS = tuple(
    "http postgres trust ledger verifier batch inside worktime timers"
    " what-if lake trends past jetstream watched peers".split()
)


def main() -> int:
    """Run what was asked for, and print it."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="times that each figure is taken")
    parser.add_argument("--seconds", type=int, default=8, help="length of one load")
    parser.add_argument(
        "--only", choices=PARTS, help="one part alone; peers are installed, and only then"
    )
    parser.add_argument("--log", type=Path, default=AUDIT_LOG, help="an audit log to import")
    kept = "the log that is rebuilt from is kept there"
    parser.add_argument("--rebuilding", type=Path, default=rebuilding.WORK, help=kept)
    parser.add_argument("--timers", type=int, default=100_000, help="timers due in one minute")
    of_growing(parser)
    of_trends(parser)
    asked = parser.parse_args()
    console = Console(width=170)
    if asked.grow:
        grow.show(console, asked.runs, asked.seconds, asked.sizes, asked.work, asked.plot)
        return 0
    if asked.only in (None, "http"):
        over_http(console, asked.runs, asked.seconds)
    if asked.only in (None, "postgres"):
        on_postgres.compared(console, asked.runs, asked.seconds)
    if asked.only in (None, "trust"):
        trust.compared(console, asked.runs, asked.seconds)
    if asked.only in (None, "watched"):
        watched.compared(console, asked.runs, asked.seconds)
    if asked.only in (None, "ledger"):
        ledger.shown(console, asked.runs, asked.seconds)
    if asked.only in (None, "verifier"):
        verifier.shown(console, asked.runs)
    if asked.only in (None, "batch"):
        in_batches(console, asked.runs, asked.seconds)
    if asked.only in (None, "inside"):
        inside.show(console, asked.runs, asked.log)
        rebuilding.show(console, asked.runs, asked.rebuilding)
    if asked.only in (None, "worktime"):
        working_time(console, asked.runs)
    if asked.only in (None, "timers"):
        falling_due(console, asked.runs, asked.seconds, asked.timers)
    if asked.only in (None, "what-if"):
        other_policies(console, asked.runs)
    if asked.only in (None, "lake"):
        as_columns(console, asked.runs, asked.seconds)
    if asked.only in (None, "trends"):
        trends_at_scale(console, asked)
    if asked.only in (None, "past"):
        past.show(console, asked.runs)
    if asked.only in (None, "jetstream"):
        jetstream.show(console, asked.runs)
    if asked.only == "peers":
        rivals.show(console, asked.runs, asked.seconds, asked.work)
    return 0


def of_growing(parser: argparse.ArgumentParser) -> None:
    """What can be said of growing."""
    group = parser.add_argument_group("growing")
    group.add_argument("--grow", action="store_true", help="only what a longer log costs")
    sizes = {"type": int, "nargs": "+", "default": grow.SIZES, "metavar": "N"}
    group.add_argument("--sizes", **sizes, help="incidents of each log, about eight events each")


def of_trends(parser: argparse.ArgumentParser) -> None:
    """What can be said of the trends."""
    group = parser.add_argument_group("trends")
    sizes = {"type": int, "nargs": "+", "default": [1], "metavar": "N"}
    group.add_argument("--millions", **sizes, help="events of each lake")
    group.add_argument("--engine", default="duckdb", help="what works them out, as TOCSIN_ENGINE")
    group.add_argument("--python", default=sys.executable, help="where that engine is installed")
    group.add_argument("--work", type=Path, default=trends.WORK, help="lakes and figures are kept")
    group.add_argument("--plot", type=Path, help="draw all figures that are kept, as SVG")
    group.add_argument("--page", type=Path, help="put them between the marks of a page")


def over_http(console: Console, runs: int, seconds: int) -> None:
    """Ours beside the naive app and the empty POST, for each number of connections."""
    found = http_mix.in_turns(
        runs, CONNECTIONS, SERVICES, lambda service, count: http_mix.run(service, count, seconds)
    )
    title = "Report, acknowledge, resolve: durable commands per second"
    console.print(http_mix.compared(title, "service", found, "empty", "naive", "projected"))
    console.print(http_mix.lagged(run for runs in found.values() for run in runs))
    console.print(http_mix.LEGEND)


def in_batches(console: Console, runs: int, seconds: int) -> None:
    """Commands per second when a client sends 500 at a time."""
    rows = []
    for number in range(1, runs + 1):
        _progress(f"run {number} of {runs}: POST /commands")
        rows.append(inside.batched_per_second(seconds))
    console.print(f"POST /commands, {inside.BATCH} reports each: {spread(rows)} commands/s\n")


def working_time(console: Console, runs: int) -> None:
    """Business calendars: a million clocks at once, one at a time, and another library's."""
    found = []
    for number in range(1, runs + 1):
        _progress(f"run {number} of {runs}: working time")
        found.append(worktime.measure())
    for what, unit, digits, figures in (
        ("12 years of a calendar laid out", "ms", 0, [f.layout_ms for f in found]),
        ("1,000,000 due times, vectorised", "s", 2, [f.due_million_s for f in found]),
        ("1,000,000 elapsed times, vectorised", "s", 2, [f.elapsed_million_s for f in found]),
        ("One due time", "us", 1, [f.due_us for f in found]),
        ("One elapsed time", "us", 1, [f.elapsed_us for f in found]),
        ("One due time, businesstimedelta", "us", 0, [f.other_due_us or 0.0 for f in found]),
        ("One elapsed time, businesstimedelta", "us", 0, [f.other_elapsed_us or 0 for f in found]),
    ):
        console.print(f"{what}: {spread(figures, digits)} {unit}")


def falling_due(console: Console, runs: int, seconds: int, count: int) -> None:
    """Timers fired by themselves, beside commands that a client sends in batches."""
    found, commands = [], []
    for number in range(1, runs + 1):
        _progress(f"run {number} of {runs}: {count:,} timers")
        found.append(timers.measure(count))
        _progress(f"run {number} of {runs}: POST /commands")
        commands.append(inside.batched_per_second(seconds))
    pairs = zip(found, commands, strict=True)
    caught_up = [each.caught_up_per_second for each in found]
    console.print(
        f"Timers that were missed, caught up with at the start: {spread(caught_up)} a second,"
        f" {spread([f.caught_up_per_second / c for f, c in pairs], 2)} of POST /commands"
        f" (fsync/s {spread([f.fsyncs for f in found])})"
    )
    for what, figures in (
        ("fired a second", [f.per_second for f in found]),
        ("seconds late, p50", [f.late_p50 for f in found]),
        ("seconds late, p99", [f.late_p99 for f in found]),
        ("seconds late, at most", [f.late_most for f in found]),
        ("not fired", [float(f.expected - f.fired) for f in found]),
    ):
        console.print(f"{count:,} timers due in one minute, {what}: {spread(figures, 2)}")


def other_policies(console: Console, runs: int) -> None:
    """History replayed under another policy."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        found = []
        for number in range(1, runs + 1):
            _progress(f"run {number} of {runs}: what-if")
            found.append(what_if.measure(Path(folder)))
    one = found[0]
    console.print(
        f"What-if over {one.events:,} events on {one.processors} processors:"
        f" {spread([each.per_second for each in found])} events/s"
    )


def as_columns(console: Console, runs: int, seconds: int) -> None:
    """The lake, written from nothing, and at full load."""
    written, lags = [], []
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        for number in range(1, runs + 1):
            _progress(f"run {number} of {runs}: the lake from nothing")
            written.append(lake.catch_up(Path(folder)))
            _progress(f"run {number} of {runs}: the lake at full load")
            lags.append(lake.at_full_load(seconds))
    one = written[0]
    console.print(
        f"The lake of {one.events:,} events on {one.processors} processors:"
        f" {spread([each.per_second for each in written])} events/s,"
        f" {spread([each.per_second / each.read_per_second for each in written], 3)} of a plain"
        f" read of the log; {one.bytes / one.events:,.0f} bytes an event"
    )
    console.print(
        f"Lag of the lake at full load ({spread([each.commands_per_second for each in lags])}"
        f" commands/s, {spread([each.events_per_second for each in lags])} events/s), seconds:"
        f" {spread([lag for each in lags for lag in each.seconds], 2)}; caught up after it:"
        f" {spread([each.caught_up_seconds for each in lags], 2)}"
    )


def trends_at_scale(console: Console, asked: argparse.Namespace) -> None:
    """Every trend over lakes of many sizes. Runs that are on record are not taken again."""
    wanted = trends.Wanted.of(
        asked.work,
        _progress,
        millions=tuple(asked.millions),
        engine=asked.engine,
        runs=asked.runs,
        python=asked.python,
    )
    trends_shown.show(console, list(trends.measured(wanted)))
    found = trends.on_record(asked.work)
    if asked.plot is not None:
        trends_shown.plot(found, asked.plot)
    if asked.page is not None:
        trends_shown.page(found, asked.page)


def repeated(runs: int, what: str, measure: Callable[[Path], float]) -> list[float]:
    """The same measure on an empty home each time."""
    figures = []
    for number in range(1, runs + 1):
        _progress(f"run {number} of {runs}: {what}")
        with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
            figures.append(measure(Path(folder)))
    return figures


def _progress(text: str) -> None:
    sys.stderr.write(f"{text} ...\n")


if __name__ == "__main__":
    raise SystemExit(main())
