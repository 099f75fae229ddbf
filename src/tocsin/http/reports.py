"""The report for auditors over HTTP: for a page, a document, or a program."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Query, Request, Response

from tocsin.documents.forms import MEDIA
from tocsin.http import trends_asked as asked
from tocsin.http.journal import taken
from tocsin.http.needs import Endpoint, Moment
from tocsin.http.problems import invalid
from tocsin.http.service import Service
from tocsin.http.trends_work import Job
from tocsin.replaying.period import Period

DAY_MINUTES = 24 * 60
Since = Annotated[Moment | None, Query(alias="from", description="Recorded then or later.")]
Until = Annotated[Moment | None, Query(alias="to", description="Recorded before this.")]
Late = Annotated[
    int,
    Query(ge=1, le=366 * DAY_MINUTES, description="Minutes from when on an entry counts as late."),
]
Form = Annotated[str | None, asked.one_of(MEDIA)]
_PART: dict[str, Any] = {"type": "object"}
REPORT: dict[str, Any] = {
    "type": "object",
    "required": ["volume", "actors", "verification", "sound"],
    "properties": {
        "since": {"type": ["string", "null"], "format": "date-time"},
        "until": {"type": ["string", "null"], "format": "date-time"},
        "made_at": {"type": "string", "format": "date-time"},
        "head": {"type": "integer"},
        "sound": {"type": "boolean"},
        "policies": {"type": "array", "items": _PART},
        **dict.fromkeys(
            (
                "volume", "actors", "corrections", "late", "subjects", "evidence", "checkpoints",
                "verification",
            ),
            _PART,
        ),
    },
}  # fmt: skip
REPORTED = {
    200: {
        "description": "The report.",
        "content": {
            media: {"schema": REPORT if name == "json" else {"type": "string"}}
            for name, media in MEDIA.items()
        },
    }
}


def report(service: Service, answer: Callable[[Job], Awaitable[Response]]) -> Endpoint:
    """The endpoint. The whole log is read for it, where questions to the lake are answered, so that
    no other request waits: `answer` gives the job to whoever does that."""

    async def audit_report(
        request: Request,
        since: Since = None,
        until: Until = None,
        late_minutes: Late = 60,
        form: Form = None,
    ) -> Response:
        """What was recorded in a period, by whom, and whether the record is what was signed.

        Every stored event is hashed again, so it takes a while on a long log; what takes longer
        than the service waits is for `tocsin audit report`.
        """
        try:
            Period(since=since, until=until)
        except ValueError as error:
            raise invalid([{"field": "to", "reason": "is not after from"}]) from error
        texts = {"since": since, "until": until, "late_seconds": late_minutes * 60}
        wanted = asked.chosen(request, form, MEDIA, "json")
        mark = taken(request)
        made = await answer(Job("report", texts=texts, form=wanted))
        await service.readings.hand_over(mark)
        return made

    return audit_report
