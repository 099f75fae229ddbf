"""Processes that the service starts and ends: with its settings, and out of the reach of Ctrl-C."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from contextlib import suppress

from tocsin.settings import Settings

END_SECONDS = 10.0


async def started(settings: Settings, *arguments: str) -> Process:
    """Python with these arguments, in a session of its own: Ctrl-C is for the service, which then
    ends this one in order.

    Raises:
        OSError: it cannot be started.
    """
    others = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        stdin=DEVNULL,
        stdout=DEVNULL,
        env={**others, **settings.environment()},
        start_new_session=True,
    )


async def ended(process: Process) -> None:
    """Ask a process to finish what is at hand, and end it if it does not."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(END_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
