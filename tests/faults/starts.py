"""Everybody starts at once on an empty database: does everybody succeed, and is it made once?"""

import asyncio
import tempfile
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from queue import Empty
from time import monotonic
from typing import Any

import psycopg

from tests.faults.deaths import empty
from tests.faults.trials import Result, Site, Trial
from tocsin.domain.policy.state import POLICY, POLICY_STREAM
from tocsin.http.app import create_app
from tocsin.http.server import first_key
from tocsin.readmodels import found
from tocsin.readmodels.database import Database
from tocsin.readmodels.projector import Projector
from tocsin.settings import Settings
from tocsin.store.log import Log

PROCESSES = 8
SECONDS = 60.0
OK = "ok"
ONCE = {
    "a first key": "SELECT count(*) FROM tocsin.api_keys",
    "a vault": "SELECT count(*) FROM tocsin_vault.vault",
    "a key that signs": "SELECT count(DISTINCT body) FROM tocsin.attestations WHERE kind = 'key'",
    "a head": "SELECT count(*) FROM tocsin.head",
    "a version of the schema": "SELECT count(*) FROM tocsin.schema_version",
}
"""What there must be one of, however many have made it."""


def start(url: str, home: str, gate: Any, said: Any) -> None:
    """All that a service and its projector do at their first start, in a process of its own."""
    settings = Settings(home=Path(home), database=url, lake=False)
    gate.wait(SECONDS)
    try:
        asyncio.run(_serve(settings))
        _project(settings)
    except Exception as error:
        said.put(f"{type(error).__name__}: {error}")
    else:
        said.put(OK)


async def _serve(settings: Settings) -> None:
    app = create_app(settings)
    first_key(settings)
    async with app.router.lifespan_context(app):
        await app.service.desk.state(POLICY_STREAM, POLICY)


def _project(settings: Settings) -> None:
    with (
        closing(Log.open(settings)) as log,
        closing(Database.open(settings.home, settings.database)) as database,
    ):
        projector = Projector(log, database, found())
        projector.step()
        projector.close()


def storm(url: str, home: Path) -> list[str]:
    """Let them all start at once, and hear what each has to say."""
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    gate, said = context.Barrier(PROCESSES), context.Queue()
    arguments = (url, str(home), gate, said)
    starters = [context.Process(target=start, args=arguments) for _ in range(PROCESSES)]
    for each in starters:
        each.start()
    heard, ends = list[str](), monotonic() + SECONDS
    while len(heard) < PROCESSES and monotonic() < ends:
        try:
            heard.append(said.get(timeout=0.5))
        except Empty:
            continue
    for each in starters:
        each.join(SECONDS)
        if each.exitcode is None:
            each.kill()
    return heard + ["it never ended"] * (PROCESSES - len(heard))


def made_otherwise(url: str) -> list[str]:
    """What there is more than one of, or none."""
    with psycopg.connect(url) as connection:
        counts = {what: connection.execute(f"{q}".encode()).fetchone() for what, q in ONCE.items()}
    return [f"{count} instead of {what}" for what, count in counts.items() if count != (1,)]


def starts(site: Site, rounds: int) -> Result:
    """So many storms, each on an empty database of its own, and all from one home."""
    heard, wrong = list[str](), list[str]()
    for _ in range(rounds):
        url = empty(site, shared=True)
        with tempfile.TemporaryDirectory(dir=site.folder) as home:
            heard += storm(url, Path(home))
            wrong += made_otherwise(url)
    well = heard.count(OK)
    faults = sorted({each for each in heard if each != OK} | set(wrong))
    remark = f"{well} of {len(heard)} started"
    return Result(
        runs=len(heard),
        ok=well == len(heard) and not faults,
        remark=f"{remark}; {'; '.join(faults)}" if faults else f"{remark}, and made it all once",
    )


TRIALS = (Trial("T25", "start-up storm, PostgreSQL: 8 at once", starts, 2, 20),)
