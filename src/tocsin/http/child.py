"""Processes that the service starts and ends: with its settings, and out of the reach of Ctrl-C."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Sequence
from contextlib import suppress

from tocsin.settings import Settings

END_SECONDS = 10.0


async def started(settings: Settings, *arguments: str, handed: Sequence[int] = ()) -> Process:
    """Python with these arguments, in a session of its own: Ctrl-C is for the service, which then
    ends this one in order. Open files that are `handed` over keep their numbers.

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
        pass_fds=handed,
    )


async def ended(process: Process, seconds: float = END_SECONDS) -> None:
    """Ask a process to finish what is at hand, and end it if it does not."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(seconds):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
