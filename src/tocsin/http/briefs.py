"""The brief of one incident over HTTP: for a page, a document, or a program."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Query, Request, Response

from tocsin.documents.forms import MEDIA
from tocsin.http import trends_asked as asked
from tocsin.http.incidents import Named
from tocsin.http.needs import Endpoint, Moment
from tocsin.http.problems import NO_SUCH_INCIDENT, Problem
from tocsin.http.service import Service
from tocsin.http.trends_work import Job

AsOf = Annotated[Moment | None, Query(description="As things had gone by then. Default: now.")]
Form = Annotated[str | None, asked.one_of(MEDIA)]
_LIST: dict[str, Any] = {"type": "array", "items": {"type": "object"}}
BRIEF: dict[str, Any] = {
    "type": "object",
    "required": ["incident", "as_of", "times", "timeline", "questions"],
    "properties": {
        "incident": {"type": "object"},
        "as_of": {"type": "string", "format": "date-time"},
        "open_seconds": {"type": "integer"},
        "ever_major": {"type": "boolean"},
        "surroundings": {"type": "object"},
        "told": {"type": "object"},
        **dict.fromkeys(
            (
                "times", "timeline", "gaps", "clocks", "spent", "hand_offs", "people",
                "workarounds", "corrections", "questions",
            ),
            _LIST,
        ),
    },
}  # fmt: skip
BRIEFED = {
    200: {
        "description": "The brief.",
        "content": {
            media: {"schema": BRIEF if name == "json" else {"type": "string"}}
            for name, media in MEDIA.items()
        },
    }
}


def brief(service: Service, answer: Callable[[Job], Awaitable[Response]]) -> Endpoint:
    """The endpoint. The brief is put together where the lake is asked: `answer` gives the job to
    whoever does that."""

    async def review_brief(
        request: Request, named: Named, as_of: AsOf = None, form: Form = None
    ) -> Response:
        """What a post-incident review begins with: timeline and gaps, times against the norm of its
        kind, clocks, hand-offs, people, workarounds, what was told, its like, and the questions
        that the data raise.
        """
        stream = await service.find(named)
        if not await asyncio.to_thread(service.log.version, stream):
            raise Problem(NO_SUCH_INCIDENT, f"There is no incident {named[:60]}.")
        texts = {"as_of": as_of.isoformat()} if as_of is not None else {}
        wanted = asked.chosen(request, form, MEDIA, "json")
        return await answer(Job("brief", str(stream), texts, wanted))

    return review_brief
