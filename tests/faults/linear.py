"""Is every incident changed by one command after the other, whoever dies, and whoever looks?"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from uuid import UUID, uuid4

from tests.faults.asking import Crowd
from tests.faults.audit import every_event
from tests.faults.linearity import Act, Fault, Heard, faults
from tests.faults.rebuilds import Compared, check
from tests.faults.service import Service
from tests.faults.trials import Result, Site, Trial
from tests.faults.wire import to
from tocsin.settings import Settings
from tocsin.store.log import Log

CLIENTS = 20
FIRST_LIFE_SECONDS, LIFE_SECONDS = 1.0, (1.5, 4.0)
"""How long a server lives, about."""
OPERATIONS_OF_A_KILL = 2_500
"""There are no more kills than that: the rest of the operations is asked in peace."""


class Quiet(Service):
    """A service in which nothing happens by itself: whatever is recorded, somebody asked for."""

    def __init__(self, home: Path, database: str = "") -> None:
        """Servers of one database have their keys in one place."""
        home.mkdir()
        super().__init__(home, database)
        self.settings = replace(
            self.settings,
            timekeeper=False,
            vault_key_file=home.parent / "vault.key",
            ledger_key=home.parent / "ledger.key",
        )

    @property
    def environment(self) -> dict[str, str]:
        """What its commands run under."""
        ours = ("TOCSIN_TIMEKEEPER", "TOCSIN_VAULT_KEY_FILE", "TOCSIN_LEDGER_KEY")
        said = self.settings.environment()
        return {**super().environment, **{name: said[name] for name in ours}}


def recorded(settings: Settings) -> dict[UUID, list[UUID]]:
    """Whose command each version of each stream is, as the log has it."""
    found: defaultdict[UUID, list[UUID]] = defaultdict(list)
    with closing(Log.open(settings, veiled=True)) as log:
        for event in every_event(log):
            found[event.stream].append(event.command_id)
    return found


async def stormy(services: Sequence[Service], operations: int, seed: int) -> list[Act]:
    """Ask so much, while one server after the other is killed and started again."""
    connects = [partial(to, each) for each in services]
    crowd = Crowd(connects, CLIENTS, operations, seed, patient=True)
    chance = Random(seed)
    asking = asyncio.create_task(crowd.run())
    for number in range(1 + operations // OPERATIONS_OF_A_KILL):
        life = chance.uniform(*LIFE_SECONDS) if number else FIRST_LIFE_SECONDS
        await asyncio.wait({asking}, timeout=life)
        if asking.done():
            break
        victim = chance.choice(services)
        await asyncio.to_thread(_death, victim, with_projector=chance.random() < 0.5)
        crowd.patient = False
    return await asking


def _death(service: Service, *, with_projector: bool) -> None:
    service.kill(with_projector=with_projector)
    service.start()


def _trial(site: Site, operations: int, servers: int, database: str) -> Result:
    with ExitStack() as ends:
        services = []
        for number in range(servers):
            services.append(Quiet(site.folder / str(number), database))
            ends.callback(services[-1].stop)
            services[-1].start()
        acts = asyncio.run(stormy(services, operations, site.seed))
        began = time.perf_counter()
        found = faults(acts, recorded(services[0].settings))
        seconds = time.perf_counter() - began
    models = check(services[0].settings, positions=1, seed=site.seed)
    restarts = [s for each in services for s in each.restarts[1:]]
    return told(acts, found, restarts, seconds, models)


def told(
    acts: Sequence[Act],
    found: Sequence[Fault],
    restarts: Sequence[float],
    seconds: float,
    models: Compared,
) -> Result:
    """What to print of it."""
    kinds, heard = Counter(fault.kind for fault in found), Counter(act.heard for act in acts)
    looks = sum(act.command is None for act in acts)
    remark = (
        f"{len(found)} violations in {len(acts)} operations, {looks} of them looks,"
        f" {heard[Heard.NOTHING]} unheard of; checked in {seconds:.1f} s;"
        f" {len(models.differing)} of {models.models} tables differ when rebuilt"
    )
    if found:
        remark += f"; the first: {found[0].what}"
    return Result(
        runs=len(acts),
        ok=not found and len(restarts) > 0 and not models.differing,
        acknowledged=heard[Heard.DONE] - looks,
        lost=kinds["lost"],
        doubled=kinds["doubled"] + kinds["unasked"],
        recoveries=tuple(restarts),
        remark=remark,
    )


def on_one(site: Site, operations: int) -> Result:
    """The embedded store: one server, killed again and again."""
    return _trial(site, operations, 1, "")


def on_several(site: Site, operations: int) -> Result:
    """Two servers on one database: what the one has answered, the other must show."""
    return _trial(site, operations, 2, site.postgres.create(f"tocsin_{uuid4().hex}"))


TRIALS = (
    Trial("T8", "each incident linear, SQLite, server killed", on_one, 3_000, 100_000),
    Trial("T8b", "each incident linear, two servers on PostgreSQL", on_several, 2_000, 100_000),
)
