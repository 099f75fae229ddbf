"""One writing process of the trial that follows the log: a service, and callers at its very desk.

Started as a program with its settings in the environment. It says on its output what each command
was answered, writes until something comes on its input, and serves until that ends.
"""

import asyncio
import os
import sys
from contextlib import suppress
from random import Random
from time import monotonic
from typing import Any
from uuid import UUID

import uvicorn

from tocsin.asks import Busy, StaleVersion
from tocsin.desk import Desk
from tocsin.domain.incident.commands.investigation import Note
from tocsin.domain.incident.commands.reporting import Report
from tocsin.domain.incident.values import Source
from tocsin.domain.kernel import Command
from tocsin.http.app import Tocsin, create_app
from tocsin.http.protocol import protocol
from tocsin.http.server import Server
from tocsin.ids import new_id
from tocsin.keys import KeysUnavailable
from tocsin.settings import Settings
from tocsin.store.entries import StoreUnavailable

AT_ONCE = 60
"""Commands that a caller asks at the same time."""
NOTES = 40
"""Of each incident."""
STALE = 0.04
"""How often a caller names a version that it cannot be at: then nothing must be recorded."""
PAUSE_SECONDS = 0.05


async def work(desk: Desk, name: str, over: asyncio.Event) -> None:
    """Report incidents and add to them, as fast as the answers come."""
    chance = Random(name)
    while not over.is_set():
        reports = [Report(title=f"Alarm {name}", source=Source.MONITORING)] * AT_ONCE
        incidents = [
            stream
            for stream in await asyncio.gather(*(told(desk, each, None, name) for each in reports))
            if stream is not None
        ]
        for number in range(NOTES):
            sys.stdout.flush()
            if over.is_set():
                return
            await asyncio.gather(
                *(
                    told(desk, Note(text=f"Look {number}"), each, name, chance.random() < STALE)
                    for each in incidents
                )
            )


async def told(
    desk: Desk, command: Command[Any], stream: UUID | None, caller: str, stale: bool = False
) -> UUID | None:
    """Ask until there is an answer, and say what it was."""
    command_id, called = new_id(), monotonic()
    while True:
        with suppress(StoreUnavailable, Busy):
            try:
                receipt = await desk.handle(
                    command,
                    stream=stream,
                    caller=caller,
                    command_id=command_id,
                    fingerprint=b"as asked",
                    expected_version=1_000_000 if stale else None,
                )
            except StaleVersion:
                sys.stdout.write(f"{command_id.hex} refused\n")
                return None
            said = receipt.fields
            sys.stdout.write(
                f"{command_id.hex} {called:.6f} {monotonic():.6f} {said['position']}"
                f" {len(said['events'])}\n"
            )
            return UUID(said["incident_id"])
        await asyncio.sleep(PAUSE_SECONDS)


async def served(settings: Settings) -> tuple[Tocsin, Server, asyncio.Task[None]]:
    """The service; begun again, as whoever runs one does, if its sessions are ended meanwhile."""
    while True:
        with suppress(StoreUnavailable, KeysUnavailable):
            app = create_app(settings)
            config = uvicorn.Config(
                app,
                host="127.0.0.1",
                port=settings.port,
                http=protocol(settings),
                ws="none",
                lifespan="on",
                log_config=None,
            )
            server = Server(config, app)
            serving = asyncio.create_task(server.serve())
            while not (server.started or serving.done()):
                await asyncio.wait({serving}, timeout=0.01)
            if server.started:
                return app, server, serving
        await asyncio.sleep(PAUSE_SECONDS)


async def run(settings: Settings, callers: int, seed: str) -> None:
    """Serve, and write until nobody wants more."""
    app, server, serving = await served(settings)
    over, ended = asyncio.Event(), asyncio.Event()

    def hear() -> None:
        (over if os.read(0, 4_096) else ended).set()

    asyncio.get_running_loop().add_reader(0, hear)
    async with asyncio.TaskGroup() as group:
        for number in range(callers):
            group.create_task(work(app.service.desk, f"{seed}-{number}", over))
    sys.stdout.write("over\n")
    sys.stdout.flush()
    await ended.wait()
    server.should_exit = True
    await serving


if __name__ == "__main__":
    assert os.environ["TOCSIN_HOME"], "its settings are given in the environment"
    asyncio.run(run(Settings.from_environment(), int(sys.argv[1]), sys.argv[2]))
