"""Where a log is played to: a folder for the embedded store, or a PostgreSQL database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tocsin.settings import Settings
from tocsin.store.log import Log

ADDRESSES = ("postgresql://", "postgres://")


class NoPlace(ValueError):
    """A log cannot be played to there."""


def settings_of(settings: Settings, place: str) -> Settings:
    """The settings of the store at a place, which is a folder or an address.

    Raises:
        NoPlace: it is neither, or it is where the log is already.
    """
    if place.startswith(ADDRESSES):
        target = replace(settings, database=place)
    elif "://" in place or not place:
        raise NoPlace(f"{place!r} is neither a folder nor a postgresql:// address.")
    else:
        target = replace(settings, database="", home=Path(place).expanduser().absolute())
    if target.database:
        there = target.database == settings.database
    else:
        there = not settings.database and target.home.resolve() == settings.home.resolve()
    if there:
        raise NoPlace(f"{place} is where the log is: play it to another folder or database.")
    return target


@contextmanager
def opened(target: Settings) -> Iterator[Log]:
    """The log at a place, for writing; made if it is not there.

    Raises:
        StoreUnavailable: it cannot be reached, or another process writes it.
    """
    # Without keys: nothing is sealed on the way, and no vault is made there.
    log = Log.open(target, writer=True, veiled=True)
    try:
        yield log
    finally:
        log.close()
