"""A service to ask: inside the test's own event loop, or behind a real connection."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from tocsin.http.app import Tocsin, create_app
from tocsin.http.protocol import protocol
from tocsin.http.server import Server
from tocsin.keys import Keys, Scope
from tocsin.readmodels import found
from tocsin.readmodels.database import Database
from tocsin.readmodels.projector import Projector
from tocsin.readmodels.reading import ReadModels
from tocsin.readmodels.registry import Role
from tocsin.settings import Settings

REPORT = {"title": "E-mail is down", "source": "user-report"}


@dataclass
class House:
    """A service in this event loop, and somebody who may do everything."""

    app: Tocsin
    client: httpx.AsyncClient
    keys: Keys
    settings: Settings

    def client_with(self, *scopes: Scope, owner: str = "somebody") -> httpx.AsyncClient:
        """Somebody else, who may do less."""
        token, _ = self.keys.create(owner, scopes, by="a test")
        self.app.service.access.load()
        return asking(self.app, token)

    async def report(self, **fields: Any) -> dict[str, Any]:
        """Report an incident, and return what was answered."""
        answer = await self.client.post("/incidents", json={**REPORT, **fields})
        assert answer.is_success, answer.text
        receipt: dict[str, Any] = answer.json()
        return receipt

    def project(self) -> None:
        """Bring the read models to the head of the log."""
        log = self.app.service.log
        database = Database.open(self.settings.home, self.settings.database)
        models, head = ReadModels(database), log.head()
        projector = Projector(log, database, found())
        for _ in range(100):
            projector.step()
            standings = [each for each in models.standings(log) if each.role is Role.LIVE]
            if len(standings) == len(found()) and all(s.position >= head for s in standings):
                break
        else:
            raise AssertionError("the read models do not reach the head")
        projector.close()
        database.close()


def asking(app: Tocsin, token: str | None) -> httpx.AsyncClient:
    """A client of an application in this event loop."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
async def house(settings: Settings) -> AsyncIterator[House]:
    """A service without read models that follow: `house.project()` brings them up to date."""
    keys = Keys.open(settings)
    token = keys.create_first(by="a test")
    app = create_app(settings, keys=keys)
    async with app.router.lifespan_context(app), asking(app, token) as client:
        yield House(app, client, keys, settings)
    keys.close()


@dataclass
class Running:
    """A service behind a real connection."""

    app: Tocsin
    port: int
    token: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def client(self, **more: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers=self.headers, timeout=20, **more)


Run = Callable[..., AbstractContextManager[Running]]


@pytest.fixture
def running(settings: Settings) -> Run:
    """How to run a service with some settings changed."""
    return lambda **changes: _run(replace(settings, port=0, **changes))


@contextmanager
def _run(settings: Settings) -> Iterator[Running]:
    keys = Keys.open(settings)
    token, _ = keys.create("admin", [Scope.ADMIN], by="a test")
    app = create_app(settings, keys=keys)
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        http=protocol(settings, app.straight),
        ws="none",
        loop="uvloop",
        lifespan="on",
        log_config=None,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=settings.keep_alive_seconds,
    )
    server = Server(config, app)
    factory = config.get_loop_factory()

    def run() -> None:
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(server.serve())

    thread = threading.Thread(target=run, name="service")
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the service did not start"
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Running(app, port, token)
    finally:
        server.should_exit = True
        thread.join()
        keys.close()


@contextmanager
def projecting(settings: Settings) -> Iterator[None]:
    """Read models that follow the log, from a thread."""
    from tocsin.store.log import Log

    stop = threading.Event()
    log = Log.open(settings)
    database = Database.open(settings.home, settings.database)
    thread = threading.Thread(target=Projector(log, database, found()).run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        database.close()
        log.close()
