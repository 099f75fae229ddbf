"""Trends and signals over HTTP: as data, as a chart, each with the position that it is true at."""

import asyncio
import logging
from typing import Any

from fastapi import FastAPI, Request, Response

from tocsin.access import Kind
from tocsin.analysis.forms import FORMS
from tocsin.http import openapi
from tocsin.http import trends_asked as asked
from tocsin.http.briefs import BRIEFED, brief
from tocsin.http.incidents import Named
from tocsin.http.needs import NOTHING, Endpoint, get
from tocsin.http.problems import (
    BEHIND,
    BROKEN,
    NO_SUCH_INCIDENT,
    NOT_FOUND,
    STORE_UNAVAILABLE,
    Problem,
    invalid,
    later,
)
from tocsin.http.reports import REPORTED, report
from tocsin.http.service import Service
from tocsin.http.trends_pool import Analysts
from tocsin.http.trends_schemas import ANSWER, CATALOGUE, SIGNALS, SIMILAR
from tocsin.http.trends_work import Job, Reply
from tocsin.keys import Scope
from tocsin.lake.segments import Segments

NO_LAKE = (
    "There is no lake yet, so there are no trends. With the extra `trends`"
    " (pip install 'tocsin[trends]') `tocsin serve` writes it beside the service;"
    " `tocsin lake status` says how far it is."
)
SHOWS: dict[str, Kind | None] = {
    "/trends": NOTHING,
    "/trends/{name}": Kind.LIST,  # sliced by person, or with examples
    "/signals": Kind.LIST,
    "/incidents/{id}/similar": Kind.READ,
    "/incidents/{id}/review-brief": Kind.READ,
    "/audit/report": Kind.AUDIT,
}
AUDITED = {"responses": REPORTED, "scope": Scope.AUDIT, "tags": ["audit"]}
ASKED_OF_THE_LAKE = {"trend", "signals", "similar"}
"""Kinds of jobs that have no answer without one."""

logger = logging.getLogger(__name__)


class Desk:
    """Where questions to the lake are asked."""

    def __init__(self, service: Service) -> None:
        self._analysts = Analysts(service.settings)
        self._segments = Segments(service.settings.lake_place)
        service.endings.append(self._analysts.stop)

    async def answer(self, job: Job) -> Response:
        """What a job came to, as a response.

        Raises:
            Problem: there is no lake, the question is wrong, or it cannot be answered now.
        """
        if job.kind in ASKED_OF_THE_LAKE and not await asyncio.to_thread(self._there):
            raise Problem(NOT_FOUND, NO_LAKE)
        reply = await self._analysts.ask(job)
        if reply.trouble:
            raise _problem(reply, job)
        headers = {"Cache-Control": "private, no-cache", "Vary": "Accept"}
        if reply.position:
            headers["Tocsin-Position"] = str(reply.position)
        if reply.tag:
            headers["ETag"] = reply.tag
        if reply.unchanged:
            return Response(status_code=304, headers=headers)
        return Response(reply.body, headers=headers, media_type=reply.media_type)

    def _there(self) -> bool:
        return self._segments.identity() is not None and self._segments.position > 0


def _problem(reply: Reply, job: Job) -> Problem:
    match reply.trouble:
        case "unknown" if job.kind != "trend":
            return invalid([{"field": reply.field, "reason": reply.reason.rstrip(".")}])
        case "bad":
            return invalid([{"field": reply.field, "reason": reply.reason}])
        case "unknown" | "missing":
            return Problem(NOT_FOUND, reply.reason[:1].upper() + reply.reason[1:])
        case "behind":
            return later(BEHIND, reply.reason)
        case "unavailable":
            return later(STORE_UNAVAILABLE, reply.reason, 5)
    logger.error("A question to the lake: %s", reply.reason)
    return Problem(BROKEN, "The question could not be answered; the error was logged.")


