"""Trends over HTTP: data and charts, from a process of their own, and nothing sent twice."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import psutil
import pyarrow as pa
import pytest

from tests.analysis import kit
from tests.http.conftest import House, asking
from tests.http.test_commands import check_problem
from tests.whatif.kit import stream_of
from tocsin.http.app import create_app
from tocsin.http.trends_work import Job, replied
from tocsin.keys import Keys, Scope
from tocsin.settings import Settings

HEAVY = ("altair", "duckdb", "ibis", "pyarrow", "ruptures", "scipy", "vl_convert")
VOLUME = "/trends/volume?grain=week&by=category"


@pytest.fixture
def settings(analysed: Settings, tmp_path: Path) -> Settings:
    """A home with a history and its lake; one may wait."""
    return replace(kit.copied(analysed, tmp_path / "home"), trends_waiting=1)


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A service of these settings, and somebody who may ask it everything."""
    keys = Keys.open(settings)
    token = keys.create_first(by="a test")
    app = create_app(settings, keys=keys)
    async with app.router.lifespan_context(app), asking(app, token) as client:
        yield client
    keys.close()


def children() -> list[psutil.Process]:
    """The processes that this one has started to answer."""
    found = psutil.Process(os.getpid()).children()
    return [each for each in found if "spawn_main" in " ".join(each.cmdline())]


async def test_a_trend_is_answered_in_every_form_and_sent_once(house: House) -> None:
    answer = await house.client.get(VOLUME)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert answer.headers["tocsin-position"] == str(told["position"]) == str(4 * kit.INCIDENTS)
    assert sum(row[2] for row in told["rows"]) == kit.INCIDENTS
    again = await house.client.get(VOLUME, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == answer.headers["etag"]
    other = await house.client.get(f"{VOLUME}&zone=Europe/Vienna")
    assert other.headers["etag"] != answer.headers["etag"]

    lines = (await house.client.get(VOLUME, headers={"Accept": "text/csv"})).text.splitlines()
    assert (lines[0][:24], len(lines) - 1) == ("period,category,reported", len(told["rows"]))
    arrow = await house.client.get(f"{VOLUME}&format=arrow")
    assert arrow.headers["content-type"] == "application/vnd.apache.arrow.stream"
    assert pa.ipc.open_stream(arrow.content).read_all().num_rows == len(told["rows"])
    drawn = await house.client.get(VOLUME, headers={"Accept": "image/svg+xml,*/*"})
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert "Volume by category" in drawn.text
    pixels = await house.client.get(f"{VOLUME}&format=png&measure=resolved")
    assert pixels.content.startswith(b"\x89PNG")
    assert len(children()) == 1, "all were answered by one process"


async def test_signals_and_incidents_alike_are_answered_too(house: House) -> None:
    answer = await house.client.get("/signals?by=category&kind=rising&kind=recurring")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert [each["key"] for each in told["rising"]] == [{"category": "vpn"}]
    assert told["recurring"][0]["key"]["item"] == "PRN-7"
    assert "change_points" not in told
    tag = {"If-None-Match": f'"other", W/{answer.headers["etag"]}'}
    same = await house.client.get("/signals?by=category&kind=rising&kind=recurring", headers=tag)
    assert same.status_code == 304

    alike = (await house.client.get(f"/incidents/{stream_of(kit.LAST)}/similar?limit=3")).json()
    assert alike["incident_id"] == str(stream_of(kit.LAST))
    assert len(alike["items"]) == 3
    assert all("VPN" in each["title"] for each in alike["items"])
    for nobody in ("INC7777777", stream_of("INC7777777")):
        answer = await house.client.get(f"/incidents/{nobody}/similar")
        check_problem(answer, 404, "no-such-incident")


async def test_the_catalogue_says_what_each_trend_can_be_asked(house: House) -> None:
    known = {each["name"]: each for each in (await house.client.get("/trends")).json()["trends"]}
    assert {"volume", "backlog", "survival"} <= known.keys()
    volume = known["volume"]
    assert "category" in [each["name"] for each in volume["dimensions"]]
    assert volume["measures"][0] == {
        "name": "reported",
        "unit": "incidents",
        "doc": "Incidents that were reported.",
    }
    assert volume["question"]["trend"] == "volume"
    assert "counts as reported" in volume["definition"]


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("/trends/volum", 404, ""),
        ("/trends/volume?by=colour", 422, "by"),
        ("/trends/volume?grain=fortnight", 422, "grain"),
        ("/trends/volume?from=yesterday", 422, "from"),
        ("/trends/volume?from=2026-03-01&to=2026-02-01", 422, "to"),
        ("/trends/volume?zone=Mars", 422, "zone"),
        ("/trends/volume?calendar=office", 422, "calendar"),
        ("/trends/volume?where=priority", 422, "where"),
        ("/trends/volume?limit=0", 422, "limit"),
        ("/trends/volume?by=item&limit=10", 422, "limit"),
        ("/trends/volume?format=svg&measure=colour", 422, "measure"),
        ("/trends/volume?format=svg&from=1999-01-01&to=1999-02-01", 422, "format"),
        ("/trends/volume?format=pdf", 422, "format"),
        ("/trends/volume?colour=red", 422, "colour"),
        ("/signals?trend=volum", 422, "trend"),
        ("/signals?kind=odd", 422, "kind.0"),
        ("/signals?window=0", 422, "window"),
        ("/incidents/INC0000001/similar?limit=0", 422, "limit"),
    ],
)
def test_what_cannot_be_asked_is_named(
    refusals: dict[str, httpx.Response], path: str, status: int, field: str
) -> None:
    answer = refusals[path]
    check_problem(answer, status, "invalid" if field else "not-found")
    if field:
        assert [each["field"] for each in answer.json()["errors"]] == [field]
    else:
        assert "Did you mean volume?" in answer.json()["detail"]


