"""The same three commands on the library eventsource-py, as its own pages show them, in FastAPI."""

import os
from typing import Any
from uuid import UUID, uuid4

from eventsource import (
    AggregateRepository,
    AggregateRoot,
    DomainEvent,
    PostgreSQLEventStore,
    SQLiteEventStore,
    create_async_engine,
    register_event,
)
from fastapi import FastAPI
from pydantic import BaseModel


class ReportBody(BaseModel):
    """What a report says."""

    title: str
    description: str = ""
    source: str = ""
    reporter: str = ""
    services: list[str] = []
    users: list[str] = []


class ResolveBody(BaseModel):
    """What a resolution says."""

    resolution_code: str
    resolution: str


@register_event
class Reported(DomainEvent):
    """It began."""

    event_type: str = "Reported"
    aggregate_type: str = "Incident"
    title: str
    description: str
    reporter: str
    services: list[str]


@register_event
class Acknowledged(DomainEvent):
    """Somebody took it on."""

    event_type: str = "Acknowledged"
    aggregate_type: str = "Incident"


@register_event
class Resolved(DomainEvent):
    """Service was restored."""

    event_type: str = "Resolved"
    aggregate_type: str = "Incident"
    code: str
    resolution: str


class State(BaseModel):
    """How it stands."""

    status: str = ""


class Incident(AggregateRoot[State]):
    """An incident in the library's own style."""

    aggregate_type = "Incident"

    def _get_initial_state(self) -> State:
        return State()

    def _apply(self, event: DomainEvent) -> None:
        match event:
            case Reported():
                self._state = State(status="new")
            case Acknowledged():
                self._state = State(status="in-progress")
            case Resolved():
                self._state = State(status="resolved")

    def happens(self, kind: type[DomainEvent], **said: Any) -> None:
        """Apply an event."""
        place = {"aggregate_id": self.aggregate_id, "aggregate_version": self.get_next_version()}
        self.apply_event(kind(**place, **said))


def _store() -> Any:
    url = os.environ["PEER_DATABASE"]
    if url.startswith("postgresql"):
        engine = create_async_engine(
            url.replace("postgresql:", "postgresql+asyncpg:"), pool_size=16
        )
        return PostgreSQLEventStore(engine, create_schema=True)
    return SQLiteEventStore(url)


incidents = AggregateRepository(
    event_store=_store(), aggregate_factory=Incident, aggregate_type="Incident"
)
app = FastAPI()


async def _saved(incident: Incident, did: str) -> dict[str, Any]:
    await incidents.save(incident)
    return {"incident_id": str(incident.aggregate_id), "version": incident.version, "did": did}


@app.post("/incidents", status_code=201)
async def report(body: ReportBody) -> dict[str, Any]:
    """Begin an incident."""
    incident = incidents.create_new(uuid4())
    said = body.model_dump(include={"title", "description", "reporter", "services"})
    incident.happens(Reported, **said)
    return await _saved(incident, "reported")


@app.post("/incidents/{incident_id}/acknowledge")
async def acknowledge(incident_id: UUID) -> dict[str, Any]:
    """Take an incident on."""
    incident = await incidents.load(incident_id)
    incident.happens(Acknowledged)
    return await _saved(incident, "acknowledged")


@app.post("/incidents/{incident_id}/resolve")
async def resolve(incident_id: UUID, body: ResolveBody) -> dict[str, Any]:
    """Restore service."""
    incident = await incidents.load(incident_id)
    incident.happens(Resolved, code=body.resolution_code, resolution=body.resolution)
    return await _saved(incident, "resolved")
