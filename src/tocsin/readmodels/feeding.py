"""Reading the log once for all projections that stand at the same place."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

from tocsin.process import unswept
from tocsin.readmodels.batch import Batch
from tocsin.readmodels.follower import Follower
from tocsin.readmodels.registry import Overtaken
from tocsin.readmodels.source import Source, readable


def advance(source: Source, followers: Iterable[Follower], limit: int) -> int:
    """Feed each follower its next page, decoded once per place; return how many events that were.

    A page ends where another follower waits, so that both go on together from there. A follower
    that meets a poison event is halted, one that was overtaken is `lost`; the others go on.
    """
    with unswept():
        return _advance(source, followers, limit)


def _advance(source: Source, followers: Iterable[Follower], limit: int) -> int:
    places: defaultdict[int, list[Follower]] = defaultdict(list)
    for follower in followers:
        if not (follower.halted or follower.lost):
            places[follower.position].append(follower)
    ahead = sorted(places)
    following = dict(pairwise(ahead))
    return sum(
        _feed(source, places[place], place, min(limit, following.get(place, place + limit) - place))
        for place in ahead
    )


def _feed(source: Source, followers: list[Follower], place: int, limit: int) -> int:
    events, fault = readable(source, place, limit)
    batch = Batch(events)
    for follower in followers:
        try:
            if fault is not None:
                follower.halt(source, place + 1, fault)
            elif events and follower.ready(source):
                follower.feed(batch)
        except Overtaken:
            follower.lost = True
    return len(events)
