"""How the read models are doing, asked without making any that are not there."""

from contextlib import closing

from tocsin.readmodels.database import FILE, Database
from tocsin.readmodels.reading import ReadModels, Standing
from tocsin.settings import Settings
from tocsin.store.log import Log


def built(settings: Settings) -> bool:
    """Whether there is a place for read models at all."""
    return bool(settings.database) or (settings.home / FILE).exists()


def standings_of(log: Log, settings: Settings) -> list[Standing]:
    """Every generation of every projection against the log; none where none was ever built.

    Who only looks leaves no file behind, which another user could not write later.
    """
    if not built(settings):
        return []
    with closing(Database.open(settings.home, settings.database)) as database:
        return ReadModels(database).standings(log)
