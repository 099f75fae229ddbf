"""Forgetting, in an order that no crash can turn into a half: what was forgotten stays forgotten,
and what was not can still be read.

1. The keys seal nothing new. 2. The log says that it is forgotten, or refuses. 3. The keys are
destroyed, by whoever follows the log. 4. What was made of it is made again. A crash before 2 leaves
a person with two keys, which `find` knows; after 2, the next start goes on.
"""

import asyncio
from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from tocsin.asks import Receipt, StaleVersion
from tocsin.desk import Desk
from tocsin.domain.kernel import Refused
from tocsin.domain.subject.commands import ForgetSubject
from tocsin.domain.subject.refusals import SubjectHeld
from tocsin.erasure.planning import Plan, Target
from tocsin.store.log import Log


@dataclass(frozen=True)
class Asking:
    """Who asks, and how it is known again."""

    caller: str
    command_id: UUID | None = None
    """The id of the whole: asked again under it, it has one effect."""
    fingerprint: bytes = b""
    expected_version: int | None = None
    """That of the last target, which is what was asked for; the others go with it."""


async def forget(
    log: Log, desk: Desk, plan: Plan, asked: ForgetSubject, by: Asking
) -> list[Receipt]:
    """Forget all of a plan: the answer for each target. It is durable, and closed to readers within
    seconds.

    Raises:
        SubjectHeld: some of it is under legal hold. Nothing was forgotten.
        Refused: a hold was placed meanwhile. What came before it in the plan is forgotten.
        StoreUnavailable: it is not known what was recorded: ask again, with the same command id.
        Busy: the desk is full, or closing. Ask again.
    """
    if held := sorted({hold for each in plan.held for hold in each.holds}):
        no = SubjectHeld(held)
        no.possible = ("lift-hold", "place-hold")
        raise no
    keys = sorted({key for target in plan.targets for key in target.keys})
    if keys:
        await asyncio.to_thread(log.vault.retire, *keys)
    receipts: list[Receipt] = []
    for target in plan.targets:
        try:
            last = target is plan.targets[-1]
            receipts.append(await _ask(desk, target, asked, by, last))
        except (Refused, StaleVersion):
            # What was not forgotten goes on as before.
            for left in plan.targets[len(receipts) :]:
                for key in left.keys:
                    await asyncio.to_thread(log.vault.unretire, key)
            raise
    return receipts


async def _ask(desk: Desk, target: Target, asked: ForgetSubject, by: Asking, last: bool) -> Receipt:
    command = replace(
        asked,
        kind=target.kind,
        incident_id=str(target.incident) if target.incident else None,
        values=target.values,
        until=target.until,
    )
    return await desk.handle(
        command,
        stream=target.stream,
        caller=by.caller,
        command_id=uuid5(by.command_id, str(target.stream)) if by.command_id else None,
        fingerprint=by.fingerprint,
        expected_version=by.expected_version if last else None,
    )
