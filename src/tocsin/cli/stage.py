"""Playing a story on the real log, desk and read models, in this process and in bounded time."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tocsin.cli.frame import WRONG, Fault, Session
from tocsin.cli.histories import writing
from tocsin.cli.story import Scene
from tocsin.desk import Desk
from tocsin.domain.kernel import Recorded, Refused
from tocsin.readmodels.database import Database
from tocsin.readmodels.projection import Projection, found
from tocsin.readmodels.projector import Projector
from tocsin.readmodels.reading import PAGE_ROWS, ReadModels
from tocsin.settings import Settings
from tocsin.store.log import Log

PLAY_SECONDS = 60.0
"""In which a whole play ends, or is given up."""
FOLLOW_SECONDS = 20.0
"""In which the read models follow one scene."""
CALLER = "tocsin-demo"
FOLLOWED = ("open_queue", "timeline")


@dataclass(frozen=True, kw_only=True)
class Played:
    """What a scene came to, and what the queues said after it."""

    scene: Scene
    at: datetime
    events: tuple[str, ...] = ()
    version: int = 0
    refusal: str | None = None
    queues: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ended:
    """A play that is over: what the log has of it, and what the timeline says."""

    past: list[Recorded[Any]]
    timeline: list[Any]


@dataclass
class Play:
    """A play in progress: the log it is written to, and the read models that follow."""

    log: Log
    settings: Settings
    projections: dict[str, Projection]
    projector: Projector
    models: ReadModels
    stream: UUID | None = None

    async def scene(self, desk: Desk, scene: Scene, began_at: datetime) -> Played:
        """Play one scene, let the read models follow, and ask the queues."""
        at = began_at + timedelta(minutes=scene.minute)
        command = replace(scene.command, actor=scene.actor, occurred_at=at)
        try:
            receipt = await desk.handle(command, stream=self.stream, caller=CALLER)
        except Refused as no:
            if not scene.refused:
                raise
            return Played(scene=scene, at=at, refusal=str(no), queues=self.queues())
        self.stream = receipt.incident_id
        self.follow(receipt.position)
        answer = receipt.fields
        events, version = tuple(answer["events"]), receipt.version
        return Played(scene=scene, at=at, events=events, version=version, queues=self.queues())

    def follow(self, position: int) -> None:
        """Let the read models see a position.

        Raises:
            Fault: they do not, in the time that they have.
        """
        until = time.monotonic() + FOLLOW_SECONDS
        while any(self.models.position(name) < position for name in FOLLOWED):
            self.projector.step()
            if time.monotonic() > until:
                raise Fault(
                    f"The read models did not reach position {position}:"
                    " `tocsin projections` says why.",
                    WRONG,
                )

    def queues(self) -> dict[str, Any]:
        """Where the incident waits: its row in the queue of each group that has it."""
        waiting: dict[str, Any] = {}
        for queue in self._rows("open_queue", "queues"):
            rows = self._rows("open_queue", "queue", group=queue.group)
            mine = next((row for row in rows if row.incident_id == self.stream), None)
            if mine is not None:
                waiting[queue.group] = mine
        return waiting

    def timeline(self) -> list[Any]:
        """What the timeline says about this incident, in order."""
        rows = self._rows("timeline", "timeline", incident_id=self.stream)
        return sorted(rows, key=lambda row: row.position)

    def _rows(self, name: str, question: str, **parameters: Any) -> Iterator[Any]:
        """All that a read model answers, page by page: a home may be full of other incidents."""
        projection = self.projections[name]
        query = next(each for each in projection.queries if each.name == question)
        after = None
        while True:
            page = self.models.ask(projection, query, limit=PAGE_ROWS, after=after, **parameters)
            yield from page.items
            if page.next is None:
                return
            after = page.next


async def play(
    session: Session,
    scenes: Sequence[Scene],
    began_at: datetime,
    watch: Callable[[Played], None],
) -> Ended:
    """Play every scene in order and show each as it is done.

    Raises:
        Fault: it takes too long, or another process writes the log.
    """
    with ExitStack() as stack:
        log = stack.enter_context(writing(session))
        stage = _stage(session.settings, log, stack)
        desk = Desk(log, session.settings)
        await desk.start()
        try:
            async with asyncio.timeout(PLAY_SECONDS):
                for scene in scenes:
                    watch(await stage.scene(desk, scene, began_at))
        except TimeoutError as error:
            raise Fault(f"The demonstration took longer than {PLAY_SECONDS:.0f} s.") from error
        finally:
            await desk.stop()
        assert stage.stream is not None, "a story begins with a report"
        return Ended(log.history(stage.stream), stage.timeline())


def _stage(settings: Settings, log: Log, stack: ExitStack) -> Play:
    database = Database.open(settings.home, settings.database)
    stack.callback(database.close)
    projections = {each.name: each for each in found()}
    projector = Projector(log, database, [projections[name] for name in FOLLOWED])
    stack.enter_context(closing(projector))
    models = ReadModels(database)
    return Play(log, settings, projections, projector, models)


def now() -> datetime:
    """The time, which the play counts back from."""
    return datetime.now(UTC).replace(microsecond=0)
