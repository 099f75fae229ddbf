"""Which step of a rebuild takes how long: processor time of one event, undisturbed.

Each step is done with a few thousand events at a time, several times over, and the quickest counts:
what else the machine does then hardly matters. Rows are folded from whole histories, as in bulk.
"""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from functools import partial, reduce
from itertools import islice
from pathlib import Path
from time import thread_time
from typing import Any

from rich.console import Console
from sqlalchemy.schema import CreateTable

from tocsin.domain.kernel import Recorded
from tocsin.process import unswept
from tocsin.readmodels import Projection, each_event, found
from tocsin.readmodels.batch import Batch
from tocsin.readmodels.database import Database
from tocsin.readmodels.projection import within
from tocsin.readmodels.rows import RowStore
from tocsin.readmodels.shape import Shape
from tocsin.settings import Settings
from tocsin.store.log import Log

SLICE = 60_000
"""Events that are looked at, from the middle of the log."""
AT_ONCE = 500
TIMES = 4
Steps = dict[str, float]


def show(console: Console, settings: Settings) -> None:
    """The steps, in microseconds of one processor."""
    with unswept():
        steps = _steps(settings)
    console.print("Steps of a rebuild, microseconds of one processor for each event:")
    for name, seconds in steps.items():
        console.print(f"  {name:<40} {seconds * 1e6:6.2f}")
    console.print(f"  {'all of them':<40} {sum(steps.values()) * 1e6:6.2f}")


def _steps(settings: Settings) -> Steps:
    steps: Steps = {}
    with (
        closing(Log.open(settings)) as log,
        tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder,
        closing(Database.open(Path(folder))) as database,
    ):
        middle = log.head() // 2
        started = thread_time()
        bodies = [body for _, body in log.raw_page(middle, SLICE)]
        steps["read the bytes"] = (thread_time() - started) / len(bodies)
        steps["open, decode"] = _least(bodies, log.decoded) / len(bodies)
        events = log.decoded(bodies)
        # Of those that begin here there is the whole history, as far as it goes.
        whole = [h for h in Batch(events).by_stream.values() if h[0].version == 1]
        for projection in found():
            _of(projection, whole, database, steps)
    return steps


def _of(
    projection: Projection, histories: list[list[Recorded[Any]]], database: Database, steps: Steps
) -> None:
    """The steps of one projection."""
    count, name = sum(map(len, histories)), projection.name
    context = projection.context() if projection.context else None
    fold = within(context, projection.fold)

    def folded(some: Iterable[list[Recorded[Any]]]) -> list[Any]:
        rows: list[Any] = []
        for history in some:
            wanted = [each for each in history if type(each.event) in projection.events]
            if projection.keys is each_event:
                rows += [fold(None, each) for each in wanted]
            elif wanted:
                key = {"key": wanted[0].stream} if projection.takes_key else {}
                rows.append(reduce(partial(fold, **key), wanted, None))
        return rows

    steps[f"{name}: fold"] = _least(histories, folded) / count
    rows, shape = folded(histories), projection.shape
    if rows and projection.rows is not None:
        assert projection.states is not None
        states, make = rows, within(context, projection.rows)
        steps[f"{name}: states written"] = _written(database, projection.states, rows, "s" + name)
        steps[f"{name}: states written"] /= count
        rows = [row for state in states for row in make(state)]
        rows_of = partial(_rows_of, make)
        steps[f"{name}: rows of states"] = _least(states, rows_of) / count
    if rows:
        steps[f"{name}: rows written"] = _written(database, shape, rows, name) / count


def _rows_of(make: Callable[[Any], Iterable[Any]], states: Sequence[Any]) -> list[Any]:
    return [row for state in states for row in make(state)]


def _written(database: Database, shape: Shape[Any], rows: list[Any], table: str) -> float:
    """Seconds to make rows ready, to insert them and to make the indexes."""
    store = RowStore(database, shape, table)
    with database.writing() as connection:
        connection.execute(CreateTable(store.table))
    seconds = _least(rows, store.codec.encode)
    coded = store.codec.encode(rows)
    started = thread_time()
    with database.writing() as connection:
        store.put(connection, coded, (), ())
        store.index(connection)
    return seconds + thread_time() - started


def _least(items: Sequence[Any], work: Callable[[Sequence[Any]], Any]) -> float:
    """Seconds that work with all items takes when nothing disturbs it."""
    total, left = 0.0, iter(items)
    while some := list(islice(left, AT_ONCE)):
        times = []
        for _ in range(TIMES):
            started = thread_time()
            work(some)
            times.append(thread_time() - started)
        total += min(times)
    return total
