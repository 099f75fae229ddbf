"""What comes first by some time, found with an index, a page after the other."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, or_, select

from tocsin.readmodels.reading import View


class Upcoming(NamedTuple):
    """Something that comes at its time. They are ordered as they come."""

    at: datetime
    what: UUID


def upcoming(
    view: View[Any],
    time: str,
    what: str,
    after: Upcoming | None,
    limit: int,
    by: datetime | None = None,
) -> list[Upcoming]:
    """The rows of a read model that come first by one column, named by another: `limit` at most,
    and of those that come later than `by` one only."""
    at, name = view.table.c[time], view.table.c[what]
    # What has no time never comes.
    wanted = select(at, name).where(at.is_not(None)).order_by(at, name).limit(limit)
    if after is not None:
        later = or_(at > after.at, and_(at == after.at, name > after.what))
        wanted = wanted.where(at >= after.at, later)
    if by is None:
        return [Upcoming(*found) for found in view.connection.execute(wanted)]
    listed = [Upcoming(*found) for found in view.connection.execute(wanted.where(at <= by))]
    if len(listed) < limit:
        later_on = wanted.where(at > by).limit(1)
        listed += [Upcoming(*found) for found in view.connection.execute(later_on)]
    return listed
