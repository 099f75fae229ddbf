"""In whose name something happens just now, for the lines of log that it leads to."""

from contextvars import ContextVar
from uuid import UUID

REQUEST_ID: ContextVar[bytes | None] = ContextVar("tocsin_request_id", default=None)
INCIDENT_ID: ContextVar[UUID | None] = ContextVar("tocsin_incident_id", default=None)
COMMAND_ID: ContextVar[UUID | None] = ContextVar("tocsin_command_id", default=None)


def of_request(request: bytes | None) -> dict[str, str]:
    """The field of a line that is about a request, wherever it is said."""
    return {"request_id": request.decode("ascii")} if request else {}


def known() -> dict[str, str]:
    """The fields of a line that come from here, unless its author says otherwise."""
    request, incident, command = REQUEST_ID.get(), INCIDENT_ID.get(), COMMAND_ID.get()
    return {
        **of_request(request),
        **({"incident_id": str(incident)} if incident else {}),
        **({"command_id": str(command)} if command else {}),
    }
