"""Running what speaks to NATS, until somebody says to stop."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import TypeVar

from tocsin.cli.accesses import noted
from tocsin.cli.frame import Session
from tocsin.jetstream.connecting import CannotStream, connected, need, places
from tocsin.jetstream.intake import Intake
from tocsin.jetstream.parked import Lot, Parked
from tocsin.jetstream.relay import ASK_SECONDS, Progress, Relay
from tocsin.jetstream.streams import ApiRefused, StreamAway, Streams
from tocsin.jetstream.watching import watched
from tocsin.process import tune
from tocsin.settings import Settings
from tocsin.store.log import Log
from tocsin.telemetry.beside import alone

T = TypeVar("T")
TELL_SECONDS = 10.0
"""How often a relay says how far it is, while it gets on."""


def lasting(settings: Settings, process: str, work: Callable[[asyncio.Event], Awaitable[T]]) -> T:
    """Do something long, which is given an event that SIGTERM and Ctrl-C set.

    A second Ctrl-C interrupts at once.
    """
    need()
    tune()

    async def run() -> T:
        stop = asyncio.Event()
        with _told_by_signals(stop):
            try:
                return await work(stop)
            except ApiRefused as refused:
                raise CannotStream(f"JetStream refuses: {refused}.") from refused

    with alone(settings, process), asyncio.Runner(loop_factory=_loop()) as runner:
        return runner.run(run())


def _loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The faster event loop, where there is one."""
    if sys.platform == "win32":  # pragma: no cover - it has none there
        return None
    import uvloop

    return uvloop.new_event_loop


def brief(session: Session, work: Callable[[Streams], Awaitable[T]]) -> T:
    """Ask the streams for something, now."""

    async def run() -> T:
        async with connected(session.settings, "tocsin", stay=False) as client:
            try:
                return await work(Streams(client))
            except (StreamAway, ApiRefused) as away:
                raise CannotStream(f"JetStream does not do that now: {away}.") from away

    need()
    return asyncio.run(run())


@contextmanager
def _told_by_signals(stop: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def told(number: int) -> None:
        stop.set()
        loop.remove_signal_handler(number)

    numbers = (signal.SIGTERM, signal.SIGINT)
    for number in numbers:
        loop.add_signal_handler(number, told, number)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def relayed(session: Session, after: int, *, once: bool) -> Progress:
    """Relay the log; until it is told to stop, or `once`."""
    settings = session.settings

    async def work(stop: asyncio.Event) -> Progress:
        with closing(Log.open(settings, veiled=not settings.relay_opened)) as log:
            if settings.relay_opened:
                noted(session, log, "export", asked=f"relayed to {settings.relay_stream}")
            session.err.print(
                f"Relaying {log.place} to {settings.relay_stream}, {places(settings)}"
            )
            async with connected(settings, "tocsin-relay", stay=not once, stop=stop) as client:
                relay = Relay(log, Streams(client, ASK_SECONDS), settings, stop)
                telling = asyncio.create_task(_tell(session, relay.progress))
                try:
                    await relay.run(after, until_head=once)
                finally:
                    telling.cancel()
                    with suppress(asyncio.CancelledError):
                        await telling
                return relay.progress

    return lasting(settings, "relay", work)


async def _tell(session: Session, progress: Progress) -> None:
    """Say how far it is, while there is something to say."""
    before = 0
    while True:
        await asyncio.sleep(TELL_SECONDS)
        if progress.relayed != before:
            rate = (progress.relayed - before) / TELL_SECONDS
            behind = max(progress.head - progress.position, 0)
            session.err.print(
                f"position {progress.position:,}, {behind:,} behind, {rate:,.0f} events/s"
            )
            before = progress.relayed


def taken_in(session: Session) -> Intake:
    """Take in what queues, until it is told to stop."""
    settings = session.settings

    async def work(stop: asyncio.Event) -> Intake:
        async with connected(settings, "tocsin-intake", stay=True, stop=stop) as client:
            intake = Intake(Streams(client), settings, stop)
            async with watched(intake, settings.intake_health):
                session.err.print(
                    f"Taking in {settings.intake_stream} of {places(settings)}"
                    f" for {settings.intake_url}"
                )
                await intake.run()
        return intake

    return lasting(settings, "intake", work)


def parked_ones(session: Session, most: int) -> list[Parked]:
    """The first that are parked."""

    async def work(streams: Streams) -> list[Parked]:
        found: list[Parked] = []
        async for each in Lot(streams, session.settings).all():
            if len(found) == most:
                break
            found.append(each)
        return found

    return brief(session, work)


def parked_one(session: Session, number: int) -> Parked:
    """The one with a number."""
    return brief(session, lambda streams: Lot(streams, session.settings).one(number))


def each_parked(session: Session, action: str, numbers: Sequence[int], code: str | None) -> int:
    """Replay or discard those of these numbers, or else all (of a code); say how many they were."""

    async def work(streams: Streams) -> int:
        lot = Lot(streams, session.settings)
        do = lot.replay if action == "replay" else lot.discard
        count = 0
        if numbers:
            for each in [await lot.one(number) for number in dict.fromkeys(numbers)]:
                await do(each)
                count += 1
            return count
        async for each in lot.all():
            if code in (None, each.code):
                await do(each)
                count += 1
        return count

    return brief(session, work)
