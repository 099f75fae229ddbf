"""Lakes for tests: drawn by lot, cut where one likes; and their answers beside the oracle's."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.trends.conformance.drawn import draw
from tests.trends.oracle import Key, Told, World
from tests.trends.oracle_more import ORACLES
from tocsin.lake import Lake, columns, open_lake
from tocsin.lake.placing import Placing
from tocsin.lake.segments import FORMAT, IDENTITY, Segments
from tocsin.lake.tables import TABLES
from tocsin.settings import Settings
from tocsin.trends import Answer, Grain, Question

MARK = "0" * 64


def everything(lake: Path) -> columns.Arrow:
    """All the rows of a lake, in order."""
    segments = Segments(lake)
    return {
        table.name: columns.ordered(table, [pq.read_table(f) for f in segments.files(table.name)])
        for table in TABLES
    }


def drawn(folder: Path, seed: int) -> columns.Arrow:
    """The rows of a lake drawn by lot."""
    draw(folder / f"drawn-{seed}", seed)
    return everything(folder / f"drawn-{seed}")


def between(rows: columns.Arrow, after: int, until: int) -> columns.Arrow:
    """The rows of a range of positions."""
    found = {}
    for name, table in rows.items():
        position = table.column("position")
        wanted = pc.and_(pc.greater(position, after), pc.less_equal(position, until))
        found[name] = table.filter(wanted)
    return found


def cut(lake: Path, rows: columns.Arrow, ends: Sequence[int], *, tail: int = 0) -> Path:
    """Go on with a lake: segments that end at these positions, and a tail that ends at another."""
    segments = Segments(lake)
    placing = Placing(segments)
    # A test need not wait for the disk.
    with patch("tocsin.lake.placing._flush"), placing.held():
        if segments.identity() is None:
            identity = {"format": FORMAT, "segment": 1_000_000, "log": MARK}
            (segments.folder / IDENTITY).write_bytes(orjson.dumps(identity))
        for end in ends:
            after = segments.end
            placing.seal(after + 1, end, MARK, between(rows, after, end))
        if tail:
            placing.trail(segments.end + 1, tail, MARK, between(rows, segments.end, tail))
    return lake


def opened(lake: Path, **settings: Any) -> Lake:
    """A lake with its engine."""
    return open_lake(lake, settings=Settings(home=lake.parent, **settings))


def holding(rows: Mapping[str, pa.Table]) -> dict[str, list[dict[str, Any]]]:
    """What holds in the end: every row that was said once more than it was taken back."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, table in rows.items():
        if "sign" not in table.column_names:
            continue
        said: Counter[tuple[Any, ...]] = Counter()
        names = table.column_names[2:]
        for _, sign, *row in zip(*(column.to_pylist() for column in table.columns), strict=True):
            said[tuple(row)] += sign
        assert min(said.values(), default=0) >= 0, "nothing is taken back that was not said"
        found[name] = [dict(zip(names, row, strict=True)) for row in said.elements()]
    return found


def expected(lake: Lake, rows: columns.Arrow, question: Question) -> dict[Key, Told]:
    """What the oracle says."""
    trend, view = lake.trends[question.trend], lake.view()
    calendar = lake.policy(view).calendars[question.calendar] if question.calendar else None
    world = World(
        rows=holding(between(rows, 0, view.position)),
        question=question,
        by=trend.by(question),
        as_of_us=view.as_of_us,
        calendar=None if calendar is None or calendar.always else calendar,
    )
    return dict(ORACLES[question.trend](world))


def told(answer: Answer) -> dict[Key, Told]:
    """The rows of an answer; a backlog of nothing is left out, as the oracle does not say it."""
    keys = [head.name for head in answer.heads if head.kind != "measure"]
    found = {
        tuple(row[name] for name in keys): {n: v for n, v in row.items() if n not in keys}
        for row in answer.records()
    }
    return {key: row for key, row in found.items() if row.get("open", 1) or "incidents" in row}


def agree(found: Mapping[Key, Told], wanted: Mapping[Key, Told]) -> None:
    """Make sure that two sets of rows say the same, but for how the last digit is rounded."""
    assert found.keys() == wanted.keys()
    for key, row in wanted.items():
        assert found[key].keys() == row.keys(), key
        for name, value in row.items():
            close = pytest.approx(value, rel=1e-9, abs=0.00051) if value is not None else None
            assert found[key][name] == close, (key, name)


def whole(question: Question) -> Question:
    """With as many rows as there are."""
    limit = 1_000_000
    return replace(question, limit=limit, grain=Grain(question.grain))