def mount(app: FastAPI, service: Service) -> None:
    """Serve trends, signals, and incidents that are alike."""
    desk = Desk(service)
    content = {
        FORMS[name].media_type: {"schema": ANSWER if name == "json" else {"type": "string"}}
        for name in asked.SERVED
    }
    given = {200: {"description": "The answer.", "content": content}}
    unless = (openapi.IF_NONE_MATCH,)
    for path, endpoint, more in (
        ("/trends", _trends(desk), {"schema": CATALOGUE}),
        ("/trends/{name}", _trend(desk), {"responses": given, "parameters": unless}),
        ("/signals", _signals(desk), {"schema": SIGNALS, "parameters": unless}),
        ("/incidents/{id}/similar", _similar(service, desk), {"schema": SIMILAR}),
        ("/incidents/{id}/review-brief", brief(service, desk.answer), {"responses": BRIEFED}),
        ("/audit/report", report(service, desk.answer), AUDITED),
    ):
        tag = "incidents" if "{id}" in path else "trends"
        known: dict[str, Any] = {"scope": Scope.READ, "statuses": (404,), "tags": [tag], **more}
        known["shows"] = SHOWS[path]
        get(app, service, path, endpoint, response_class=Response, **known)


def _trends(desk: Desk) -> Endpoint:
    async def trends() -> Response:
        """Every trend: its definition in words, what it can be sliced by, and what it answers."""
        return await desk.answer(Job("catalogue"))

    return trends


def _trend(desk: Desk) -> Endpoint:
    async def trend(
        request: Request,
        name: asked.Name,
        by: asked.By = None,
        grain: asked.Grain = None,
        since: asked.Since = None,
        until: asked.Until = None,
        zone: asked.Zone = None,
        calendar: asked.Calendar = None,
        where: asked.Where = None,
        resolution: asked.Resolution = None,
        limit: asked.Limit = None,
        form: asked.Form = None,
        measure: asked.Measure = None,
    ) -> Response:
        """One trend, as JSON, CSV, Arrow, or a chart as SVG or PNG.

        It is about the log up to `Tocsin-Position`. Asked again with its `ETag`, it is not sent
        again unless something has changed.
        """
        parts = {"zone": zone, "calendar": calendar, "resolution": resolution, "limit": limit}
        texts = asked.said(by=by, grain=grain, since=since, until=until, where=where, **parts)
        wanted, tags = asked.form(request, form), asked.held(request)
        return await desk.answer(Job("trend", name, texts, wanted, measure or "", tags))

    return trend


def _signals(desk: Desk) -> Endpoint:
    async def signals(
        request: Request,
        kind: asked.Kinds = None,
        trend: asked.Trend = None,
        measure: asked.Measure = None,
        by: asked.One = None,
        where: asked.Where = None,
        since: asked.Since = None,
        until: asked.Until = None,
        zone: asked.Zone = None,
        window: asked.Window = None,
        weeks: asked.Weeks = None,
        show: asked.Show = None,
    ) -> Response:
        """What stands out: change points, unusual days, what rises, and what recurs.

        Each with one sentence, and with the numbers that justify it.
        """
        parts = {"zone": zone, "window": window, "weeks": weeks, "show": show, "where": where}
        about = {"kind": kind, "trend": trend, "measure": measure, "by": by}
        texts = asked.said(**about, since=since, until=until, **parts)
        return await desk.answer(Job("signals", texts=texts, has=asked.held(request)))

    return signals


def _similar(service: Service, desk: Desk) -> Endpoint:
    async def similar(named: Named, limit: asked.Most = 10) -> Response:
        """Past incidents that are like this one, by what they say, the most alike first.

        It suggests: that two have one cause is for people to say, who link a problem.
        """
        stream = await service.find(named)
        if not await asyncio.to_thread(service.log.version, stream):
            raise Problem(NO_SUCH_INCIDENT, f"There is no incident {named[:60]}.")
        return await desk.answer(Job("similar", str(stream), {"limit": limit}))

    return similar