@pytest.fixture(scope="module")
def refusals(
    analysed: Settings, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, httpx.Response]:
    """The answer to every wrong question, of one service."""
    marks = test_what_cannot_be_asked_is_named.pytestmark  # type: ignore[attr-defined]
    paths = [case[0] for case in marks[0].args[1]]
    home = tmp_path_factory.mktemp("refusals") / "home"

    async def ask() -> dict[str, httpx.Response]:
        async with served(kit.copied(analysed, home)) as client:
            return {path: await client.get(path) for path in paths}

    return asyncio.run(ask())


async def test_without_a_lake_the_way_to_one_is_said(tmp_path: Path) -> None:
    async with served(Settings(home=tmp_path / "empty")) as client:
        for path in ("/trends/volume", "/signals"):
            answer = await client.get(path)
            check_problem(answer, 404, "not-found")
            assert "tocsin lake status" in answer.json()["detail"]
    assert children() == [], "nobody has to start a process to know that"


async def test_who_may_read_may_ask(house: House) -> None:
    async with house.client_with(Scope.WRITE) as writer:
        for path in ("/trends", "/trends/volume", "/signals", "/incidents/INC0000001/similar"):
            check_problem(await writer.get(path), 403, "scope-missing")


async def test_few_may_wait_and_what_takes_too_long_is_ended(house: House) -> None:
    """A process that hangs is killed, whoever waits is told to come back, and the next is answered
    by another one."""
    assert (await house.client.get("/trends")).is_success
    (process,) = children()
    process.suspend()
    first = asyncio.create_task(house.client.get("/trends"))
    second = asyncio.create_task(house.client.get("/trends"))
    await asyncio.sleep(0.1)
    check_problem(full := await house.client.get("/trends"), 503, "busy")
    assert full.headers["retry-after"]
    assert (await house.client.get("/health/live")).is_success, "nobody else waits for it"
    process.kill()
    check_problem(await first, 503, "busy")
    assert (await second).is_success
    assert process.pid not in {each.pid for each in children()}


async def test_a_question_that_takes_too_long_is_ended(house: House) -> None:
    object.__setattr__(house.settings, "trends_seconds", 0.0)
    answer = await house.client.get("/trends/volume")
    check_problem(answer, 503, "busy")
    assert "`tocsin trends volume`" in answer.json()["detail"]


def test_troubles_are_told_by_their_kind(
    analysed: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not installed, what is not there, and what is broken are three things."""

    def kind(settings: Settings, job: Job) -> tuple[str, str]:
        reply = replied(settings, job)
        return reply.trouble, reply.reason

    volume = Job("trend", "volume")
    nowhere = Settings(home=tmp_path)
    assert kind(nowhere, volume)[0] == "missing"
    assert "There is no engine" in kind(replace(analysed, engine="abacus"), volume)[1]
    assert kind(replace(analysed, engine="abacus"), volume)[0] == "unavailable"
    new = Job("similar", str(stream_of("INC7777777")), {"limit": 3})
    assert kind(analysed, new)[0] == "behind"
    wrong = tmp_path / "trends"
    wrong.mkdir()
    (wrong / "mine.py").write_text("VERSION = 1\n", "utf-8")
    said = kind(replace(analysed, trends=wrong), volume)
    assert said == ("unavailable", "The trend mine lacks `TREND = Trend(...)`.")
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "vl_convert", None)
        chart = Job("trend", "volume", form="svg")
        assert kind(analysed, chart)[0] == "missing"
    assert kind(analysed, Job("no such kind"))[0] == "broken"


def test_the_service_itself_imports_nothing_that_works_trends_out() -> None:
    """Commands share a processor with it: what is large stays in the process that needs it."""
    code = f"import sys, tocsin.http.app; print([n for n in {HEAVY!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_question_means_what_the_trend_usually_is_asked(analysed: Settings) -> None:
    """No period said: the trend's own."""
    told: Any = replied(analysed, Job("trend", "volume"))
    assert b'"grain":"month"' in told.body
