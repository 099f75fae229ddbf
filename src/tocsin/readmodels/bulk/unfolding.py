"""The rows of all states of a build, made by several processes, each a range of the states."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection

from tocsin.process import unswept
from tocsin.readmodels.bulk.harvest import Harvest, Page
from tocsin.readmodels.bulk.share import Job, context_of
from tocsin.readmodels.codec import Codec
from tocsin.readmodels.database import Database
from tocsin.readmodels.projection import within
from tocsin.readmodels.rows import RowStore
from tocsin.readmodels.source import Source
from tocsin.readmodels.unfolding import Unfolding

STATES_AT_ONCE = 5_000


@dataclass(frozen=True)
class Range:
    """The states whose keys come after one, up to another one; none is the first, or the last."""

    after: Any
    last: Any


def ranges(connection: Connection, states: RowStore, count: int) -> list[Range]:
    """All states, in so many ranges of about as many; empty ones, where there are too few."""
    found = states.quantiles(connection, count)
    ends = [None, *found, None]
    every = [Range(after, last) for after, last in pairwise(ends)]
    return every + [Range(None, None)] * (count - len(every))


def unfolded(
    source: Source, database: Database, job: Job, some: Range, until: int
) -> Iterator[Page]:
    """The rows of a range of states, a few thousand states at a time."""
    projection, name = job.projection, job.projection.name
    assert projection.states is not None
    assert projection.rows is not None
    states = RowStore(database, projection.states, job.folded)
    codec: Codec[Any] = Codec(projection.shape, database.engine.dialect)
    after, found = some.after, None
    try:
        context = context_of(projection, source, until)
        unfolding = Unfolding(within(context, projection.rows), codec.key, 0)
        while found is None or len(found) == STATES_AT_ONCE:
            with unswept():
                with database.reading() as connection:
                    found = states.following(connection, after, STATES_AT_ONCE, some.last)
                rows = [row for state in found for row in unfolding.rows(state)]
                after = states.codec.key(found[-1]) if found else after
                yield Page(until, {name: Harvest(new=codec.encode(rows))})
    except Exception:
        # A follower finds out which state it is, and why.
        yield Page(until, {}, [name])
