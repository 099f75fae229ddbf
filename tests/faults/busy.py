"""What keeps streams busy: somebody who writes a log, and somebody who publishes alerts."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import orjson

from tests.whatif.kit import critical, entry_of, stream_of
from tocsin.jetstream.connecting import connected
from tocsin.jetstream.streams import MSG_ID, ApiRefused, StreamAway, Streams
from tocsin.settings import Settings
from tocsin.store.log import Log

AT_ONCE = 20
PUBLISHERS = 8


@contextmanager
def running(settings: Settings, *command: str) -> Iterator["subprocess.Popen[bytes]"]:
    """One of the programs, with its complaints in the home folder."""
    variables = {k: v for k, v in settings.environment().items() if v}
    with (settings.home / f"{command[0]}.stderr").open("ab") as errors:
        program = subprocess.Popen(
            [sys.executable, "-m", "tocsin", *command],
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
    try:
        yield program
    finally:
        program.terminate()
        try:
            program.wait(30)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()


@dataclass
class Writer:
    """Writes incidents into a log, from a thread."""

    log: Log
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        for number in count(0, AT_ONCE):
            if self._stop.is_set():
                return
            names = (f"{number + each}" for each in range(AT_ONCE))
            self.log.commit([entry_of(stream_of(name), 0, _life(name)) for name in names])
            time.sleep(0.05)

    def stop(self) -> None:
        """End, when the last is written."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()


def _life(name: str) -> list[Any]:
    return [each for each in critical() if type(each[1]).__name__ != "IncidentLogged"]


@contextmanager
def writing(log: Log) -> Iterator[Writer]:
    """Write until the end of the block."""
    writer = Writer(log)
    writer.start()
    try:
        yield writer
    finally:
        writer.stop()


class Storm:
    """Publishers that each go on until an alert is acknowledged, from a thread."""

    def __init__(self, settings: Settings) -> None:
        self.stored: list[str] = []
        self.rang: set[str] = set()
        self.ended: set[str] = set()
        """Keys of alarms whose beginning, and whose end, is stored."""
        self._settings = settings
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Return when everything that was begun is stored."""
        self._stop.set()
        self._thread.join()

    async def _run(self) -> None:
        async with connected(self._settings, "storm", stay=True) as client:
            streams = Streams(client)
            await asyncio.gather(*(self._publish(streams, each) for each in range(PUBLISHERS)))

    async def _publish(self, streams: Streams, publisher: int) -> None:
        for number in count():
            for action in ("trigger", "trigger", "resolve"):
                key = f"p{publisher}-{number}"
                await self._tell(streams, key, action, f"{key}-{action}-{len(self.stored)}")
            if self._stop.is_set():
                return

    async def _tell(self, streams: Streams, key: str, action: str, name: str) -> None:
        alert = {"dedup_key": key, "title": f"Alarm {key}", "action": action}
        subject = f"{self._settings.intake_subject}.alert.{key}"
        while True:
            try:
                await streams.store(subject, orjson.dumps(alert), {MSG_ID: name})
                break
            except (StreamAway, ApiRefused):
                await asyncio.sleep(0.05)
        self.stored.append(name)
        (self.rang if action == "trigger" else self.ended).add(key)


@contextmanager
def publishing(settings: Settings) -> Iterator[Storm]:
    """Publish until the end of the block."""
    storm = Storm(settings)
    storm.start()
    try:
        yield storm
    finally:
        storm.stop()
