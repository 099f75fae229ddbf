"""`tocsin serve --workers N`: several processes that answer at one address, and who looks after
them.

Each worker is a whole service with a desk of its own: they meet in the database, as servers on
several hosts do. The listening sockets are made here and outlive any worker, so whoever connects
while one is started again waits for it and is not turned away.
"""

import asyncio
import signal
import socket
from contextlib import AsyncExitStack, ExitStack, closing, suppress
from dataclasses import replace
from time import monotonic, sleep

from tocsin.http.companion import Companion, companions
from tocsin.http.server import (
    CannotListen,
    check_exposure,
    first_key,
    listening,
    tell_key,
    tell_master,
    tell_where,
)
from tocsin.settings import Settings
from tocsin.store.log import Log
from tocsin.telemetry.beside import begun
from tocsin.telemetry.logs import begin
from tocsin.variables import BadSetting

MOST = 64
LINGER_SECONDS = 3.0
"""Time in which the workers of a supervisor that was killed notice that, and leave the port."""
AFTER_DRAIN_SECONDS = 30.0
"""Time that a worker gets to end after its requests were to be answered."""


class Worker(Companion):
    """One of the processes that answer."""

    def __init__(self, settings: Settings, number: int, listener: socket.socket) -> None:
        mine = replace(settings, worker=number)
        self.end_seconds = settings.drain_seconds + AFTER_DRAIN_SECONDS
        handed = listener.fileno()
        super().__init__(
            mine, f"worker {number}", str(handed), module="tocsin.http.worker", handed=[handed]
        )

    def stop(self) -> None:
        """Have it take nothing new and answer the rest; leaving it waits for that."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self._task is not None:
            self._task.cancel()
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)


def check_workers(settings: Settings) -> None:
    """Refuse what several workers cannot do.

    Raises:
        BadSetting: there are too many, or one file to write for all of them.
    """
    if not 0 < settings.workers <= MOST:
        raise BadSetting(f"TOCSIN_WORKERS is {settings.workers}; it can be 1 to {MOST}.")
    if settings.workers > 1 and not settings.database:
        raise BadSetting(
            f"TOCSIN_WORKERS is {settings.workers}, and one process writes an SQLite file: run one"
            " worker, or set TOCSIN_DATABASE to a PostgreSQL database for several."
        )


def supervise(settings: Settings) -> None:
    """Run the workers and all that belongs beside them, until SIGTERM or Ctrl-C.

    Raises:
        BadSetting: they may not or cannot listen there.
        StoreUnavailable: the log cannot be written here.
        KeysUnavailable: the keys cannot be reached.
    """
    check_workers(settings)
    settings = begun(settings, "supervisor")
    check_exposure(settings)
    with ExitStack() as opened:
        listeners = [opened.enter_context(each) for each in _listeners(settings)]
        had_master = settings.vault_key_place.exists()
        with closing(Log.open(settings, writer=True)) as log:
            place = log.place
        if key := first_key(settings):
            tell_key(settings, key)
        tell_master(settings, had=had_master)
        tell_where(listeners[0], settings, f"{place}; {settings.workers} workers")
        begin(settings, "supervisor")
        asyncio.run(_run(settings, listeners))


def _free_port(settings: Settings) -> int:
    """The port, once nobody listens there: else whoever does would get some of our connections.

    Raises:
        CannotListen: somebody goes on to.
    """
    until = monotonic() + LINGER_SECONDS
    while True:
        try:
            with listening(settings) as alone:
                return int(alone.getsockname()[1])
        except CannotListen:
            if monotonic() > until:
                raise
            sleep(0.1)


def _listeners(settings: Settings) -> list[socket.socket]:
    """One for each worker, at one address: the system spreads connections over them."""
    port, listeners = _free_port(settings), list[socket.socket]()
    try:
        for _ in range(settings.workers):
            listeners.append(listening(settings, port=port, shared=True))
    except BaseException:
        for listener in listeners:
            listener.close()
        raise
    return listeners


async def _run(settings: Settings, listeners: list[socket.socket]) -> None:
    stop = asyncio.Event()
    async with companions(settings), AsyncExitStack() as running:
        workers = [
            await running.enter_async_context(Worker(settings, number, listener))
            for number, listener in enumerate(listeners, 1)
        ]

        def end(number: signal.Signals) -> None:
            if stop.is_set() and number == signal.SIGINT:
                for worker in workers:
                    worker.kill()
            stop.set()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, end, number)
        await stop.wait()
        for worker in workers:
            worker.stop()
        # Only now, so that nobody is turned away while a worker still takes connections.
        for listener in listeners:
            listener.close()
