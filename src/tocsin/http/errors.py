"""What becomes of exceptions: each that is expected is a problem, and so is each that is not."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match, Route

from tocsin.http.answers import Answer
from tocsin.http.problems import (
    BROKEN,
    EXPECTED,
    MALFORMED,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    Kind,
    Problem,
    invalid,
    of,
)


def mount(app: FastAPI) -> None:
    """Answer with problems, whatever goes wrong where."""
    for kind in (Problem, *EXPECTED, Exception):
        app.add_exception_handler(kind, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


class Problematic(Response):
    """An answer of ours, for machinery that wants one of Starlette's."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body, answer.status, media_type=answer.media_type.decode())
        self.raw_headers.extend(answer.headers)


async def _problem(_: Request, error: Exception) -> Response:
    return Problematic(of(error).answer())


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [
        {"field": ".".join(map(str, each["loc"][1:])) or "body", "reason": each["msg"]}
        for each in error.errors()
    ]
    return Problematic(invalid(errors).answer())


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == NOT_FOUND.status:
        return Problematic(Problem(NOT_FOUND, "There is nothing at this address.").answer())
    if error.status_code == METHOD_NOT_ALLOWED.status:
        return Problematic(_not_allowed(request).answer())
    kind = MALFORMED if error.status_code < BROKEN.status else BROKEN
    return Problematic(
        Problem(Kind(kind.code, error.status_code, kind.title), str(error.detail)).answer()
    )


def _not_allowed(request: Request) -> Problem:
    """Say what can be done here: several routes may share a path."""
    app: FastAPI = request.scope["app"]
    methods: set[str] = set()
    for route in app.routes:
        if isinstance(route, Route) and route.matches(dict(request.scope))[0] is not Match.NONE:
            methods |= route.methods or set()
    if "GET" in methods:
        # The guard answers it as one.
        methods.add("HEAD")
    allowed = ", ".join(sorted(methods))
    return Problem(METHOD_NOT_ALLOWED, f"Here one can {allowed}.", {"Allow": allowed})
