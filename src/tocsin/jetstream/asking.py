"""Commands on their way to a service: many at a time, each asked until it is answered.

Whoever asks waits for one answer; whatever waits at a time goes in one `POST /commands`. Nothing
is given up: while the service is away, has too much to do or does not know us, everything waits.
Asking again is safe, because every command has its id.
"""

import asyncio
import http.client
import logging
import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final, NamedTuple

import orjson

from tocsin.jetstream.connecting import CannotStream
from tocsin.jetstream.line import LONGEST_SECONDS, Line, key
from tocsin.settings import Settings

logger = logging.getLogger(__name__)

COMMANDS: Final = 500
BODY_BYTES: Final = 900_000
"""A service takes 1 MiB, unless it is set otherwise."""
PAUSE_SECONDS: Final = 0.1
BUSY: Final = frozenset({429, 503})
"""Of one command: the service had no time for it."""
WRONG: Final = frozenset({400, 413, 422})
"""Of a whole request: something in it is no good."""


class Answer(NamedTuple):
    """What one command came to."""

    status: int
    receipt: Mapping[str, Any]
    problem: Mapping[str, Any]
    replayed: bool = False

    @property
    def done(self) -> bool:
        """Whether it is recorded, or was so already."""
        return self.status < 400

    @property
    def code(self) -> str:
        """Which problem it is."""
        return str(self.problem.get("code", self.status))

    @property
    def reason(self) -> str:
        """The problem in a sentence."""
        return str(self.problem.get("detail", f"The service answered {self.status}."))


@dataclass
class _Waiting:
    command: bytes
    answer: "asyncio.Future[Answer]"


@dataclass
class Standing:
    """How it goes with the service."""

    fault: str = ""
    """What is wrong with it now; empty when all is well."""
    requests: int = 0
    commands: int = 0
    again: int = 0
    """Requests that had to be sent again."""
    answered_at: float = field(default_factory=monotonic)


class Asker:
    """The way to one service."""

    def __init__(self, settings: Settings) -> None:
        self.standing = Standing()
        self._settings = settings
        self._waiting: deque[_Waiting] = deque()
        self._some = asyncio.Event()
        self._posts: list[asyncio.Task[None]] = []
        for needed in (key, Line):
            needed(settings)  # or say now what is missing

    def start(self) -> None:
        """Begin to ask."""
        count = max(self._settings.intake_requests, 1)
        self._posts = [asyncio.create_task(self._post_on()) for _ in range(count)]

    def check(self) -> None:
        """Raise what ended the asking, if anything did: it is a defect."""
        for task in self._posts:
            if task.done():
                task.result()

    async def stop(self) -> None:
        """Give up what is not answered."""
        for task in self._posts:
            task.cancel()
        await asyncio.gather(*self._posts, return_exceptions=True)

    async def ask(self, command: Mapping[str, Any]) -> Answer:
        """Have a command done, and say what it came to; a service that has no time is asked again,
        for as long as it takes."""
        try:
            encoded, pause = orjson.dumps(command), PAUSE_SECONDS
        except orjson.JSONEncodeError:  # it was JSON: only its depth can be wrong
            return Answer(400, {}, {"code": "invalid", "detail": "It is nested too deeply."})
        while True:
            waiting = _Waiting(encoded, asyncio.get_running_loop().create_future())
            self._waiting.append(waiting)
            self._some.set()
            answer = await waiting.answer
            if answer.status not in BUSY:
                return answer
            self.standing.again += 1
            pause = await _rest(pause)

    async def _post_on(self) -> None:
        line = Line(self._settings)
        try:
            while True:
                batch = await self._batch()
                await self._answered(line, batch)
        finally:
            line.close()

    async def _batch(self) -> list[_Waiting]:
        """All that waits, as far as one request may hold it."""
        while not self._waiting:
            self._some.clear()
            await self._some.wait()
        batch = [self._waiting.popleft()]
        size = len(batch[0].command)
        while self._waiting and len(batch) < COMMANDS:
            size += len(self._waiting[0].command)
            if size > BODY_BYTES:
                break
            batch.append(self._waiting.popleft())
        return batch

    async def _answered(self, line: Line, batch: list[_Waiting]) -> None:
        """Send a batch until it is answered; if the service finds it wrong, one by one."""
        status, answer = await self._sent(line, batch)
        if status == 200:
            for waiting, result in zip(batch, answer["results"], strict=True):
                _tell(waiting, _answer(result))
        elif len(batch) > 1:
            for waiting in batch:
                await self._answered(line, [waiting])
        else:
            _tell(batch[0], Answer(status, {}, answer))

    async def _sent(self, line: Line, batch: list[_Waiting]) -> tuple[int, dict[str, Any]]:
        body = b'{"commands":[%b]}' % b",".join(each.command for each in batch)
        standing, pause = self.standing, PAUSE_SECONDS
        while True:
            standing.requests += 1
            try:
                status, answer, wait = await asyncio.to_thread(line.post, body)
                if status == 200 and len(answer.get("results", ())) != len(batch):
                    raise ValueError("what answers there is no Tocsin")
            except (OSError, http.client.HTTPException, ValueError, CannotStream) as error:
                status, answer, wait = 0, {}, 0.0
                fault = f"{type(error).__name__}: {error}"
            else:
                fault = f"{status}: {answer.get('detail', '')}"
            if status == 200 or status in WRONG:
                self._well()
                standing.commands += len(batch)
                return status, answer
            self._ill(fault)
            standing.again += 1
            pause = await _rest(max(pause, wait))

    def _well(self) -> None:
        standing = self.standing
        standing.answered_at = monotonic()
        if standing.fault:
            standing.fault = ""
            logger.info("%s takes commands again", self._settings.intake_url)

    def _ill(self, fault: str) -> None:
        if self.standing.fault != fault:
            self.standing.fault = fault
            logger.warning("%s takes no commands now: %s", self._settings.intake_url, fault)


async def _rest(pause: float) -> float:
    """Wait for about that long, and return how long to wait the next time."""
    await asyncio.sleep(pause * random.uniform(0.5, 1.0))
    return min(pause * 2, LONGEST_SECONDS)


def _tell(waiting: _Waiting, answer: Answer) -> None:
    if not waiting.answer.done():
        waiting.answer.set_result(answer)


def _answer(result: Mapping[str, Any]) -> Answer:
    receipt, problem = result.get("receipt", {}), result.get("problem", {})
    return Answer(result["status"], receipt, problem, bool(result.get("replayed")))
