"""What a trend is: which rows it counts, at which moment, and what the counts come to.

A trend is written once, as sums over rows of the lake, and every engine adds up the same sums. Each
sum is weighted with the sign of its row, so that what is taken back is taken away: sums over old
rows and sums over new ones together are the sums over all.

In a definition, an expression is the name of a column or a function from the table to an Ibis
expression: comparisons, integer arithmetic, cases. No window, no quantile, no timestamp, no least
or greatest: none of those could be continued from a kept result.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tocsin.lake.tables import KIND, TABLES
from tocsin.trends.answer import Head
from tocsin.trends.question import NONE, BadQuestion, Grain, Question, Resolution

if TYPE_CHECKING:
    from tocsin.trends.cells import Array, Cells
    from tocsin.trends.scene import Partials, Scene

Expression = str | Callable[[Any], Any]
"""A column, or a function from the table to an Ibis expression."""
UNITS = {"int64": "number", "string": "text", "bool": "flag"}
COLUMNS = {table.name: {column.name: column for column in table.columns} for table in TABLES}


class Misdefined(Exception):
    """A trend that cannot work. The sentence names it, and what is wrong."""


@dataclass(frozen=True)
class Dimension:
    """Something to slice by."""

    name: str
    doc: str
    unit: str = "text"
    """`text`, `number` or `flag`."""
    column: str = ""
    """The column, if it has another name."""

    def value(self, text: str) -> Any:
        """A value that `where` names; None for that of rows that have none.

        Raises:
            BadQuestion: no value of this dimension is written so.
        """
        if text == NONE:
            return None
        if self.unit == "number":
            if not text.lstrip("-").isdecimal():
                raise BadQuestion("where", f"{self.name} is a whole number, not {text!r}.")
            return int(text)
        if self.unit == "flag":
            if text not in ("true", "false"):
                raise BadQuestion("where", f"{self.name} is true or false, not {text!r}.")
            return text == "true"
        return text


def columns(table: str, *names: str) -> tuple[Dimension, ...]:
    """Dimensions that are columns of a table of the lake, with what the lake says of them."""
    known = COLUMNS[table]
    return tuple(Dimension(name, known[name].doc, UNITS[known[name].type]) for name in names)


USUAL = tuple(Dimension(column.name, column.doc, UNITS[column.type]) for column in KIND)
"""What every incident can be sliced by."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One look at one table: the rows that count, when, and what is added up."""

    table: str
    """`events`, `incidents`, `spells` or `timers`."""
    moment: Expression
    """Microseconds since 1970 of the instant that says in which period a row counts. Rows without
    one do not count."""
    rows: Callable[[Any], Any] | None = None
    """Which rows count; all, if nothing is said."""
    sums: Mapping[str, Expression] = field(default_factory=dict)
    """What is added up, besides `n`, the number of rows: whole numbers, or flags."""
    lasted: tuple[Expression, Expression] | None = None
    """From when to when something lasted: gives the sum `seconds`, and its distribution. Times that
    would be negative are 0."""
    days: Mapping[str, Expression] = field(default_factory=dict)
    """Local days of instants, counted from 1970-01-01: columns that the other expressions, but not
    `rows`, may use as those of the table."""
    keys: Mapping[str, Expression] = field(default_factory=dict)
    """Whole numbers or texts by which the sums are kept apart, though nobody sees them."""
    grain: Grain | None = None
    """Of the sums that are kept, where it is not that of the question."""
    dims: Mapping[str, Expression] = field(default_factory=dict)
    """Where dimensions are something else in this part."""


@dataclass(frozen=True)
class Measure:
    """One number of each row of the answer."""

    name: str
    unit: str
    doc: str
    of: "Callable[[Cells], Array]"
    """From the sums of all rows of the answer to the numbers, all at once; NaN: cannot be said."""

    @property
    def head(self) -> Head:
        """Of its column."""
        return Head(self.name, "measure", self.unit, self.doc)


