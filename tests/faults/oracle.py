"""What the rows of a read model must be, worked out without anything that keeps read models."""

from collections.abc import Iterable
from typing import Any

from tocsin.domain.kernel import Recorded
from tocsin.readmodels.digest import canonical
from tocsin.readmodels.projection import Projection, each_event, within


def rows(projection: Projection, history: Iterable[Recorded[Any]]) -> list[bytes]:
    """Every row that these events make, as bytes, sorted: one dictionary and one fold."""
    history = list(history)
    context = projection.context() if projection.context is not None else None
    if context is not None:
        for recorded in history:
            if recorded.stream == context.stream:
                context.add(recorded)
    fold = within(context, projection.fold)
    made: dict[Any, Any] = {}
    for recorded in history:
        if type(recorded.event) not in projection.events:
            continue
        if projection.keys is each_event:
            made[recorded.position] = fold(None, recorded)
            continue
        keys = [recorded.stream] if projection.keys is None else projection.keys(recorded)
        for key in dict.fromkeys(keys):
            told = (made.get(key), recorded, *([key] if projection.takes_key else []))
            made[key] = fold(*told)
    found = [each for each in made.values() if each is not None]
    if projection.rows is not None:
        unfold = within(context, projection.rows)
        found = [row for state in found for row in unfold(state)]
    return sorted(map(canonical, found))
