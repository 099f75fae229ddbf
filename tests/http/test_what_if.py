"""What-ifs over HTTP: asked, waited for, answered once for all who ask the same, cancelled."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import httpx
import psutil
import pytest

from tests.http.conftest import House, asking
from tests.http.test_commands import check_problem
from tests.whatif import kit
from tocsin.http.app import create_app
from tocsin.http.replays import Replays
from tocsin.keys import Keys, Scope
from tocsin.settings import Settings
from tocsin.whatif.jobs import forget_oldest
from tocsin.whatif.report import rendered

SECONDS = 60.0
OTHER = kit.STRICTER.replace('"2h"', '"3h"')


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Where four incidents are on record already, and the log grows by nothing that nobody asks
    for; nobody else may wait than one."""
    with kit.writing(settings) as log:
        kit.record_all(log)
    return replace(settings, what_if_waiting=1, what_if_reports=2, timekeeper=False)


@pytest.fixture
async def busy(house: House) -> AsyncIterator[str]:
    """A question whose process is stopped in the middle, so that it lasts as long as a test."""
    name = (await ask(house)).json()["id"]
    process = await process_of(house)
    process.send_signal(signal.SIGSTOP)
    yield name
    if process.is_running():
        process.send_signal(signal.SIGCONT)


async def ask(house: House, document: str = kit.STRICTER, **more: Any) -> httpx.Response:
    return await house.client.post("/what-if", json={"policy": document, **more})


async def process_of(house: House) -> psutil.Process:
    """The process that answers now."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        for child in psutil.Process(os.getpid()).children():
            if "tocsin.whatif" in child.cmdline():
                return child
        await asyncio.sleep(0.01)
    raise AssertionError("nobody answers")


async def finished(house: House, name: str) -> dict[str, Any]:
    """The answer, once it is there."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        found: dict[str, Any] = (await house.client.get(f"/what-if/{name}")).json()
        if found["state"] not in ("waiting", "running"):
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("it is never finished")


async def test_an_answer_is_there_when_it_is_ready(house: House) -> None:
    """The same as the command line gives, with its chart; and the log is as it was."""
    asked = await ask(house)
    assert asked.status_code == 202, asked.text
    name = asked.json()["id"]
    assert asked.headers["location"] == f"/what-if/{name}"
    assert asked.json()["position"] == 26
    answer = await finished(house, name)
    assert (answer["state"], answer["reason"]) == ("finished", None)
    assert answer["progress"] == {"done": 26, "total": 26}
    assert rendered(answer["report"]) == rendered(kit.ask(house.settings))
    chart = await house.client.get(f"/what-if/{name}/chart.svg")
    assert chart.headers["content-type"] == "image/svg+xml"
    assert "1 breaches before, 5 after" in chart.text
    assert house.app.service.log.head() == 26


async def test_who_asks_the_same_joins_the_same_job(house: House, busy: str) -> None:
    again = (await ask(house)).json()
    assert (again["id"], again["state"]) == (busy, "running")
    in_other_words = (await ask(house, f"# the same\n{kit.STRICTER}", at=26)).json()
    assert in_other_words["id"] == busy
    assert (await ask(house, OTHER)).json()["id"] != busy


async def test_one_is_answered_at_a_time_and_few_may_wait(house: House, busy: str) -> None:
    waiting = (await ask(house, OTHER)).json()
    assert waiting["state"] == "waiting"
    full = await ask(house, at=7)
    check_problem(full, 503, "busy")
    assert full.headers["retry-after"]
    assert (await ask(house, OTHER)).json() == waiting


async def test_the_workers_of_one_service_tell_the_same_of_it(house: House, busy: str) -> None:
    """They share a home: whoever is asked joins what another one has taken on."""
    waits = (await ask(house, OTHER)).json()["id"]
    sibling = Replays(house.settings)
    told = {name: sibling.state(sibling.job(name)) for name in (busy, waits)}
    assert told[busy] in ("running", "waiting"), "not interrupted, though it is done elsewhere"
    assert told[waits] == "waiting"
    joined = await sibling.ask(sibling.job(waits).question())
    assert (joined.name, sibling.state(joined)) == (waits, "waiting")
    forget_oldest(house.settings.home, 0, ())
    assert sibling.job(waits).asked, "what somebody has taken on is not forgotten"
    await sibling.stop()


async def test_it_gives_way_to_requests(house: House) -> None:
    """From the moment on at which it has started."""
    await ask(house)
    process, seen = await process_of(house), set()
    with suppress(psutil.NoSuchProcess):
        while process.is_running():
            seen.add(process.nice())
            await asyncio.sleep(0.005)
    assert 10 in seen


async def test_what_is_not_there_yet_is_said_to_be(house: House, busy: str) -> None:
    standing = (await house.client.get(f"/what-if/{busy}")).json()
    assert (standing["state"], standing["report"]) == ("running", None)
    assert standing["progress"]["total"] == 26
    check_problem(await house.client.get(f"/what-if/{busy}/chart.svg"), 404, "not-found")
    check_problem(await house.client.get(f"/what-if/{'0' * 64}"), 404, "not-found")
    check_problem(await house.client.get("/what-if/none"), 422, "invalid")


