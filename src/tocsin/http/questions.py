"""One loop over the projections: each of their questions is a route.

What a question may be asked with stands in its signature; FastAPI validates it. `at_least` waits
until the read model has seen a command's position, so that a caller reads what it wrote.
"""

import asyncio
import inspect
import logging
from collections.abc import Callable
from datetime import datetime
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

import orjson
from annotated_types import Predicate
from fastapi import FastAPI, Path, Query, Request, Response

from tocsin.access import Kind
from tocsin.domain.printing import printable
from tocsin.http import journal, openapi
from tocsin.http.moments import AsOf, ByLog, KnownAt, Which, checked
from tocsin.http.needs import Moment, get
from tocsin.http.past import Pasts
from tocsin.http.problems import BEHIND, NOT_FOUND, STORE_UNAVAILABLE, Problem, invalid, later
from tocsin.http.service import Service
from tocsin.keys import Scope
from tocsin.past.wanted import tells
from tocsin.readmodels import Projection
from tocsin.readmodels import Query as Question
from tocsin.readmodels.cursor import BadCursor
from tocsin.readmodels.reading import OUTAGES, BeingBuilt, ReadModels

logger = logging.getLogger(__name__)

POSITIONS = 2**53
AtLeast = Annotated[
    int | None,
    Query(ge=0, le=POSITIONS, description="Wait until the read model has seen this position."),
]
PAST = {"as_of": AsOf, "known_at": KnownAt, "reading": Which}
"""What a question may be asked with that can be asked of another moment."""
_OPTIONS = orjson.OPT_UTC_Z


def mount(
    app: FastAPI, service: Service, models: ReadModels, projections: list[Projection]
) -> None:
    """Serve every question of every projection."""
    pasts = Pasts(service)
    for projection in projections:
        for question in projection.queries:
            get(
                app,
                service,
                question.path,
                _endpoint(service, models, pasts, projection, question),
                scope=Scope.READ,
                shows=Kind.LIST,
                statuses=(404,),
                tags=[projection.name],
                name=question.name,
                operation_id=f"{projection.name}.{question.name}",
                response_model=question.returns,
                response_description="Some of the rows, and where to go on.",
            )


def _endpoint(
    service: Service,
    models: ReadModels,
    pasts: Pasts,
    projection: Projection,
    question: Question,
) -> Callable[..., Any]:
    async def answer(request: Request, at_least: int | None, **asked: Any) -> Response:
        if question.past:
            as_of, known_at, reading = (asked.pop(each) for each in PAST)
            if as_of or known_at or reading:
                moment = checked(service, as_of, known_at)
                return await pasts.answer(request, projection, question, moment, reading, asked)
        if at_least is not None:
            await _catch_up(service, models, projection.name, at_least)
        found = await asyncio.to_thread(_found, models, projection, question, asked)
        journal.rows(request, len(getattr(found, "items", ())))
        body = orjson.dumps(found, option=_OPTIONS)
        headers = {"Tocsin-Position": str(getattr(found, "position", 0))}
        return Response(body, headers=headers, media_type="application/json")

    answer.__doc__ = question.doc
    vars(answer)["__signature__"] = _signature(projection, question)
    return answer


def _signature(projection: Projection, question: Question) -> inspect.Signature:
    """What a request may say: the parameters of the question, and what any may be asked with."""
    past = PAST | ({} if tells(projection.shows) else {"reading": ByLog})
    more = {**(past if question.past else {}), "at_least": AtLeast}
    kind = inspect.Parameter
    return inspect.Signature(
        [
            kind("request", kind.POSITIONAL_OR_KEYWORD, annotation=Request),
            *(_asked(each, question.path) for each in question.parameters.values()),
            *(
                kind(name, kind.KEYWORD_ONLY, default=None, annotation=annotation)
                for name, annotation in more.items()
            ),
        ]
    )


def _found(
    models: ReadModels, projection: Projection, question: Question, asked: dict[str, Any]
) -> Any:
    try:
        return models.ask(projection, question, **asked)
    except BadCursor as error:
        raise invalid([{"field": "after", "reason": _reason(error)}]) from error
    except BeingBuilt as error:
        raise later(BEHIND, f"{error} Ask again in a moment.") from error
    except OUTAGES as error:
        logger.warning("%s cannot be asked: %s", projection.name, error)
        raise later(STORE_UNAVAILABLE, "The read models cannot be read now.", 5) from error


def _reason(error: Exception) -> str:
    return str(error).rstrip(".").replace("This cursor", "is a cursor that", 1)


async def _catch_up(service: Service, models: ReadModels, name: str, position: int) -> None:
    """Wait until the read model has come so far, unless the log itself has not."""
    seconds = service.settings.at_least_seconds
    if position > await asyncio.to_thread(service.log.head):
        raise Problem(NOT_FOUND, f"There is no event at position {position} yet.")
    if not await models.wait_until(name, position, seconds):
        raise later(BEHIND, f"{name} has not reached position {position} in {seconds:g} seconds.")


def _asked(parameter: inspect.Parameter, path: str) -> inspect.Parameter:
    """A parameter of a question as one of the request."""
    annotation, extra = parameter.annotation, ()
    said = {"pattern": openapi.PRINTABLE} if _printable(annotation) else None
    if get_origin(annotation) is Annotated:
        annotation, *rest = get_args(annotation)
        extra = tuple(rest)
    if datetime in (kinds := get_args(annotation) or (annotation,)):
        annotation = Moment | None if NoneType in kinds else Moment
    inside = f"{{{parameter.name}}}" in path
    where = Path(min_length=1) if inside else Query(json_schema_extra=said)
    return parameter.replace(
        kind=inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[(annotation, *extra, where)]
    )


def _printable(annotation: Any) -> bool:
    """Whether it takes a text that has to be printable."""
    if isinstance(annotation, Predicate):
        return annotation.func is printable
    return any(map(_printable, get_args(annotation)))
