"""An installation with something of everything, and all that is in one, to be compared."""

import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.replaying.kit import answers, bodies, names
from tests.store.samples import entry, noted
from tests.upgrade.packing import loaded, unpacked
from tocsin.access import Journal
from tocsin.keys import Keys
from tocsin.settings import Settings
from tocsin.store.entries import Stored
from tocsin.store.log import Log

RICH = "4-audit"
"""The fixture that it is: with keys, evidence, checkpoints, and people who were forgotten."""
SECRETS = ("vault.key", "ledger.key")


def installed(store: str, home: Path, database: str) -> Settings:
    """An installation on one of the stores."""
    unpacked(RICH, store, home)
    if store == "postgres":
        loaded(home, database)
    settings = Settings(home=home, database=database, lake=False)
    # As the service leaves them: migrated to a later schema, and written through a `-wal`.
    Log.open(settings, writer=True).close()
    Keys.open(settings).close()
    Journal.open(settings).close()
    return settings


def beside(settings: Settings, home: Path, database: str = "") -> Settings:
    """A place where nothing is but the keys that no backup holds."""
    home.mkdir(mode=0o700)
    for name in SECRETS:
        shutil.copy(settings.home / name, home / name)
    return replace(settings, home=home, database=database)


def append(settings: Settings, text: str) -> int:
    """Record one event more; its position."""
    with closing(Log.open(settings, writer=True)) as log:
        return appended(log, text)


def appended(log: Log, text: str) -> int:
    """The same on a log that is open."""
    (outcome,) = log.commit([entry(noted(text), command_id=uuid4())])
    assert isinstance(outcome, Stored)
    return outcome.positions[-1]


def everything(settings: Settings) -> dict[str, Any]:
    """All that is kept, but for the vault and the content of evidence."""
    with closing(Log.open(settings, veiled=True)) as log:
        found: dict[str, Any] = {
            "bodies": bodies(log),
            "answers": answers(log),
            "names": names(log),
            "tree": log.tree(),
            "checkpoints": log.checkpoints(),
            "attestations": log.attestations(),
        }
        found["history"] = {
            each.stream: log.raw_history(each.stream) for each in log.page(0, 100_000)
        }
    with closing(Keys.open(settings)) as keys:
        found["keys"], found["changes"] = keys.all(), keys.changes()
    with closing(Journal.open(settings)) as journal:
        found["accesses"], found["accessed"] = list(journal.entries()), journal.head()
    return found
