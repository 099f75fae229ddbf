"""The ceiling: an empty FastAPI POST with the same body models, and nothing behind it."""

from typing import Any
from uuid import uuid4

from fastapi import FastAPI

from tocsin.domain.incident.commands.reporting import Report
from tocsin.domain.incident.commands.resolution import Resolve
from tocsin.domain.incident.commands.triage import Acknowledge

app = FastAPI()
INCIDENT = str(uuid4())


@app.post("/incidents", status_code=201)
async def report(command: Report) -> dict[str, Any]:
    """Answer as if it had been reported."""
    return {"incident_id": INCIDENT, "version": 2, "did": "reported"}


@app.post("/incidents/{incident}/acknowledge")
async def acknowledge(incident: str, command: Acknowledge) -> dict[str, Any]:
    """Answer as if it had been acknowledged."""
    return {"incident_id": incident, "version": 3, "did": "acknowledged"}


@app.post("/incidents/{incident}/resolve")
async def resolve(incident: str, command: Resolve) -> dict[str, Any]:
    """Answer as if it had been resolved."""
    return {"incident_id": incident, "version": 4, "did": "resolved"}