@dataclass(frozen=True, kw_only=True, eq=False)
class Trend:
    """One trend. Its name is that of its module, its definition in words the docstring there. It is
    one and the same only with itself: two that read alike may compute otherwise."""

    title: str
    parts: Mapping[str, Part]
    measures: tuple[Measure, ...]
    dimensions: tuple[Dimension, ...] = USUAL
    always: tuple[str, ...] = ()
    """Dimensions that every answer has: without them the numbers would mean nothing."""
    grains: tuple[Grain, ...] = tuple(Grain)
    grain: Grain = Grain.MONTH
    """Of the question that is asked when nobody says more."""
    cells: "Callable[[Partials, Scene], Cells] | None" = None
    """From the sums of all parts to those of the rows of the answer, where that is more than to put
    them side by side."""
    refined: "Callable[[Part, Question], Part] | None" = None
    """A part as a question needs it, where that is not always the same."""
    check: Callable[[Question], None] | None = None
    """Refuses combinations that have no answer."""
    name: str = ""
    doc: str = ""
    version: int = 0

    @property
    def question(self) -> Question:
        """What is asked when nobody says more."""
        return Question(trend=self.name, grain=self.grain)

    @property
    def timed(self) -> bool:
        """Whether it measures durations, so that a calendar makes a difference."""
        return any(part.lasted for part in self.parts.values())

    def dimension(self, name: str, field: str = "by") -> Dimension:
        """One of its dimensions.

        Raises:
            BadQuestion: it has none of that name.
        """
        for each in self.dimensions:
            if each.name == name:
                return each
        known = ", ".join(each.name for each in self.dimensions)
        raise BadQuestion(field, f"{self.name} has no dimension {name!r}. It has {known}.")

    def by(self, question: Question) -> tuple[str, ...]:
        """The dimensions of an answer: those that are always there, then those asked for."""
        return (*self.always, *(name for name in question.by if name not in self.always))

    def part(self, name: str, question: Question) -> Part:
        """One of its parts, as a question needs it."""
        part = self.parts[name]
        return self.refined(part, question) if self.refined is not None else part

    def heads(self, question: Question | None = None) -> tuple[Head, ...]:
        """The columns of the answer to a question."""
        asked = question or self.question
        period = Head("period", "period", "date", f"First day of the {asked.grain.value}.")
        dims = [self.dimension(name) for name in self.by(asked)]
        return (
            *([] if asked.grain is Grain.ALL else [period]),
            *(Head(each.name, "dimension", each.unit, each.doc) for each in dims),
            *(measure.head for measure in self.measures),
        )

    def checked(self, question: Question) -> Question:
        """The question, if it can be answered.

        Raises:
            BadQuestion: it cannot.
        """
        for name in question.by:
            self.dimension(name)
        for name, value in question.where:
            self.dimension(name, "where").value(value)
        if question.grain not in self.grains:
            known = ", ".join(self.grains)
            raise BadQuestion("grain", f"of {self.name} is one of {known}, not {question.grain}.")
        if question.calendar is not None and not self.timed:
            raise BadQuestion("calendar", f"{self.name} measures no durations: leave it out.")
        if question.resolution is not Resolution.LOG and not self.timed:
            raise BadQuestion("resolution", f"{self.name} measures no durations: leave it out.")
        if self.check is not None:
            self.check(question)
        return question

    def flaws(self) -> Iterable[str]:
        """What is wrong with the definition itself."""
        names = [each.name for each in self.dimensions] + [each.name for each in self.measures]
        yield from (f"has two columns {name}" for name in {*names} if names.count(name) > 1)
        known = {each.name for each in self.dimensions}
        yield from (f"has no dimension {name}" for name in self.always if name not in known)
        for name, part in self.parts.items():
            if part.table not in COLUMNS:
                yield f"reads {part.table!r} in {name}, which is no table of the lake"
            elif missing := known - COLUMNS[part.table].keys() - part.dims.keys():
                columns = {each.name: each.column for each in self.dimensions}
                yield from (
                    f"slices by {each}, which is no column of {part.table}"
                    for each in sorted(missing)
                    if columns[each] not in COLUMNS[part.table]
                )
