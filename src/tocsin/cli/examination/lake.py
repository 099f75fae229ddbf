"""The lake: is it wanted, can it be written, is it of this log, and how far behind is it?"""

from collections.abc import Iterator

from tocsin.cli.examination.check import Check, bad, good, warn
from tocsin.lake.extra import NOT_WRITTEN, installed
from tocsin.lake.origin import check, standing
from tocsin.lake.segments import LakeRefused, Segments
from tocsin.settings import Settings
from tocsin.store.log import Log

FOLLOW = "`tocsin serve` or `tocsin lake follow` brings it up to date."


def examine(log: Log, settings: Settings) -> Iterator[Check]:
    """One answer for all of it."""
    segments = Segments(settings.lake_place)
    try:
        if not settings.lake:
            yield good("lake", "TOCSIN_LAKE=false: none is written here")
        elif not installed():
            said, _, way = NOT_WRITTEN.partition(": ")
            yield warn("lake", said, f"{way[:1].upper()}{way[1:]}")
        elif segments.identity() is None:
            yield warn("lake", f"there is none in {segments.lake} yet", FOLLOW)
        else:
            check(log, segments)
            yield _standing(log, segments, settings)
    except LakeRefused as refused:
        said, _, way = str(refused).partition(". ")
        yield bad("lake", said, way)


def _standing(log: Log, segments: Segments, settings: Settings) -> Check:
    found = standing(log, segments)
    said = f"{segments.lake}, at {found.position:,}"
    if found.lag_seconds > settings.lag_seconds:
        said += f", {found.lag_events:,} events and {found.lag_seconds:,.0f} s behind"
        return warn("lake", said, FOLLOW)
    return good("lake", said)
