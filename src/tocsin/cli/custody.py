"""Evidence by the command line, where no server writes the log: the same custody as over HTTP."""

import asyncio
import getpass
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from tocsin import door
from tocsin.asks import Receipt
from tocsin.cli.accesses import noted
from tocsin.cli.frame import WRONG, Fault, Session
from tocsin.desk import Desk
from tocsin.domain.evidence.commands import AttachEvidence
from tocsin.domain.evidence.values import Condition, Custody
from tocsin.evidence import Custodian, Described, Incoming, NotReadable, Storage
from tocsin.evidence.kinds import HEAD_BYTES, NotThatKind, check
from tocsin.store.log import Log

READ_BYTES = 1_048_576


@asynccontextmanager
async def _custodian(session: Session, log: Log) -> AsyncIterator[Custodian]:
    desk = Desk(log, session.settings)
    await desk.start()
    try:
        yield Custodian(desk, Storage.open(session.settings, log.seals))
    finally:
        await desk.stop()


async def adding(
    session: Session, log: Log, incident: UUID, file: Path, fields: dict[str, Any]
) -> Receipt:
    """Attach a file.

    Raises:
        Fault: it may not be kept.
        Invalid: a field does not fit.
    """
    settings = session.settings
    try:
        command = door.read_value(AttachEvidence, {"name": file.name, **fields})
    except door.Invalid as error:
        raise Fault(f"{error}.", WRONG) from error

    async def fill(incoming: Incoming) -> None:
        with file.open("rb") as content:
            size = os.fstat(content.fileno()).st_size
            if not 0 < size <= settings.evidence_bytes:
                most = f"{settings.evidence_bytes:,}"
                raise Fault(f"{file} has {size:,} bytes: a piece of evidence has 1 to {most}.")
            part = content.read(READ_BYTES)
            try:
                check(command.media_type, part[:HEAD_BYTES], settings.evidence_types)
            except NotThatKind as error:
                raise Fault(str(error), WRONG) from error
            while part:
                incoming.write(part)
                part = content.read(READ_BYTES)

    async with _custodian(session, log) as custodian:
        return await custodian.attach(Described(command, incident, getpass.getuser()), fill)


async def getting(session: Session, log: Log, piece: UUID, output: Path, purpose: str) -> int:
    """Write the content of a piece to a new file, once it is on record; its size.

    Raises:
        Fault: the content is not what was attached.
    """
    async with _custodian(session, log) as custodian:
        state = await custodian.state(piece)
        try:
            if state.status is Custody.KEPT:
                condition = await asyncio.to_thread(custodian.storage.condition, state.sha256)
                if condition is not Condition.INTACT:
                    raise NotReadable(condition)
            noted(session, log, "evidence", [state.incident_id] if state.incident_id else [])
            await custodian.hand_over(piece, purpose, getpass.getuser())
            return await asyncio.to_thread(_write, custodian.storage, state.sha256, output)
        except NotReadable as error:
            await custodian.found(piece, error.condition, getpass.getuser())
            raise Fault(f"The content is {error.condition}: that is on record.", WRONG) from error


def _write(storage: Storage, name: str, output: Path) -> int:
    """Write content to a new file, all of it or nothing."""
    with storage.content(name) as found, output.open("xb") as file:
        try:
            return sum(file.write(chunk) for chunk in found.chunks)
        except BaseException:
            output.unlink()
            raise
