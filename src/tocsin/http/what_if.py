"""What would have breached under another policy: asked over HTTP, answered when it is ready.

The name of an answer is the digest of its question, so whoever asks the same joins the same job.
"""

import asyncio
from typing import Annotated, Any

import orjson
from fastapi import Depends, FastAPI, Path, Response

from tocsin import door
from tocsin.access import Kind
from tocsin.domain.policy import Policy
from tocsin.domain.policy.document import BadPolicy
from tocsin.door import Flaw, Invalid
from tocsin.http import headers as said
from tocsin.http import openapi
from tocsin.http.access import Caller
from tocsin.http.answers import Answer
from tocsin.http.headers import Headers
from tocsin.http.needs import NOTHING, Needs, get
from tocsin.http.policy import PolicyRoute, no_policy
from tocsin.http.problems import NOT_FOUND, Problem
from tocsin.http.replays import Replays
from tocsin.http.service import Service
from tocsin.http.what_if_asked import FIELDS, chosen, moments
from tocsin.http.what_if_schemas import CANCELLED, STANDING, asking
from tocsin.keys import Scope as Right
from tocsin.policies.publishing import read
from tocsin.whatif.chart import NEEDED
from tocsin.whatif.jobs import CHART, FAILED, PROGRESS, QUESTION, REPORT, Job
from tocsin.whatif.question import BadQuestion, Question
from tocsin.whatif.replay import Asked, pinned

SVG = "image/svg+xml"
JSON = "application/json"
Name = Annotated[
    str, Path(alias="id", pattern="^[0-9a-f]{64}$", description="The digest of the question.")
]


def mount(app: FastAPI, service: Service) -> None:
    """Serve questions and their answers."""
    replays = Replays(service.settings)
    service.endings.append(replays.stop)
    app.router.routes.append(_asking(service, replays))
    _mount_answers(app, service, replays)
    _mount_cancelling(app, service, replays)


def _asking(service: Service, replays: Replays) -> PolicyRoute:
    async def ask(_: Caller, headers: Headers, body: bytes) -> Answer:
        """Ask what would have breached under another policy, and learn where the answer will be."""
        said.check_json(headers)
        raw = door.parse(body, service.settings.json_depth)
        if not isinstance(raw, dict):
            raise Invalid([Flaw("body", "is a JSON object")])
        question = await asyncio.to_thread(_question, service, raw)
        job = await replays.ask(question)
        known = {"id": job.name, "state": replays.state(job), "position": question.position}
        location = (b"location", f"/what-if/{job.name}".encode())
        return Answer(202, orjson.dumps(known), [location])

    documented = asking(ask.__doc__ or "")
    return PolicyRoute("/what-if", service, Right.READ, ask, documented)


def _question(service: Service, raw: dict[str, Any]) -> Question:
    """The question that a body asks, about the log as it is now."""
    if unknown := sorted(raw.keys() - FIELDS):
        reason = f"is no field here; these are: {', '.join(FIELDS)}"
        raise Invalid([Flaw(unknown[0][:60], reason)])
    against: Any = raw.get("against")
    if isinstance(against, str):
        against = _policy(against, "against")
    elif against is not None and (type(against) is not int or not 0 < against < 2**31):
        raise Invalid([Flaw("against", "is the number of a version, or a policy in TOML")])
    if not isinstance(raw.get("policy"), str):
        raise Invalid([Flaw("policy", "is the text of a policy, in TOML")])
    at = raw.get("at")
    if at is not None and (type(at) is not int or not 0 <= at < 2**53):
        raise Invalid([Flaw("at", "is a position in the log")])
    since, until = moments(raw)
    asked = Asked(
        policy=_policy(raw["policy"], "policy"),
        against=against,
        since=since,
        until=until,
        where=chosen(raw.get("where")),
        at=at,
    )
    try:
        return pinned(service.log, asked, service.settings.what_if_incidents)
    except BadQuestion as bad:
        raise Invalid([Flaw(bad.part, str(bad))]) from bad


def _policy(document: str, field: str) -> Policy:
    try:
        return read(document).policy
    except BadPolicy as bad:
        raise no_policy(bad, field) from None


def _mount_answers(app: FastAPI, service: Service, replays: Replays) -> None:
    async def answer(name: Name) -> Response:
        """How a question stands, and its report once it is finished."""
        job = _job(replays, name)
        return Response(await asyncio.to_thread(_standing, replays, job), media_type=JSON)

    async def chart(name: Name) -> Response:
        """Breaches before and after, by month and by priority, as a picture."""
        job = _job(replays, name)
        drawn = await asyncio.to_thread(job.part, CHART)
        if drawn is None:
            finished = job.state == "finished"
            raise Problem(NOT_FOUND, f"{NEEDED}." if finished else "The answer is not there yet.")
        return Response(drawn, media_type=SVG)

    known: dict[str, Any] = {"scope": Right.READ, "statuses": (404,), "tags": ["policy"]}
    get(app, service, "/what-if/{id}", answer, schema=STANDING, shows=Kind.LIST, **known)
    content = {SVG: {"schema": {"type": "string"}}}
    drawn = {200: {"description": "The chart.", "content": content}}
    known |= {"responses": drawn, "response_class": Response, "shows": NOTHING}
    get(app, service, "/what-if/{id}/chart.svg", chart, **known)


def _mount_cancelling(app: FastAPI, service: Service, replays: Replays) -> None:
    async def cancel(name: Name) -> Response:
        """Answer a question no more, or forget its answer."""
        job = _job(replays, name)
        await replays.cancel(job)
        return Response(orjson.dumps({"id": name, "state": "cancelled"}), media_type=JSON)

    app.add_api_route(
        "/what-if/{id}",
        cancel,
        methods=["DELETE"],
        tags=["policy"],
        dependencies=[Depends(Needs(service, Right.READ))],
        responses=openapi.answers(CANCELLED, 404),
        openapi_extra=openapi.secured(Right.READ),
    )


def _job(replays: Replays, name: str) -> Job:
    """The job of that name.

    Raises:
        Problem: 404, nobody asked that, or it was forgotten since.
    """
    job = replays.job(name)
    if not job.asked:
        raise Problem(NOT_FOUND, "Nobody has asked this here, or it was forgotten: ask again.")
    return job


def _standing(replays: Replays, job: Job) -> bytes:
    state, asked = replays.state(job), job.told(QUESTION) or {}
    total = asked.get("position", 0)
    progress = job.told(PROGRESS) or {"done": 0, "total": total}
    if state == "finished":
        progress = {"done": total, "total": total}
    report, failed = job.part(REPORT), job.told(FAILED)
    known = {
        "id": job.name,
        "state": state,
        "progress": progress,
        "reason": failed["reason"] if failed and state == "failed" else None,
        "report": orjson.Fragment(report) if report is not None else None,
    }
    return orjson.dumps(known)
