"""The read models: rebuilt beside the live ones, are they the same row for row?"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from tocsin.cli.standing import built
from tocsin.cli.verification.findings import Findings
from tocsin.readmodels.bulk.hands import Hands
from tocsin.readmodels.database import Database
from tocsin.readmodels.digest import Unsettled, verify
from tocsin.readmodels.projection import Projection, found
from tocsin.readmodels.reading import ReadModels
from tocsin.readmodels.rebuild import RebuildHalted
from tocsin.settings import Settings
from tocsin.store.log import Log


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What came of comparing one read model."""

    name: str
    position: int = 0
    rows: int = 0
    digest: str = ""
    equal: bool | None = None
    """None when there is nothing to compare: it was never built."""


def compare_models(
    log: Log, settings: Settings, findings: Findings, progress: Callable[[str], None]
) -> list[Compared]:
    """Rebuild every read model in a table of its own, and compare the live one."""
    compared: list[Compared] = []
    if not built(settings):
        return [Compared(name=projection.name) for projection in found()]
    hands = Hands.all_of(settings)
    with closing(Database.open(settings.home, settings.database)) as database:
        models = ReadModels(database)
        for projection in found():
            progress(projection.name)
            if not models.position(projection.name):
                compared.append(Compared(name=projection.name))
                continue
            compared.append(_compare(log, database, projection, findings, hands))
    return compared


def _compare(
    log: Log, database: Database, projection: Projection, findings: Findings, hands: Hands
) -> Compared:
    name = projection.name
    try:
        verdict = verify(log, database, projection, hands)
    except (RebuildHalted, Unsettled) as fault:
        findings.add("read-model", f"{name} cannot be compared: {fault}")
        return Compared(name=name, equal=False)
    outcome = verdict.comparison
    for what, said in (("rows", outcome), ("states", verdict.states)):
        if said is not None and not said.equal:
            says = f"{name} differs from the log in {said.differing} of {said.rows} {what}"
            findings.add("read-model", f"{says}: {_keys(said.keys)}", position=verdict.position)
    return Compared(
        name=name,
        position=verdict.position,
        rows=outcome.rows,
        digest=outcome.digest,
        equal=verdict.equal,
    )


def _keys(keys: tuple[tuple[Any, ...], ...]) -> str:
    return ", ".join("/".join(map(str, key)) for key in keys)
