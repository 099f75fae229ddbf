"""The ledger over HTTP: what was signed about the log, and short proofs about what is in it."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

import orjson
from fastapi import Depends, FastAPI, Query, Response

from tocsin.http import openapi
from tocsin.http.feed import POSITIONS, After
from tocsin.http.incidents import JSON, OPTIONS
from tocsin.http.ledger_schemas import (
    ATTESTATIONS,
    CHECKPOINTS,
    CONSISTENCY,
    INCLUSION,
    KEYS,
    MADE,
    TEXT,
)
from tocsin.http.needs import NOTHING, Needs, get, page_size
from tocsin.http.problems import NO_CHECKPOINT, NOT_IN_TREE, NOT_SIGNED, Problem
from tocsin.http.service import Service
from tocsin.keys import Scope
from tocsin.ledger import shown
from tocsin.ledger.keeper import Keeper
from tocsin.ledger.keys import LedgerRefused
from tocsin.ledger.notary import Contradicted
from tocsin.readmodels.database import Database
from tocsin.readmodels.reading import OUTAGES
from tocsin.store.tree import NotInTree

NOTE_TYPE = "text/plain; charset=utf-8"
PAGE = 100
MOST = 1_000
LENGTH = 300
Limit = Annotated[int, page_size(MOST)]
Size = Annotated[
    int | None,
    Query(ge=1, le=POSITIONS, description="Events of the tree; else those of the checkpoint."),
]
Position = Annotated[int, Query(ge=1, le=POSITIONS, description="The event's position.")]
From = Annotated[int, Query(alias="from", ge=0, le=POSITIONS, description="The older size.")]
To = Annotated[int, Query(ge=0, le=POSITIONS, description="The newer size.")]
Of = Annotated[int | None, Query(ge=0, le=POSITIONS, description="Of one checkpoint only.")]
Named = Annotated[str, Query(max_length=LENGTH, description="Of one of them only.")]


def mount(app: FastAPI, service: Service, database: Database) -> None:
    """Sign, publish and serve, where the ledger is kept: of several servers one signs by itself.

    Raises:
        LedgerRefused: its keys or its places outside cannot be used.
    """
    if not service.settings.ledger:
        return
    routes = Ledger(service, _keeper(service, database))
    audit: dict[str, Any] = {"scope": Scope.AUDIT, "shows": NOTHING, "tags": ["ledger"]}
    note = {200: {"description": "The note.", "content": {NOTE_TYPE: {"schema": TEXT}}}}
    get(
        app,
        service,
        "/checkpoint",
        routes.checkpoint,
        scope=Scope.READ,
        shows=NOTHING,
        statuses=(404,),
        responses=note,
        tags=["ledger"],
    )
    get(app, service, "/ledger/checkpoints", routes.checkpoints, schema=CHECKPOINTS, **audit)
    proofs = {**audit, "statuses": (404,)}
    get(app, service, "/ledger/inclusion", routes.inclusion, schema=INCLUSION, **proofs)
    get(app, service, "/ledger/consistency", routes.consistency, schema=CONSISTENCY, **proofs)
    get(app, service, "/ledger/keys", routes.keys, schema=KEYS, **audit)
    get(app, service, "/ledger/attestations", routes.attestations, schema=ATTESTATIONS, **audit)
    app.add_api_route(
        "/ledger/checkpoints",
        routes.make,
        methods=["POST"],
        tags=["ledger"],
        dependencies=[Depends(Needs(service, Scope.ADMIN))],
        responses=openapi.answers(MADE, *openapi.WITH_BODY, 404, 409),
        openapi_extra=openapi.secured(Scope.ADMIN),
    )


def _keeper(service: Service, database: Database) -> Keeper:
    """Who signs here, while it is this server's turn."""
    lease = database.lease("ledger")

    def ours() -> bool:
        try:
            return lease.take()
        except OUTAGES:
            return False

    keeper = Keeper(service.log, service.settings, ours)
    service.beginnings.append(keeper.start)
    service.lasts.append(lambda: asyncio.to_thread(keeper.stop))
    service.lasts.append(lambda: asyncio.to_thread(lease.release))
    service.metrics.gauges.append(keeper.readings)
    return keeper


class Ledger:
    """The ledger of one service."""

    def __init__(self, service: Service, keeper: Keeper) -> None:
        self._log, self._keeper = service.log, keeper

    async def checkpoint(self) -> Response:
        """The latest checkpoint, as a signed note with the lines of all who signed it."""

        def read() -> str:
            last = self._log.latest_checkpoint()
            if last is None:
                raise Problem(NO_CHECKPOINT, "The log has no events, or was not signed yet.")
            return shown.whole_note(self._log, last)

        return Response(await asyncio.to_thread(read), media_type=NOTE_TYPE)

    async def checkpoints(self, after: After = 0, limit: Limit = PAGE) -> Response:
        """The checkpoints of more than `after` events, smallest first."""

        def read() -> dict[str, Any]:
            found = self._log.checkpoints(after, limit)
            items = [shown.checkpoint(self._log, each) for each in found]
            return {"items": items, "next": found[-1].size if found else after}

        return await _answer(read)

    async def inclusion(self, position: Position, size: Size = None) -> Response:
        """The proof that the event at a position is in the tree of `size` events.

        Without `size`: in the tree of the last checkpoint, or in the whole tree if it came later.
        """
        return await _answer(lambda: shown.inclusion(self._log, position, size))

    async def consistency(self, old: From, to: To) -> Response:
        """The proof that the tree of `from` events is how the tree of `to` events begins."""
        return await _answer(lambda: shown.consistency(self._log, old, to))

    async def keys(self) -> Response:
        """Every key that ever signed for this log. Whoever verifies has theirs from elsewhere."""
        return await _answer(lambda: shown.keys(self._log))

    async def attestations(
        self, size: Of = None, place: Named = "", kind: Named = "", limit: Limit = PAGE
    ) -> Response:
        """What places outside gave us for checkpoints: the latest, by size and then by time."""

        def read() -> dict[str, Any]:
            if "\0" in place + kind:
                return {"items": []}
            found = self._log.attestations(size, limit, place=place, kind=kind)
            return {"items": [shown.attestation(each) for each in found]}

        return await _answer(read)

    async def make(self) -> Response:
        """Sign the log as it is now, if it has grown since it was signed."""

        def work() -> dict[str, Any]:
            try:
                made = self._keeper.make()
            except (LedgerRefused, Contradicted) as error:
                raise Problem(NOT_SIGNED, str(error)) from error
            last = self._log.latest_checkpoint()
            if last is None:
                raise Problem(NO_CHECKPOINT, "The log has no events: there is nothing to sign.")
            return {"made": made is not None, "checkpoint": shown.checkpoint(self._log, last)}

        return await _answer(work)


async def _answer(read: Callable[[], dict[str, Any]]) -> Response:
    try:
        found = await asyncio.to_thread(read)
    except NotInTree as error:
        raise Problem(NOT_IN_TREE, str(error)) from error
    return Response(orjson.dumps(found, option=OPTIONS), media_type=JSON)
