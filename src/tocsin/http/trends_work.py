"""The process that answers questions to the lake: one at a time, in a memory of its own.

What it is asked and what it replies are plain values, so that the service knows nothing of engines
and columns, and neither can hurt the other.
"""

import os
import signal
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from tocsin import __version__
from tocsin.lake.extra import installed
from tocsin.settings import Settings

if TYPE_CHECKING:
    from tocsin.lake.lake import Lake
    from tocsin.trends import Question, Trend

NICENESS = 10
JSON = "application/json"


@dataclass(frozen=True)
class Job:
    """What is asked."""

    kind: str
    """`catalogue`, `trend`, `signals`, `similar`, `brief`, `report` or `past`."""
    name: str = ""
    """The trend, the incident, or the projection."""
    texts: Mapping[str, Any] = field(default_factory=dict)
    form: str = "json"
    measure: str = ""
    has: tuple[str, ...] = ()
    """Tags of what the caller has already."""


@dataclass(frozen=True)
class Reply:
    """What it came to: an answer, that the caller has it, or why there is none."""

    body: bytes = b""
    media_type: str = JSON
    tag: str = ""
    position: int = 0
    unchanged: bool = False
    rows: int = 0
    """How many a list shows,"""
    source: str = ""
    """and what said which incidents to look at."""
    trouble: str = ""
    """`bad`, `unknown`, `missing`, `behind`, `unavailable` or `broken`; empty: there is none."""
    field: str = ""
    reason: str = ""


def work(asked: Connection, settings: Settings) -> None:
    """Answer one job after the other, until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):
        os.nice(NICENESS)
    if settings.engine == "duckdb" and installed():
        from tocsin.lake.lean import lean

        lean()
    with suppress(EOFError, OSError):
        while True:
            job: Job = asked.recv()
            asked.send(replied(settings, job))


def replied(settings: Settings, job: Job) -> Reply:
    """The reply to a job, whatever happens."""
    try:
        return _KINDS[job.kind](settings, job)
    except Exception as error:
        return _trouble(error)


def _catalogue(settings: Settings, _: Job) -> Reply:
    from tocsin.analysis.forms import described
    from tocsin.trends.catalogue import trends

    known = [described(trend) for trend in trends(settings.trends).values()]
    return Reply(orjson.dumps({"trends": known}))


def _trend(settings: Settings, job: Job) -> Reply:
    from tocsin.analysis.forms import FORMS, rendered
    from tocsin.trends.asking import named

    with _lake(settings) as lake:
        trend = named(lake, job.name)
        question = trend.checked(_question(trend, job))
        tag = _tag(lake.position, trend.version, trend.doc, question.said(), job.form, job.measure)
        if tag in job.has:
            return Reply(tag=tag, position=lake.position, unchanged=True)
        answer = lake.ask(question)
        body = rendered(answer, trend, job.form, job.measure)
        # The lake may have grown since: then the tag is that of what was asked for first.
        known = tag if answer.position == lake.position else ""
        return Reply(body, FORMS[job.form].media_type, known, answer.position)


def _question(trend: "Trend", job: Job) -> "Question":
    """What is asked: what a trend is asked when nobody says more, and what was said."""
    from tocsin.trends import Question

    usual = {"grain": trend.question.grain.value}
    return Question.read(trend.name, {**usual, **job.texts})


def _signals(settings: Settings, job: Job) -> Reply:
    from tocsin.analysis.asked import Asked
    from tocsin.analysis.standouts import standouts

    asked = Asked.read(job.texts)
    with _lake(settings) as lake:
        position = lake.position
        tag = _tag(position, asked.said())
        if tag in job.has:
            return Reply(tag=tag, position=position, unchanged=True)
        report = standouts(lake, asked)
        known = tag if report.position == position else ""
        return Reply(orjson.dumps(report.said()), JSON, known, report.position)


def _similar(settings: Settings, job: Job) -> Reply:
    from tocsin.analysis.likeness import said, similar

    with _lake(settings) as lake:
        position, matches = similar(lake, job.name, int(job.texts["limit"]))
    items = [said(match) for match in matches]
    body = orjson.dumps({"incident_id": job.name, "position": position, "items": items})
    return Reply(body, JSON, "", position)


def _brief(settings: Settings, job: Job) -> Reply:
    from tocsin.brief.making import FORMS, brief_of
    from tocsin.documents.forms import MEDIA

    as_of = datetime.fromisoformat(job.texts["as_of"]) if "as_of" in job.texts else None
    brief = brief_of(settings, UUID(job.name), as_of)
    return Reply(FORMS[job.form](brief), MEDIA[job.form], "", brief.surroundings.position)


def _report(settings: Settings, job: Job) -> Reply:
    from tocsin.audit.report.forms import FORMS
    from tocsin.audit.report.making import report_of
    from tocsin.documents.forms import MEDIA
    from tocsin.replaying.period import Period
    from tocsin.store.log import Log

    said = job.texts
    period = Period(since=said["since"], until=said["until"])
    with closing(Log.open(settings)) as log:
        report = report_of(settings, log, period, late_seconds=said["late_seconds"])
    return Reply(FORMS[job.form](report), MEDIA[job.form], "", report.head)


def _past(settings: Settings, job: Job) -> Reply:
    from tocsin.past.asking import Source, ask, asked_by_name
    from tocsin.past.lakeward import NotCovered
    from tocsin.readmodels import found
    from tocsin.readmodels.cursor import BadCursor
    from tocsin.readmodels.passing import TooMany

    said, reading = job.texts, job.texts["reading"]
    asked = asked_by_name(
        found(),
        job.name,
        said["question"],
        moment=said["moment"],
        source=Source(reading) if reading else None,
        parameters=said["asked"],
    )
    try:
        answer = ask(settings, asked)
    except BadCursor as error:
        reason = str(error).rstrip(".").replace("This cursor", "is a cursor that", 1)
        return Reply(trouble="bad", field="after", reason=reason)
    except NotCovered as error:
        return Reply(trouble="missing", reason=f"The lake cannot be read for it: {error}")
    except TooMany as error:
        return Reply(trouble="unavailable", reason=str(error))
    body, page = orjson.dumps(answer.page, option=orjson.OPT_UTC_Z), answer.page
    return Reply(body, position=page.position, rows=len(page.items), source=answer.source)


def _lake(settings: Settings) -> "Lake":
    """The lake as it is now: an analyst's own trends are read anew for each question."""
    from tocsin.lake import open_lake

    lake: Lake = open_lake(settings=settings, engine=settings.engine)
    return lake


