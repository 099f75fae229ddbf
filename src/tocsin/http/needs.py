"""What a route that reads asks of each request: a key that reaches so far, and no slips."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Query, Request
from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

from tocsin.access import Kind
from tocsin.http import openapi
from tocsin.http.access import Caller
from tocsin.http.problems import invalid
from tocsin.http.service import Service
from tocsin.keys import Scope


def _instant(text: Any) -> Any:
    """Let a date with a time pass, and no bare number.

    In a query a plus means a space, and everybody forgets to escape that of a time zone.
    """
    if not isinstance(text, str):
        return text
    if text[4:5] != "-":
        raise PydanticCustomError("instant", "is written like 2026-03-01T14:05:00Z")
    return text.replace(" ", "+") if text[10:11] == "T" else text


def _zoned(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise PydanticCustomError("zone", "needs its time zone, as in 2026-03-01T14:05:00Z")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise PydanticCustomError("years", "lies outside the years 1 to 9999") from error


Moment = Annotated[datetime, BeforeValidator(_instant), AfterValidator(_zoned)]
"""An instant in a query, in UTC from here on."""
Endpoint = Callable[..., Any]
NOTHING: Final = None
"""What a route shows that tells nothing about people."""


def page_size(most: int) -> Any:
    """What is said of a parameter that says how many items a page may have."""
    return Query(ge=1, le=most, description="Page size.")


class Needs:
    """The dependency that lets a request in."""

    def __init__(self, service: Service, scope: Scope, shows: Kind | None = NOTHING) -> None:
        self._service, self._scope = service, scope
        self.shows = shows
        self._known: frozenset[str] | None = None

    async def __call__(self, request: Request) -> Caller:
        caller = self._service.access.check(
            dict(request.scope["headers"]).get(b"authorization"), self._scope
        )
        if self._known is None:
            asked = request.scope["route"].dependant.query_params
            self._known = frozenset(parameter.alias for parameter in asked)
        if unknown := [name for name in request.query_params if name not in self._known]:
            reason = f"is not asked here; what is: {', '.join(sorted(self._known)) or 'nothing'}"
            raise invalid([{"field": name[:60], "reason": reason} for name in unknown])
        if self.shows is not NOTHING:
            self._service.readings.mark(request, caller, self.shows)
        return caller


def get(
    app: FastAPI,
    service: Service,
    path: str,
    endpoint: Endpoint,
    *,
    scope: Scope,
    shows: Kind | None,
    schema: dict[str, Any] | None = None,
    statuses: Sequence[int] = (),
    parameters: Sequence[dict[str, Any]] = (),
    **more: Any,
) -> None:
    """Serve a GET route that needs a key; `parameters` are those that no signature tells.

    What it `shows` about people goes into the access journal: every route says which kind of
    access it is, or that it shows `NOTHING` about anybody.
    """
    responses = openapi.answers(schema or {}, *statuses)
    if schema is None:
        responses.pop(200)
    if shows is not NOTHING:
        parameters = (*parameters, openapi.PURPOSE)
    if openapi.IF_NONE_MATCH in parameters:
        responses[304] = {"description": "You have it already."}
    app.add_api_route(
        path,
        endpoint,
        methods=["GET"],
        dependencies=[Depends(Needs(service, scope, shows))],
        responses={**responses, **more.pop("responses", {})},
        openapi_extra={**openapi.secured(scope), "parameters": list(parameters)},
        **more,
    )
