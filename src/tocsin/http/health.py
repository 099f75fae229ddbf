"""Is it alive, is it fit to be asked, how far are the read models, what are the figures?"""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import orjson
from fastapi import FastAPI, Response

from tocsin.http.metrics import Reading
from tocsin.http.needs import NOTHING, get
from tocsin.http.openapi import problems
from tocsin.http.problems import STORE_UNAVAILABLE, later
from tocsin.http.service import Service
from tocsin.keys import Scope
from tocsin.readmodels import Projection
from tocsin.readmodels.reading import OUTAGES, ReadModels, Standing
from tocsin.readmodels.registry import Role, State, now
from tocsin.readmodels.source import recorded_at
from tocsin.store.entries import StoreUnavailable

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
CHECK_SECONDS = 3.0
_STATUS = {"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}}
_TEXT, _WHOLE = {"type": "string"}, {"type": "integer"}
_INSTANT = {"type": "string", "format": "date-time"}
_MAYBE_TEXT, _MAYBE_WHOLE = {"type": ["string", "null"]}, {"type": ["integer", "null"]}
PROJECTION: dict[str, Any] = {
    "type": "object",
    "required": ["name", "version", "state", "position", "head", "lag_events", "lag_seconds"],
    "properties": {
        "name": _TEXT,
        "version": _WHOLE,
        "generation": _WHOLE,
        "role": {"type": "string", "enum": [*Role]},
        "state": {"type": "string", "enum": [*State]},
        "position": _WHOLE,
        "head": _WHOLE,
        "lag_events": _WHOLE,
        "lag_seconds": {"type": "number", "description": "Age of the oldest event to come."},
        "error": _MAYBE_TEXT,
        "error_position": _MAYBE_WHOLE,
        "error_stream": _MAYBE_TEXT,
        "error_event": _MAYBE_TEXT,
        "heartbeat_at": _INSTANT,
        "updated_at": _INSTANT,
    },
}


def mount(app: FastAPI, service: Service, models: ReadModels, known: Sequence[Projection]) -> None:
    """Serve what watches over the service."""
    health = Health(service, models, known)
    service.metrics.gauges.append(health.readings)
    free: dict[str, Any] = {"tags": ["operations"], "response_model": None}
    fine: dict[int | str, Any] = {
        200: {"description": "Yes.", "content": {"application/json": {"schema": _STATUS}}}
    }
    live, ready = {**fine, **problems(421)}, {**fine, **problems(421, 503)}
    app.add_api_route("/health/live", health.live, responses=live, **free)
    app.add_api_route("/health/ready", health.ready, responses=ready, **free)
    listed = {"type": "object", "properties": {"items": {"type": "array", "items": PROJECTION}}}
    tags: dict[str, Any] = {"scope": Scope.READ, "tags": ["operations"], "shows": NOTHING}
    get(app, service, "/projections", health.projections, schema=listed, **tags)
    text = {200: {"description": "Figures.", "content": {METRICS_TYPE: {"schema": _TEXT}}}}
    get(app, service, "/metrics", health.metrics, responses=text, **tags)


class Health:
    """One service, watched."""

    def __init__(
        self, service: Service, models: ReadModels, projections: Sequence[Projection]
    ) -> None:
        self._service, self._models, self._projections = service, models, projections
        self._seen: list[Standing] = []
        self._looking: asyncio.Task[list[str]] | None = None
        """The one look at the stores that everybody waits for who asks whether it is ready: those
        whom a store keeps waiting would soon leave no thread to who only reads."""

    async def live(self) -> Response:
        """The process answers."""
        return _json({"status": "live"})

    async def ready(self) -> Response:
        """It can record commands, and its read models keep up."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(asyncio.to_thread(self._faults))
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                faults = await asyncio.shield(self._looking)
        except TimeoutError:
            faults = ["the stores do not answer in time"]
        if faults:
            raise later(STORE_UNAVAILABLE, f"Not ready: {'; '.join(faults)}.", 5)
        return _json({"status": "ready"})

    async def projections(self) -> Response:
        """How far each read model has come, and what is wrong with it."""
        await self._look()
        return _json({"items": [asdict(each) for each in self._seen]})

    async def metrics(self) -> Response:
        """The figures, as Prometheus reads them."""
        text = await asyncio.to_thread(self._service.metrics.text)
        return Response(text, media_type=METRICS_TYPE)

    async def _look(self) -> None:
        try:
            self._seen = await asyncio.to_thread(self._models.standings, self._service.log)
        except OUTAGES as error:
            raise later(STORE_UNAVAILABLE, "The read models cannot be read now.", 5) from error

    def _faults(self) -> list[str]:
        """Why the service should get no requests now."""
        service, faults = self._service, []
        if service.stopping or not service.desk.taking:
            faults.append("the service is stopping")
        try:
            service.log.commit([])
            standings = self._models.standings(service.log)
            begun = recorded_at(service.log, 1)
        except (StoreUnavailable, *OUTAGES):
            return [*faults, "a store cannot be used"]
        live = [each for each in standings if each.role is Role.LIVE]
        patience = service.settings.lag_seconds
        if begun is not None and (now() - begun).total_seconds() > patience:
            missing = {each.name for each in self._projections} - {each.name for each in live}
            faults += [f"{name} has not been built" for name in sorted(missing)]
        for each in live:
            if each.state is State.HALTED:
                faults.append(f"{each.name} has halted at position {each.error_position}")
            elif each.lag_seconds > patience:
                faults.append(f"{each.name} is {each.lag_seconds:.0f} s behind")
        return faults

    def readings(self) -> list[Reading]:
        """What can be read off the log and the read models, whichever process is asked."""
        head = float(self._service.log.head())
        readings: list[Reading] = [("head", "Position of the last event.", {}, head)]
        for each in self._models.standings(self._service.log):
            if each.role is Role.LIVE:
                of, halted = {"projection": each.name}, float(each.state is State.HALTED)
                reached, lag = float(each.position), float(each.lag_events)
                late = each.lag_seconds
                readings += [
                    ("projection_position", "Up to where the read model is complete.", of, reached),
                    ("projection_lag_events", "Events that it lacks still.", of, lag),
                    ("projection_lag_seconds", "Age of the oldest event that it lacks.", of, late),
                    ("projection_halted", "Whether an event has stopped it.", of, halted),
                ]
        return readings


def _json(value: Any) -> Response:
    body = orjson.dumps(value, option=orjson.OPT_UTC_Z)
    return Response(body, media_type="application/json")
