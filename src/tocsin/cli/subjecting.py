"""Forgetting from the command line: the same steps as a server's, with all of them in one process.

On SQLite one process writes the log, so a running server does it instead; on PostgreSQL its workers
share the work.
"""

import asyncio
import getpass
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any, TypeVar
from uuid import UUID

from tocsin.asks import Receipt
from tocsin.cli.frame import Fault, Session
from tocsin.cli.histories import find, writing
from tocsin.cli.progress import bar
from tocsin.desk import Desk
from tocsin.domain.incident.state import INCIDENT
from tocsin.domain.kernel import Command, aggregate_of
from tocsin.domain.subject.commands import ForgetSubject, LiftHold, PlaceHold
from tocsin.domain.subject.values import Basis, SubjectKind, Texts, texts_stream
from tocsin.erasure import forgetting as steps
from tocsin.erasure.asking import Looked
from tocsin.erasure.planning import Plan, Seen, texts
from tocsin.erasure.purging import Purge
from tocsin.erasure.worker import Erasing
from tocsin.readmodels import found
from tocsin.readmodels.bulk.hands import Hands
from tocsin.readmodels.cleaning import Cleaning
from tocsin.readmodels.database import Database
from tocsin.readmodels.rebuild import AlreadyRebuilding, rebuild
from tocsin.store.log import Log

T = TypeVar("T")
PAUSE_SECONDS = 0.2
ROUTE = "Or ask it: POST /subjects/{id}/forget, with the id that `tocsin subjects find` shows."


@contextmanager
def forgetting(session: Session) -> Iterator["Work"]:
    """What it takes to forget something: the log as its writer, and the read models.

    Raises:
        Fault: a server writes the log.
    """
    try:
        with (
            writing(session) as log,
            closing(Database.open(session.settings.home, session.settings.database)) as database,
        ):
            yield Work(log, database, session)
    except Fault as fault:
        if "is being written" not in str(fault):
            raise
        raise Fault(f"{fault} {ROUTE}", fault.exit_code) from fault


def meant(log: Log, named: str) -> tuple[UUID, SubjectKind, UUID | None]:
    """The stream of what is meant, what it stands for, and of which incident it is.

    Raises:
        Fault: nobody and no incident has that name.
    """
    try:
        stream = UUID(named)
    except ValueError:
        incident = find(log, named)
        return texts_stream(incident), SubjectKind.TEXTS, incident
    history = log.history(stream, 0, 1)
    if history and aggregate_of(history[0].event) is INCIDENT:
        return texts_stream(stream), SubjectKind.TEXTS, stream
    if history or log.vault.whose(named):
        return stream, SubjectKind.PERSON, None
    raise Fault(f"There is no person and no incident {named}.")


class Work:
    """One run of it."""

    def __init__(self, log: Log, database: Database, session: Session) -> None:
        self.log, self._database, self._session = log, database, session
        self._projections = found()
        self._purge = Purge(session.settings, database, [each.name for each in self._projections])

    def plan(self, looked: Looked | None, incidents: Sequence[str], chosen: str) -> Plan:
        """What goes: these incidents' texts, and whoever was looked for."""
        named = [texts(self.log, find(self.log, incident)) for incident in incidents]
        if looked is None:
            return Plan(tuple(named), Seen())
        known = looked.plan(Texts(chosen))
        more = {each.stream for each in known.targets}
        return Plan((*(t for t in named if t.stream not in more), *known.targets), known.seen)

    def told(self, plan: Plan) -> str:
        """What goes, in a sentence or two."""
        values = sum(each.values for each in plan.targets)
        holds = sorted({hold for each in plan.held for hold in each.holds})
        held = f" Under legal hold: {', '.join(holds)}." if holds else ""
        return (
            f"To be forgotten: {len(plan.people):,} subjects and the texts of {len(plan.texts):,}"
            f" incidents, {values:,} stored values together.{held}"
        )

    def forget(self, plan: Plan, basis: str, request: str) -> list[dict[str, Any]]:
        """Forget all of it, and come back when it is gone from all that was made of the log.

        Raises:
            Refused: some of it is under legal hold.
        """
        asked = ForgetSubject(basis=Basis(basis), request=request)

        async def work(desk: Desk) -> list[Receipt]:
            receipts = await steps.forget(self.log, desk, plan, asked, steps.Asking(_me()))
            await self._follow(desk)
            return receipts

        return [receipt.fields for receipt in self._run(work)]

    def place(self, named: str, hold: str, reason: str) -> dict[str, Any]:
        """Place a legal hold."""
        stream, kind, incident = meant(self.log, named)
        about = str(incident) if incident else None
        return self._ask(stream, PlaceHold(hold=hold, reason=reason, kind=kind, incident_id=about))

    def lift(self, named: str, hold: str, reason: str) -> dict[str, Any]:
        """Lift a legal hold."""
        return self._ask(meant(self.log, named)[0], LiftHold(hold=hold, reason=reason))

    def _ask(self, stream: UUID, command: Command[Any]) -> dict[str, Any]:
        receipt = self._run(lambda desk: desk.handle(command, stream=stream, caller=_me()))
        return receipt.fields

    def _run(self, work: Callable[[Desk], Awaitable[T]]) -> T:
        async def run() -> T:
            desk = Desk(self.log, self._session.settings)
            await desk.start()
            try:
                return await work(desk)
            finally:
                await desk.stop()

        return asyncio.run(run())

    async def _follow(self, desk: Desk) -> None:
        """Do what a server does. One that does it as well is in nobody's way."""
        erasing = Erasing(self.log, desk, self._purge)
        await erasing.begin()
        await erasing.step()
        while erasing.pending:
            await asyncio.to_thread(self._make_again)
            await erasing.step()
            await asyncio.sleep(PAUSE_SECONDS)

    def _make_again(self) -> None:
        """Make the read models again that may hold it still, unless a projector is at it."""
        cleaning = Cleaning(self._database)
        names = {each.name for each in cleaning.waiting(cleaning.asked())}
        wanted = [each for each in self._projections if each.name in names]
        if not wanted:
            return
        with bar(self._session, "events", "Read models") as show, suppress(AlreadyRebuilding):
            rebuild(
                self.log,
                self._database,
                wanted,
                progress=lambda at: show(at.position, at.head),
                page=self._session.settings.rebuild_events,
                hands=Hands.all_of(self._session.settings),
            )


def _me() -> str:
    return getpass.getuser()
