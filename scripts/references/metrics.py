"""The page about the figures: what a service tells that has everything there is to tell of."""

import asyncio
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from time import monotonic, sleep

from scripts.references import words
from scripts.references.markdown import cell, codes, table
from tocsin.domain.incident.commands.reporting import Report
from tocsin.domain.incident.values import Source
from tocsin.http.app import create_app
from tocsin.lake.writer import Writer
from tocsin.readmodels import found
from tocsin.readmodels.database import Database
from tocsin.readmodels.projector import Projector
from tocsin.settings import Settings
from tocsin.store.log import Log
from tocsin.telemetry.families import Family, Kind
from tocsin.telemetry.outbox import Outbox
from tocsin.telemetry.projecting import Rounds

SECONDS = 30.0
EVERYWHERE = ("process_", "python_")
"""Figures whose names are those of every service."""


def metrics_page() -> str:
    """Every figure, by the process that it is of."""
    with TemporaryDirectory() as home:
        settings = Settings(home=Path(home), checkpoint_seconds=0.01)
        settings = replace(settings, checkpoint_file=Path(home) / "held")
        service = asyncio.run(_served(settings))
    rounds = list(Rounds(settings.live_events).counted())
    sending = list(Outbox[object](lambda _: True).families())
    known = {each.name for each in (*rounds, *sending)}
    own = [each for each in service if each.name not in known]
    running = [each for each in own if each.name.startswith((*EVERYWHERE, "tocsin_build"))]
    return "\n".join(
        (
            words.METRICS,
            "## The service\n",
            _table(each for each in own if each not in running),
            "## The projector\n",
            _table(rounds),
            "## Every process\n",
            _table(running),
            "## With OpenTelemetry\n",
            _table(sending),
        )
    )


def _table(families: Iterable[Family]) -> str:
    rows = [
        (f"`{_shown(each)}`", each.kind.value, codes(each.labels), cell(each.doc))
        for each in sorted(families, key=lambda each: each.name)
    ]
    return table(("Name", "Kind", "Labels", "Meaning"), rows)


def _shown(family: Family) -> str:
    return f"{family.name}_total" if family.kind is Kind.COUNTER else family.name


async def _served(settings: Settings) -> list[Family]:
    """The figures of a service with an event, read models, a checkpoint and a lake."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        service = app.service
        report = Report(title="E-mail is down", source=Source.MONITORING)
        await service.desk.handle(report, caller="reference")
        await asyncio.to_thread(_follow, settings)
        until = monotonic() + SECONDS
        while True:
            families = await asyncio.to_thread(service.metrics.here)
            names = {each.name for each in families}
            if {"tocsin_checkpoint_age_seconds", "tocsin_reaction_position"} <= names:
                return families
            assert monotonic() < until, "nothing was signed"
            await asyncio.sleep(0.02)


def _follow(settings: Settings) -> None:
    with closing(Log.open(settings)) as log:
        with closing(Database.open(settings.home)) as database:
            projector = Projector(log, database, found())
            while projector.step():
                sleep(0)
            projector.close()
        Writer(log, settings, processes=1).catch_up(Event())
