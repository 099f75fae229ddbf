"""One of the processes that answer: a service at a socket that its supervisor has made."""

import argparse
import asyncio
import logging
import os
import socket
import sys
from contextlib import suppress

import uvicorn
from starlette.types import Receive, Scope, Send

from tocsin.http.app import Tocsin, create_app
from tocsin.http.problems import STORE_UNAVAILABLE, later
from tocsin.http.server import Server, configured
from tocsin.http.watching import name_of
from tocsin.keys import KeysUnavailable
from tocsin.process import tune
from tocsin.settings import Settings
from tocsin.store.entries import StoreUnavailable
from tocsin.telemetry.logs import begin

AWAY = (StoreUnavailable, KeysUnavailable)
AGAIN_SECONDS = 0.5
"""How often it is tried again to open the stores."""
PARENT_SECONDS = 0.25
"""How often it looks whether the supervisor is still there."""

logger = logging.getLogger(__name__)


def work(settings: Settings, listener: socket.socket, parent: int) -> None:
    """Answer until SIGTERM, or until the supervisor is gone. Whoever comes before the stores can
    be opened is told to come back: they were there when the supervisor began."""
    begin(settings, name_of(settings))
    try:
        app: Tocsin | None = create_app(settings)
    except AWAY as error:
        logger.warning("it cannot answer yet: %s", error)
        app = asyncio.run(_awaited(settings, listener, parent))
    if app is None:
        return
    config = configured(settings, app)
    tune()
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_answer(Server(config, app), listener, parent))


async def _awaited(settings: Settings, listener: socket.socket, parent: int) -> Tocsin | None:
    """The service, once its stores can be opened; none when it is to end before."""
    config = uvicorn.Config(
        _away,
        lifespan="off",
        log_config=None,
        access_log=False,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
    )
    server = uvicorn.Server(config)
    # Closing it is not to close the one that the service is going to answer at.
    answering = asyncio.create_task(server.serve(sockets=[listener.dup()]))
    try:
        while not server.should_exit and os.getppid() == parent:
            await asyncio.sleep(AGAIN_SECONDS)
            with suppress(*AWAY):
                return await asyncio.to_thread(create_app, settings)
    finally:
        server.should_exit = True
        await answering
    return None


async def _away(scope: Scope, receive: Receive, send: Send) -> None:
    problem = later(STORE_UNAVAILABLE, "The store cannot be used now: ask again later.", 5)
    await problem.answer()(scope, receive, send)


async def _answer(server: Server, listener: socket.socket, parent: int) -> None:
    watching = asyncio.create_task(_watch(server, parent), name="tocsin-parent")
    try:
        await server.serve(sockets=[listener])
    finally:
        watching.cancel()


async def _watch(server: Server, parent: int) -> None:
    """A supervisor that was killed told nobody: whoever follows it needs the address."""
    while True:
        await asyncio.sleep(PARENT_SECONDS)
        if os.getppid() != parent:
            server.should_exit = True
            return


def main() -> int:
    """Find the socket where the supervisor has left it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("listener", type=int, help="number of the open socket")
    parser.add_argument("--with-parent", type=int, required=True, help="process to end with")
    asked = parser.parse_args()
    with socket.socket(fileno=asked.listener) as listener:
        work(Settings.from_environment(), listener, asked.with_parent)
    return 0


if __name__ == "__main__":
    sys.exit(main())