async def test_a_question_that_was_cancelled_is_forgotten(house: House, busy: str) -> None:
    process = await process_of(house)
    waiting = (await ask(house, OTHER)).json()["id"]
    for name in (waiting, busy):
        answer = await house.client.delete(f"/what-if/{name}")
        assert answer.json() == {"id": name, "state": "cancelled"}
        check_problem(await house.client.get(f"/what-if/{name}"), 404, "not-found")
        check_problem(await house.client.delete(f"/what-if/{name}"), 404, "not-found")
    again = (await ask(house)).json()
    assert (again["id"], again["state"]) == (busy, "waiting")
    process.send_signal(signal.SIGCONT)
    assert (await finished(house, busy))["state"] == "finished"


async def test_a_process_that_dies_is_told_and_can_be_asked_again(house: House, busy: str) -> None:
    (await process_of(house)).kill()
    failed = await finished(house, busy)
    assert (failed["state"], "ended with -9" in failed["reason"]) == ("failed", True)
    assert (await ask(house)).json()["state"] in ("waiting", "running")
    assert (await finished(house, busy))["state"] == "finished"


async def test_a_restart_keeps_answers_and_forgets_no_question(
    house: House, settings: Settings
) -> None:
    """What was not finished was interrupted in order: asked again, it goes on."""
    first = (await ask(house)).json()["id"]
    await finished(house, first)
    second = (await ask(house, OTHER)).json()["id"]
    process = await process_of(house)
    for end in house.app.service.endings:
        await end()
    assert not process.is_running()
    keys = Keys.open(settings)
    token, _ = keys.create("bob", [Scope.READ], by="a test")
    app = create_app(settings, log=house.app.service.log, keys=keys)
    async with asking(app, token) as client:
        kept = (await client.get(f"/what-if/{first}")).json()
        assert kept["report"]["timers"]["after"]["breached"] == 5
        left = (await client.get(f"/what-if/{second}")).json()
        assert left["state"] in ("interrupted", "finished")
    keys.close()


async def test_only_the_last_answers_are_kept(house: House) -> None:
    names = []
    for at in (5, 6, 7):
        names.append((await ask(house, at=at)).json()["id"])
        await finished(house, names[-1])
    gone, *kept = [(await house.client.get(f"/what-if/{name}")).status_code for name in names]
    assert (gone, kept) == (404, [200, 200])


async def test_what_is_no_policy_is_told_line_by_line(house: House) -> None:
    wrong = kit.STRICTER.replace('goal = "2h"', 'goal = "soon"')
    line = wrong.splitlines().index('goal = "soon"') + 1
    for body in ({"policy": wrong}, {"policy": kit.STRICTER, "against": wrong}):
        answer = await house.client.post("/what-if", json=body)
        check_problem(answer, 422, "invalid")
        (error,) = answer.json()["errors"]
        field = "against" if "against" in body else "policy"
        assert (error["field"], error["line"]) == (f"{field}.sla[9].goal", line)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"policy": 3}, "policy"),
        ({"against": 7}, "against"),
        ({"against": True}, "against"),
        ({"against": -1}, "against"),
        ({"since": "2026-03-01"}, "since"),
        ({"until": "2026-03-01T08:00:00"}, "until"),
        ({"since": 20260301}, "since"),
        ({"since": "2026-03-02T08:00:00Z", "until": "2026-03-02T08:00:00+01:00"}, "until"),
        ({"where": "priority=1"}, "where"),
        ({"where": ["priority"]}, "where"),
        ({"where": ["priority=9"]}, "where"),
        ({"where": [1]}, "where"),
        ({"at": 27}, "at"),
        ({"at": True}, "at"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_field_that_does_not_fit_is_named(
    house: House, fields: dict[str, Any], field: str
) -> None:
    answer = await house.client.post("/what-if", json={"policy": kit.STRICTER, **fields})
    check_problem(answer, 422, "invalid")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_a_question_is_a_json_object_and_nothing_else(house: House) -> None:
    check_problem(await house.client.post("/what-if", json=[]), 422, "invalid")
    check_problem(await house.client.post("/what-if", content=kit.STRICTER), 415, "not-json")
    check_problem(await house.client.post("/what-if?at=1", json={"policy": ""}), 422, "invalid")


async def test_who_may_read_may_ask(house: House) -> None:
    body = {"policy": kit.STRICTER}
    async with house.client_with(Scope.WRITE) as writer:
        check_problem(await writer.post("/what-if", json=body), 403, "scope-missing")
    async with house.client_with(Scope.READ, owner="bob") as reader:
        asked = await reader.post("/what-if", json=body)
        assert asked.status_code == 202
        place = asked.headers["location"]
        assert (await reader.get(place)).status_code == 200
        assert (await reader.delete(place)).status_code == 200
