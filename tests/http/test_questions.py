"""Questions to the read models: each has its route, and waits for what its caller wrote."""

import asyncio
import inspect
from dataclasses import replace
from pathlib import Path

import pytest

from tests.http.conftest import REPORT, House, asking
from tocsin.http.app import create_app
from tocsin.http.questions import PAST
from tocsin.keys import Keys
from tocsin.readmodels import found
from tocsin.settings import Settings


async def test_every_question_of_every_projection_has_its_route(house: House) -> None:
    """One loop mounts them: a new projection is one file."""
    questions = [question for projection in found() for question in projection.queries]
    assert len(questions) >= 4
    document = house.app.openapi()["paths"]
    for question in questions:
        operation = document[question.path]["get"]
        names = {parameter["name"] for parameter in operation["parameters"]}
        past = PAST if question.past else ()
        assert names - {"X-Purpose"} == {*question.parameters, *past, "at_least"}
        assert operation["description"] == inspect.cleandoc(question.doc)


async def test_a_list_says_how_far_it_has_come(house: House) -> None:
    await house.report()
    house.project()
    answer = await house.client.get("/incidents")
    page = answer.json()
    assert [row["reference"] for row in page["items"]] == ["INC0000001"]
    assert (page["position"], page["next"]) == (2, None)
    assert answer.headers["tocsin-position"] == "2"


async def test_a_list_is_read_page_by_page(house: House) -> None:
    for _ in range(5):
        await house.report()
    house.project()
    seen: list[str] = []
    asked = {"limit": "2", "sort": "reported_at"}
    while asked.get("after") != "":
        page = (await house.client.get("/incidents", params=asked)).json()
        seen += [row["reference"] for row in page["items"]]
        asked["after"] = page["next"] or ""
    assert seen == [f"INC000000{number}" for number in range(1, 6)]


async def test_a_list_is_asked_with_several_values_of_one_kind(house: House) -> None:
    for _ in range(3):
        await house.report()
    await house.client.post("/incidents/INC0000001/acknowledge", json={})
    await house.client.post("/incidents/INC0000002/cancel", json={"reason": "a test"})
    house.project()
    answer = await house.client.get("/incidents?status=new&status=in-progress")
    assert {row["reference"] for row in answer.json()["items"]} == {"INC0000001", "INC0000003"}


async def test_a_name_in_a_path_may_hold_anything_but_a_slash(house: House) -> None:
    await house.report()
    group = "Netzwerk & Telefonie (Köln) ü+%"
    await house.client.post("/incidents/INC0000001/assign", json={"group": group})
    house.project()
    from urllib.parse import quote

    answer = await house.client.get(f"/queues/{quote(group, safe='')}")
    assert [row["reference"] for row in answer.json()["items"]] == ["INC0000001"]


async def test_a_caller_reads_what_it_wrote_when_it_says_how_far(house: House) -> None:
    await house.report()
    house.project()
    written = (await house.report())["position"]
    waiting = asyncio.create_task(house.client.get(f"/incidents?at_least={written}"))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    await asyncio.to_thread(house.project)
    assert len((await waiting).json()["items"]) == 2


async def test_waiting_for_a_read_model_ends(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.report()
    house.project()
    await house.report()
    shorter = replace(house.settings, at_least_seconds=0.1)
    monkeypatch.setattr(house.app.service, "settings", shorter)
    answer = await house.client.get("/incidents?at_least=4")
    assert (answer.status_code, answer.json()["code"]) == (503, "read-model-behind")
    assert int(answer.headers["retry-after"]) >= 1


async def test_nobody_waits_for_what_has_not_happened(house: House) -> None:
    answer = await house.client.get("/incidents?at_least=1")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert "position 1" in answer.json()["detail"]


async def test_a_read_model_that_is_not_there_yet_asks_to_come_back(house: House) -> None:
    answer = await house.client.get("/incidents")
    assert (answer.status_code, answer.json()["code"]) == (503, "read-model-behind")
    assert "retry-after" in answer.headers


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("status=sleeping", "status.0"),
        ("sort=title", "sort"),
        ("after=nonsense", "after"),
        ("reported_after=2026-01-01T00:00:00", "reported_after"),
        ("reported_after=0.5", "reported_after"),
        ("open=perhaps", "open"),
        ("at_least=-1", "at_least"),
        ("stauts=new", "stauts"),
    ],
)
async def test_a_question_that_makes_no_sense_is_told_which_part(
    house: House, asked: str, field: str
) -> None:
    house.project()
    answer = await house.client.get(f"/incidents?{asked}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_read_models_survive_the_service(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    keys = Keys.open(settings)
    token = keys.create_first(by="a test")
    for number in (1, 2):
        app = create_app(settings, keys=keys)
        async with app.router.lifespan_context(app), asking(app, token) as client:
            await client.post("/incidents", json=REPORT)
            House(app, client, keys, settings).project()
            assert len((await client.get("/incidents")).json()["items"]) == number
    keys.close()