def _tag(*parts: Any) -> str:
    said = orjson.dumps([__version__, *parts], default=str)
    return f'"{sha256(said).hexdigest()[:32]}"'


_KINDS: dict[str, Callable[[Settings, Job], Reply]] = {
    "catalogue": _catalogue,
    "trend": _trend,
    "signals": _signals,
    "similar": _similar,
    "brief": _brief,
    "report": _report,
    "past": _past,
}


def _trouble(error: Exception) -> Reply:
    """Why there is no answer, told by what the rooms below raise."""
    from tocsin.charts.libraries import NoCharts, NothingToDraw
    from tocsin.lake.segments import LakeRefused
    from tocsin.trends import BadQuestion

    match error:
        case BadQuestion(field="trend"):
            return Reply(trouble="unknown", field="trend", reason=error.reason)
        case BadQuestion():
            return Reply(trouble="bad", field=error.field, reason=error.reason.rstrip("."))
        case NothingToDraw():
            name, found, reason = str(error).partition(": ")
            where = name if found and name == "measure" else "format"
            return Reply(trouble="bad", field=where, reason=(reason or name).rstrip("."))
        case NoCharts() | ImportError():
            return Reply(trouble="missing", reason=str(error))
        case LakeRefused():
            return Reply(trouble="unavailable", reason=str(error))
    return _told(error)


def _told(error: Exception) -> Reply:
    """Troubles of what may not be there at all, by the names of their classes."""
    kinds = {
        "NoLake": "missing",
        "UnknownIncident": "behind",
        "EngineRefused": "unavailable",
        "UnknownEngine": "unavailable",
        "Misdefined": "unavailable",
        "StoreUnavailable": "unavailable",
        "NotThen": "missing",
    }
    kind = kinds.get(type(error).__name__, "broken")
    reason = str(error) if kind != "broken" else f"{type(error).__name__}: {error}"
    return Reply(trouble=kind, reason=reason)
