"""What a trend answers: rows with heads that say what each column means and in which unit."""

import csv
import io
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

import orjson

from tocsin.trends.question import Question

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["period", "dimension", "measure"]


@dataclass(frozen=True)
class Head:
    """One column of an answer."""

    name: str
    kind: Kind
    unit: str
    """`date`, `text`, `number`, `flag`; of measures `incidents`, `count`, `seconds`, `hours`,
    `days`, `percent`, ..."""
    doc: str

    def said(self) -> dict[str, str]:
        """Its parts, as plain values."""
        return {"name": self.name, "kind": self.kind, "unit": self.unit, "doc": self.doc}


@dataclass(frozen=True)
class Answer:
    """The answer to one question: first the period (unless it is about all), then the dimensions,
    then the measures. Rows are in the order of those; what cannot be said is None."""

    trend: str
    title: str
    question: Question
    heads: tuple[Head, ...]
    rows: tuple[tuple[Any, ...], ...]
    position: int
    """Everything up to this event of the log is in it."""
    as_of: datetime
    """When that event was recorded: what is open is measured up to there."""
    notes: tuple[str, ...] = ()
    """What a reader should know of how it came about."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(head.name for head in self.heads)

    def column(self, name: str) -> list[Any]:
        """One column, row by row.

        Raises:
            ValueError: there is none of that name.
        """
        place = self.names.index(name)
        return [row[place] for row in self.rows]

    def records(self) -> list[dict[str, Any]]:
        """The rows as dictionaries."""
        return [dict(zip(self.names, row, strict=True)) for row in self.rows]

    def json(self) -> dict[str, Any]:
        """All of it in plain values; dates as texts."""
        return {
            "trend": self.trend,
            "title": self.title,
            "question": self.question.said(),
            "heads": [head.said() for head in self.heads],
            "rows": [[_plain(value) for value in row] for row in self.rows],
            "position": self.position,
            "as_of": self.as_of.isoformat(),
            "notes": list(self.notes),
        }

    def bytes(self) -> bytes:
        """The same as JSON text."""
        return orjson.dumps(self.json())

    def csv(self) -> str:
        """The rows with one line of names; what is None is empty."""
        text = io.StringIO()
        lines = csv.writer(text, lineterminator="\n")
        lines.writerow(self.names)
        lines.writerows(self.rows)
        return text.getvalue()

    def arrow(self) -> "pa.Table":
        """The rows as columns, with what each means in the metadata of its field."""
        import pyarrow as pa

        types = {"date": pa.date32(), "text": pa.string(), "flag": pa.bool_()}
        fields, columns = [], []
        for place, head in enumerate(self.heads):
            values = [row[place] for row in self.rows]
            kind = types.get(head.unit) or _number(values)
            columns.append(pa.array(values, kind))
            said = {"unit": head.unit, "doc": head.doc, "kind": head.kind}
            fields.append(pa.field(head.name, kind, metadata=said))
        return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _number(values: list[Any]) -> "pa.DataType":
    import pyarrow as pa

    whole = all(value is None or isinstance(value, int) for value in values)
    return pa.int64() if whole else pa.float64()


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
