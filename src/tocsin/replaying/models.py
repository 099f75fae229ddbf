"""What the read models come to: to be compared with those of another store."""

from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256

from tocsin.readmodels.database import Database
from tocsin.readmodels.digest import canonical
from tocsin.readmodels.follower import Follower
from tocsin.readmodels.projection import found
from tocsin.readmodels.registry import Registry, Role
from tocsin.settings import Settings


@dataclass(frozen=True, kw_only=True)
class ModelDigest:
    """One read model, as it stands."""

    name: str
    position: int
    rows: int
    sha256: str
    """Of all its rows, and of what it remembers besides, in the order of their keys."""


def model_digests(settings: Settings) -> list[ModelDigest]:
    """Every read model that was ever built, in the order of their names.

    Rows hold what could be opened when they were made: they are equal where the same events were
    read with the same keys.
    """
    digests: list[ModelDigest] = []
    with closing(Database.open(settings.home, settings.database)) as database:
        registry = Registry(database)
        registry.migrate()
        for projection in sorted(found(), key=lambda each: each.name):
            with database.reading() as connection:
                live = registry.find(connection, projection.name, Role.LIVE)
                if live is None:
                    continue
                sha, rows = sha256(), 0
                for store in Follower(database, projection, live).stores:
                    for row in store.in_order(connection):
                        sha.update(canonical(row) + b"\n")
                        rows += 1
            told = ModelDigest(
                name=projection.name, position=live.position, rows=rows, sha256=sha.hexdigest()
            )
            digests.append(told)
    return digests
