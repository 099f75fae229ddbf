"""The floor: the same service written straight onto the library and one of its stock recorders.

One `Application.save` per request, in FastAPI's ordinary sync routes, as its tutorials show it.
It has no keys, no idempotency, no limits and no read models, so that the comparison favours it.
"""

import os
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from fastapi import FastAPI

from tocsin.domain.incident.commands.reporting import Report
from tocsin.domain.incident.commands.resolution import Resolve
from tocsin.domain.incident.commands.triage import Acknowledge


class Incident(Aggregate):
    """An incident in the library's own style."""

    @event("Reported")
    def __init__(self, title: str, description: str, reporter: str, services: list[str]) -> None:
        self.title, self.description = title, description
        self.reporter, self.services = reporter, services
        self.status = "new"

    @event("Acknowledged")
    def acknowledge(self, actor: str) -> None:
        """Somebody takes it on."""
        self.status = "in-progress"

    @event("Resolved")
    def resolve(self, code: str, resolution: str) -> None:
        """Service is restored."""
        self.status, self.code, self.resolution = "resolved", code, resolution


def _environment(place: str) -> dict[str, str]:
    """The library's own settings for a file, or for the address of a PostgreSQL database."""
    if "://" not in place:
        return {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": place}
    address = urlsplit(place)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": address.path.removeprefix("/"),
        "POSTGRES_HOST": address.hostname or "",
        "POSTGRES_PORT": str(address.port),
        "POSTGRES_USER": address.username or "",
        "POSTGRES_PASSWORD": address.password or "-",
    }


application: Application[UUID] = Application(env=_environment(os.environ["NAIVE_DATABASE"]))
app = FastAPI()


def _answer(incident: Incident, did: str) -> dict[str, Any]:
    return {"incident_id": str(incident.id), "version": incident.version, "did": did}


@app.post("/incidents", status_code=201)
def report(command: Report) -> dict[str, Any]:
    """Begin an incident."""
    incident = Incident(
        command.title, command.description, command.reporter or "", list(command.services)
    )
    application.save(incident)
    return _answer(incident, "reported")


@app.post("/incidents/{incident_id}/acknowledge")
def acknowledge(incident_id: UUID, command: Acknowledge) -> dict[str, Any]:
    """Take an incident on."""
    incident: Incident = application.repository.get(incident_id)
    incident.acknowledge(command.actor or "")
    application.save(incident)
    return _answer(incident, "acknowledged")


@app.post("/incidents/{incident_id}/resolve")
def resolve(incident_id: UUID, command: Resolve) -> dict[str, Any]:
    """Restore service."""
    incident: Incident = application.repository.get(incident_id)
    incident.resolve(command.resolution_code, command.resolution)
    application.save(incident)
    return _answer(incident, "resolved")
