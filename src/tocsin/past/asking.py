"""The lists of read models as of another moment: folded from the log when somebody asks.

The rows are those that the projection itself would have made, of the history that counts at that
moment, and its own questions are asked of them: filters, order and pages are the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from tocsin.past.lakeward import NotCovered, candidates
from tocsin.past.moments import Moment
from tocsin.past.rows import Advance, folded, found
from tocsin.past.wanted import NUMBERS, Wanted, tells
from tocsin.past.workers import side_by_side
from tocsin.readmodels import Page, Projection, Query
from tocsin.readmodels.passing import Passing
from tocsin.settings import Settings
from tocsin.store.log import Log

ALONE = 50_000
"""Events below which other processes would take longer to begin than to do it."""
EVERYWHERE = range(NUMBERS)


class Source(StrEnum):
    """From where it is known which incidents to look at."""

    LOG = "log"
    LAKE = "lake"


@dataclass(frozen=True)
class Asked:
    """A question of a projection, and the moment that it is asked of."""

    projection: Projection
    question: Query
    moment: Moment
    parameters: Mapping[str, Any] = field(default_factory=dict)
    source: Source | None = None
    """None: the lake if it covers the moment, otherwise the log."""


@dataclass(frozen=True)
class Answer:
    """What it came to."""

    page: Any
    source: Source


def asked_by_name(
    projections: Sequence[Projection], projection: str, question: str, **more: Any
) -> Asked:
    """A question by its names."""
    (mine,) = (each for each in projections if each.name == projection)
    (wanted,) = (each for each in mine.queries if each.name == question)
    assert wanted.past, f"{projection}.{question} is of no past"
    return Asked(mine, wanted, **more)


def ask(
    settings: Settings, asked: Asked, *, processes: int = 1, advance: Advance = lambda _: None
) -> Answer:
    """Answer a question as of its moment; `advance` is told how far it is, of 1.

    Raises:
        BadCursor: the cursor is not one of this list.
        NotCovered: it was to be the lake, which does not reach that far.
        TooMany: more incidents than fit into memory.
        StoreUnavailable: the log cannot be read.
    """
    personal = asked.question.opens(asked.parameters)
    with closing(Log.open(settings, veiled=not personal)) as log, Passing(asked.projection) as rows:
        wanted = Wanted(asked.moment, log.head())
        source, come = _rows(settings, asked, log, wanted, processes, advance, veiled=not personal)
        for some in come:
            rows.add(some)
        position = position_at(log, asked.moment.known_at)
        page = rows.ask(asked.question, position, **asked.parameters)
    if not personal:
        page = opened(settings, asked.projection, wanted, page)
    return Answer(page, source)


def _rows(
    settings: Settings,
    asked: Asked,
    log: Log,
    wanted: Wanted,
    processes: int,
    advance: Advance,
    *,
    veiled: bool,
) -> tuple[Source, Iterator[list[Any]]]:
    projection = asked.projection
    if asked.source is not Source.LOG:
        try:
            streams = _by_the_lake(settings, projection, log, wanted)
        except NotCovered:
            if asked.source is Source.LAKE:
                raise
        else:
            return Source.LAKE, folded(log, projection, wanted, streams)
    if processes > 1 and wanted.until > ALONE:
        return Source.LOG, side_by_side(
            settings, projection.name, wanted, processes=processes, veiled=veiled, advance=advance
        )
    return Source.LOG, found(log, projection, wanted, EVERYWHERE, advance)


def _by_the_lake(
    settings: Settings, projection: Projection, log: Log, wanted: Wanted
) -> Sequence[Any]:
    from tocsin.lake import MissingExtra, open_lake
    from tocsin.lake.origin import check
    from tocsin.lake.segments import LakeRefused

    if not tells(projection.shows):
        raise NotCovered("The lake is of help only with what is open.")
    try:
        # Whatever engine answers trends: this is a look, which takes none to start.
        with open_lake(settings=settings, engine="duckdb") as lake:
            check(log, lake.segments)
            return candidates(lake, log, wanted)
    except (MissingExtra, LookupError, LakeRefused) as error:
        raise NotCovered(str(error)) from error


def opened(settings: Settings, projection: Projection, wanted: Wanted, page: Any) -> Any:
    """The page with the names and the texts of its rows; counts have none."""
    if not isinstance(page, Page) or not all(
        isinstance(each, projection.row) for each in page.items
    ):
        return page
    (key,) = projection.shape.key
    streams = [getattr(each, key) for each in page.items]
    with closing(Log.open(settings)) as log:
        rows = {
            getattr(row, key): row
            for some in folded(log, projection, wanted, streams)
            for row in some
        }
    return replace(page, items=tuple(rows[stream] for stream in streams))


def position_at(log: Log, known_at: datetime | None) -> int:
    """The last position that had been recorded by then: positions rise as time goes on."""
    last = log.head()
    if known_at is None or not last:
        return last
    first = 0
    while first < last:
        middle = (first + last + 1) // 2
        ((_, body),) = log.raw_page(middle - 1, 1)
        if log.decode(body).recorded_at <= known_at:
            first = middle
        else:
            last = middle - 1
    return first
