"""The HTTP service, put together: who holds what, what is served, how it starts and stops."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    ExitStack,
    asynccontextmanager,
    suppress,
)
from functools import cached_property, partial
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

import tocsin.aggregates  # noqa: F401 - the catalogues are full once it is imported
from tocsin import __version__
from tocsin.access import Journal
from tocsin.desk import Desk
from tocsin.http import (
    batch,
    clocks,
    commands,
    differences,
    erasing,
    errors,
    evidence,
    feed,
    health,
    incidents,
    journal_asked,
    lake,
    ledger,
    openapi,
    policy,
    questions,
    reviews,
    trends,
    what_if,
)
from tocsin.http.access import Access
from tocsin.http.guard import Guard
from tocsin.http.journal import Readings
from tocsin.http.metrics import Metrics
from tocsin.http.service import Service
from tocsin.http.straight import Straight
from tocsin.http.tail import Tail
from tocsin.http.watching import watch
from tocsin.http.whose import Whose
from tocsin.keys import Keys
from tocsin.reactions.service import Reactions
from tocsin.readmodels import Projection, found
from tocsin.readmodels.database import Database
from tocsin.readmodels.reading import ReadModels
from tocsin.settings import Settings
from tocsin.store.log import Log
from tocsin.telemetry.settling import Settled

TITLE = "Tocsin"
DESCRIPTION = """The system of record for incidents. Every action is an immutable event; every
answer is a fold of them. Commands are `POST`ed, answers come from the log or from read models."""
UNWATCHED = {"tracing": False, "metrics": False, "logs": False}
"""FastAPI's own telemetry looks for its consumers at every request; `/metrics` is ours."""
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


class Tocsin(FastAPI):
    """FastAPI inside our guard, with a shorter way for commands."""

    def __init__(self, service: Service, **more: Any) -> None:
        super().__init__(**more)
        self.service = service

    def build_middleware_stack(self) -> ASGIApp:
        """The guard stands outermost, so that every answer passes it."""
        inner = commands.Switchboard(super().build_middleware_stack(), self._commands)
        service = self.service
        return Guard(inner, service.settings, service.metrics, service.readings.answered)

    @cached_property
    def straight(self) -> Straight:
        """The shorter way for who holds the connections."""
        if self.middleware_stack is None:
            self.middleware_stack = self.build_middleware_stack()
        assert isinstance(self.middleware_stack, Guard)
        return Straight(self.middleware_stack, self.service, self._commands)

    @property
    def _commands(self) -> list[commands.CommandRoute]:
        return [each for each in self.routes if isinstance(each, commands.CommandRoute)]


def create_app(settings: Settings, log: Log | None = None, keys: Keys | None = None) -> Tocsin:
    """Return the application. It opens the log as its writer, unless it is given one.

    Raises:
        StoreUnavailable: the log cannot be opened, or another process writes it.
        KeysUnavailable: the keys cannot be opened.
        LedgerRefused: checkpoints cannot be signed with the keys that there are.
        JournalUnavailable: the access journal cannot be opened.
    """
    with ExitStack() as opened:
        if log is None:
            log = Log.open(settings, writer=True)
            opened.callback(log.close)
        if keys is None:
            keys = Keys.open(settings)
            opened.callback(keys.close)
        database = Database.open(settings.home, settings.database)
        opened.callback(database.close)
        journal = Journal.open(settings, log.seals) if settings.access else None
        if journal is not None:
            opened.callback(journal.close)
        service = _service(settings, log, keys, journal)
        watch(service, opened)
        app = Tocsin(
            service,
            title=TITLE,
            description=DESCRIPTION,
            version=__version__,
            docs_url=None,
            redoc_url=None,
            openapi_url="/openapi.json" if settings.docs else None,
            redirect_slashes=False,
            telemetry=UNWATCHED,
        )
        _mount(app, service, ReadModels(database))
        service.metrics.waits_for(database.waits)
        app.router.lifespan_context = _lifespan(service, opened.pop_all())
        return app


def _service(settings: Settings, log: Log, keys: Keys, journal: Journal | None) -> Service:
    metrics, tail = Metrics(log.spent), Tail(log, settings)

    def committed(batch: Settled) -> None:
        metrics.settled(batch)
        tail.ring()

    desk = Desk(log, settings, committed=committed)
    readings = Readings(journal, Whose(log), settings)
    service = Service(settings, log, desk, Access(keys, settings), metrics, tail, readings)
    service.beginnings.append(readings.start)
    return service


def _mount(app: Tocsin, service: Service, models: ReadModels) -> None:
    projections = found()
    commands.mount(app, service)
    batch.mount(app, service)
    incidents.mount(app, service)
    clocks.mount(app, service)
    reviews.mount(app, service)
    evidence.mount(app, service)
    differences.mount(app, service)
    policy.mount(app, service)
    what_if.mount(app, service)
    trends.mount(app, service)
    questions.mount(app, service, models, projections)
    feed.mount(app, service)
    health.mount(app, service, models, projections)
    journal_asked.mount(app, service)
    lake.watch(service)
    ledger.mount(app, service, models.database)
    erasing.mount(app, service, models.database, projections)
    errors.mount(app)
    if service.settings.timekeeper:
        _react(service, models, projections)
    app.openapi = openapi.document(app)  # type: ignore[method-assign]


def _react(service: Service, models: ReadModels, projections: Sequence[Projection]) -> None:
    """Do here what is to happen by itself."""
    metrics = service.metrics
    late = metrics.late_seconds.observe
    reactions = Reactions(service.log, service.desk, models, projections, late=late)
    metrics.acts = reactions.acts
    metrics.own.append(reactions.readings)
    service.beginnings.append(reactions.start)
    service.endings.append(reactions.stop)


def _lifespan(service: Service, opened: ExitStack) -> Lifespan:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with opened:
            await service.desk.start()
            for begin in service.beginnings:
                begin()
            watch = asyncio.create_task(service.access.follow(), name="tocsin-keys")
            try:
                yield
            finally:
                service.begin_to_stop()
                ends: list[Callable[[], Awaitable[None]]] = [*service.endings]
                ends += [service.readings.stop, partial(_let_go, watch), service.desk.stop]
                async with AsyncExitStack() as stack:  # what fails keeps none from its end
                    for end in reversed([*ends, *service.lasts]):
                        stack.push_async_callback(end)

    return lifespan


async def _let_go(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
